package scenario

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// builtins holds one file for each built-in scenario.
//
//go:embed builtin/*.toml
var builtins embed.FS

const extension = ".toml"

// Names lists the built-in scenarios in alphabetical order.
func Names() []string {
	entries, err := builtins.ReadDir("builtin")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = strings.TrimSuffix(entry.Name(), extension)
	}
	return names
}

// Builtin returns the built-in scenario of that name. The error for an unknown name lists those that exist.
func Builtin(name string) (Config, error) {
	b, err := builtins.ReadFile("builtin/" + name + extension)
	if err != nil {
		return Config{}, fmt.Errorf("no built-in scenario %q: there are %s; a file of your own ends in %s", name, strings.Join(Names(), ", "), extension)
	}
	return Parse(name+extension, b)
}

// Load returns the built-in scenario of that name or, where the argument ends in .toml, the configuration in that file.
func Load(nameOrPath string) (Config, error) {
	if filepath.Ext(nameOrPath) != extension {
		return Builtin(nameOrPath)
	}
	file, err := os.Open(nameOrPath)
	if err != nil {
		return Config{}, err
	}
	b, err := io.ReadAll(io.LimitReader(file, maxBytes+1)) // Parse refuses what is longer
	if err := errors.Join(err, file.Close()); err != nil {
		return Config{}, err
	}
	return Parse(nameOrPath, b)
}
