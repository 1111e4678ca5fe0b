package tune

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/dvn-vk/dvn-vk/layers"
)

// UserFolder is where the user's measurements lie: dvn-vk/tune in the folder for caches.
func UserFolder() (string, error) {
	folder, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no folder for what is measured: %w", err)
	}
	return filepath.Join(folder, "dvn-vk", "tune"), nil
}

// origin is what measurements are of: all of it must be the same.
type origin struct {
	UUID          string `json:"device_uuid"`
	Device        string `json:"device"`
	Driver        string `json:"driver"`
	DriverVersion uint32 `json:"driver_version"`
	Kernels       string `json:"kernels"` // their fingerprint
}

func originOf(k *layers.Kernels) origin {
	info := k.Device.Info
	return origin{info.UUID.String(), info.Name, info.Driver, info.DriverVersion, k.Fingerprint()}
}

// cache is a file of measurements of one origin. Without a path it is empty and keeps nothing.
type cache struct {
	path   string
	origin origin
}

// entry is what is known of a case. Without a variant it says only over which the device was lost.
type entry struct {
	Variant    layers.Variant `json:"variant"`
	Candidates []Candidate    `json:"candidates"`
}

// contents of the file: entries by PlanKey.
type contents struct {
	origin
	Entries map[string]entry `json:"entries"`
}

func newCache(folder string, o origin) cache {
	if folder == "" {
		return cache{origin: o}
	}
	hash := sha256.Sum256(fmt.Appendf(nil, "%v", o))
	return cache{filepath.Join(folder, fmt.Sprintf("tune-%s-%x.json", o.UUID, hash[:8])), o}
}

// load reads the entries. Where the file cannot be used there are none, and the error says why; it is written anew.
func (c cache) load() (map[string]entry, error) {
	if c.path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(c.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var found contents
	decoder := json.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&found); err != nil {
		return nil, fmt.Errorf("%s: %w", c.path, err)
	}
	if found.origin != c.origin {
		return nil, fmt.Errorf("%s: measured on %s, %s, or with other kernels", c.path, found.Device, found.Driver)
	}
	return found.Entries, nil
}

// store adds entries to what the file holds by now: another process may have written since. The file is replaced in one step,
// so a reader sees the old or the new one.
func (c cache) store(entries map[string]entry) error {
	if c.path == "" || len(entries) == 0 {
		return nil
	}
	merged, err := c.load()
	if err != nil || merged == nil {
		merged = map[string]entry{} // a file that cannot be used is replaced
	}
	for key, e := range entries {
		merged[key] = e
	}
	text, err := json.MarshalIndent(contents{c.origin, merged}, "", "\t")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(c.path), 0o755); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(c.path), "writing-*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name()) // gone where all went well
	_, err = temporary.Write(append(text, '\n'))
	if err = errors.Join(err, temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), c.path)
}
