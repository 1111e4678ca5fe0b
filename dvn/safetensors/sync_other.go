//go:build !unix

package safetensors

// syncFolder does nothing: a folder cannot be opened for syncing here.
func syncFolder(string) error { return nil }
