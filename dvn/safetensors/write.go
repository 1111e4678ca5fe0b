package safetensors

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// Write writes f to path so that path holds either what it held before or all of f, whenever the machine stops:
// into a temporary file in the same folder, which is synced and renamed, then the folder is synced.
// On an error path is untouched and the temporary file removed; only where syncing the folder fails is f in place
// already, though perhaps not after a power cut. A temporary file that a killed process left ends in .tmp, never in
// .safetensors, and may be deleted.
func Write(path string, f *File) error {
	err := writeAtomic(path, func(w io.Writer) error { return Encode(w, f) })
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func writeAtomic(path string, content func(io.Writer) error) error {
	// O_EXCL and a number: two processes that write the same path do not write into one another's file.
	name := fmt.Sprintf("%s.%08x.tmp", path, rand.Uint32())
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	if err := errors.Join(fill(file, content), file.Close()); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	if err := os.Rename(name, path); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return syncFolder(filepath.Dir(path))
}

func fill(file *os.File, content func(io.Writer) error) error {
	w := bufio.NewWriterSize(file, 1<<20)
	if err := content(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return file.Sync()
}
