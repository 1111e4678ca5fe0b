//go:build unix

package safetensors

import (
	"errors"
	"os"
	"syscall"
)

// syncFolder makes a rename in the folder last through a power cut.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	err = folder.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil // some network file systems sync no folders: there is nothing more that could be done
	}
	return errors.Join(err, folder.Close())
}
