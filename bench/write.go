package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
)

// Formats are the forms in which records are written.
func Formats() []string { return []string{"md", "csv", "json", "jsonl", "gobench"} }

// Write writes records in a form: md, a table for people; csv, a line a record; json, a list; jsonl, an object a line;
// gobench, Go's benchmark format with a line a sample, for benchstat.
func Write(w io.Writer, format string, records []Record) error {
	switch format {
	case "md":
		return writeMarkdown(w, records)
	case "csv":
		return writeCSV(w, records)
	case "json":
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(append([]Record{}, records...)) // never null: where there are none, an empty list
	case "jsonl":
		encoder := json.NewEncoder(w)
		for _, r := range records {
			if err := encoder.Encode(r); err != nil {
				return err
			}
		}
		return nil
	case "gobench":
		return writeGo(w, records)
	}
	return fmt.Errorf("format %q: choose one of %s", format, strings.Join(Formats(), ", "))
}

// WriteFile has content write a file so that path holds either what it held before or all of it.
func WriteFile(path string, content func(io.Writer) error) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("write %s: it is no ordinary file, and would be replaced; write to standard output instead", path)
	}
	// A number: two processes that write the same path do not write into one another's file.
	name := fmt.Sprintf("%s.%08x.tmp", path, rand.Uint32())
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	err = errors.Join(content(file), file.Close())
	if err == nil {
		err = os.Rename(name, path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(name))
	}
	return nil
}
