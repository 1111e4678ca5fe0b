package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// maxBytes is more than any configuration needs; it bounds what a hostile file can make the decoder do.
const maxBytes = 1 << 16

// Parse reads a configuration from TOML, fills in the defaults and validates it. name is the file's name for
// messages and for the default of Config.Name. The error has one line for each unknown key or impossible value:
// file, line, key and reason.
func Parse(name string, document []byte) (Config, error) {
	if len(document) > maxBytes {
		return Config{}, fmt.Errorf("%s: more than %d bytes: this is no configuration", name, maxBytes)
	}
	var c Config
	if err := toml.NewDecoder(bytes.NewReader(document)).DisallowUnknownFields().Decode(&c); err != nil {
		return Config{}, locateDecoding(name, err)
	}
	given := findLines(document)
	if err := checkSpelling(name, given); err != nil {
		return Config{}, err
	}
	c.fill(given, strings.TrimSuffix(filepath.Base(name), extension))
	if problems := c.problems(); len(problems) > 0 {
		return Config{}, locate(name, given, problems)
	}
	return c, nil
}

// problem is a key and what is wrong with it.
type problem struct{ path, reason string }

func (p problem) Error() string { return p.path + ": " + p.reason }

func locate(name string, at lines, problems []problem) error {
	errs := make([]error, len(problems))
	for i, p := range problems {
		if line := at.of(p.path); line > 0 {
			errs[i] = fmt.Errorf("%s:%d: %w", name, line, p)
		} else {
			errs[i] = fmt.Errorf("%s: %w", name, p)
		}
	}
	return errors.Join(errs...)
}

// checkSpelling refuses what the decoder lets pass: keys in capitals, and [tasks] or [tasks.x] for [[tasks]].
func checkSpelling(name string, given lines) error {
	var problems []problem
	for _, path := range slices.Sorted(maps.Keys(given)) {
		switch {
		case path != strings.ToLower(path):
			problems = append(problems, problem{path, unknownKey})
		case strings.HasPrefix(path, "tasks."):
			problems = append(problems, problem{path, "tasks is a list: begin each task with [[tasks]]"})
		}
	}
	if len(problems) > 0 {
		return locate(name, given, problems)
	}
	return nil
}

const unknownKey = "unknown key; `dvn-vk train --print-config quick` shows all there are"

// locateDecoding turns the decoder's errors into lines of ours.
func locateDecoding(name string, err error) error {
	var unknown *toml.StrictMissingError
	if errors.As(err, &unknown) {
		errs := make([]error, len(unknown.Errors))
		for i := range unknown.Errors {
			line, _ := unknown.Errors[i].Position()
			errs[i] = fmt.Errorf("%s:%d: %s: %s", name, line, strings.Join(unknown.Errors[i].Key(), "."), unknownKey)
		}
		return errors.Join(errs...)
	}
	var decoding *toml.DecodeError
	if errors.As(err, &decoding) {
		line, _ := decoding.Position()
		reason := plainReason(strings.TrimPrefix(decoding.Error(), "toml: "))
		if key := decoding.Key(); len(key) > 0 {
			reason = strings.Join(key, ".") + ": " + reason
		}
		return fmt.Errorf("%s:%d: %s", name, line, reason)
	}
	return fmt.Errorf("%s: %w", name, err)
}

// plainReason says "needs a number, not a string" where the decoder speaks of struct fields and their Go types.
func plainReason(message string) string {
	got, field, ok := strings.Cut(strings.TrimPrefix(message, "cannot decode TOML "), " into struct field ")
	_, goType, typed := strings.Cut(field, " of type ")
	if !ok || !typed {
		return message
	}
	need := "a list"
	switch goType {
	case "string":
		need = "a text"
	case "bool":
		need = "true or false"
	case "int", "uint64":
		need = "a whole number"
	case "float64":
		need = "a number"
	case "scenario.Data", "scenario.Learning", "scenario.Task":
		need = "a table"
	}
	return fmt.Sprintf("needs %s, not a TOML %s", need, got)
}
