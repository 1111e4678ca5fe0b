package gpu

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
)

// diskCache is a file in the user's cache folder that keeps a driver's compiled pipelines: SHA-256 of the data, then the
// data. Named by device UUID and driver version, so another driver never sees it.
type diskCache struct{ path string }

// diskCacheFor has an empty path, and does nothing, where the user has no cache folder.
func diskCacheFor(info DeviceInfo) diskCache {
	folder, err := os.UserCacheDir()
	if err != nil {
		return diskCache{}
	}
	return diskCache{filepath.Join(folder, "dvn-vk", "pipelines", fmt.Sprintf("%s-%08x.bin", info.UUID, info.DriverVersion))}
}

// load returns nothing for a file that is absent, cut short or not ours: it is written anew when the device closes.
func (c diskCache) load() []byte {
	if c.path == "" {
		return nil
	}
	file, err := os.ReadFile(c.path)
	if err != nil || len(file) < sha256.Size {
		return nil
	}
	sum, data := file[:sha256.Size], file[sha256.Size:]
	if want := sha256.Sum256(data); !bytes.Equal(sum, want[:]) {
		return nil
	}
	return data
}

// store replaces the file in one step, so that a reader sees the old or the new one. A folder that cannot be written is
// not an error: caching is a convenience, and read-only homes are common in containers.
func (c diskCache) store(data []byte) error {
	if c.path == "" || os.MkdirAll(filepath.Dir(c.path), 0o755) != nil {
		return nil
	}
	temporary, err := os.CreateTemp(filepath.Dir(c.path), "writing-*")
	if err != nil {
		return nil
	}
	defer os.Remove(temporary.Name())
	sum := sha256.Sum256(data)
	_, err = temporary.Write(append(sum[:], data...))
	if closeErr := temporary.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(temporary.Name(), c.path)
	}
	if err != nil {
		return &Error{Op: "write pipeline cache", Object: c.path, Err: err}
	}
	return nil
}
