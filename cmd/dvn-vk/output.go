package main

import (
	"errors"
	"os"
	"path/filepath"
)

// writeResult prints a result to standard output, or to a file where one is named: whole or not at all.
func writeResult(c *console, path string, result []byte) error {
	if path == "" {
		_, err := c.out.Write(result)
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), ".result-*")
	if err != nil {
		return err
	}
	_, err = temporary.Write(result)
	err = errors.Join(err, temporary.Chmod(0o644), temporary.Close()) // as os.Create would have it
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary.Name()))
	}
	return nil
}
