package results

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dvn-vk/dvn-vk/bench"
)

// Result is what was measured on a device at a commit.
type Result struct {
	File    string
	Note    string         // of the file's name
	Records []bench.Record // at least one; all of one device, driver and commit, and one for each work
}

// Load reads the results of a folder in the order of their names. It fails if there is none, and if a file is called otherwise
// than what is in it, mixes devices, drivers or commits, or was measured by a program that cannot be built again.
func Load(folder fs.FS) ([]Result, error) {
	entries, err := fs.ReadDir(folder, ".")
	if err != nil {
		return nil, err
	}
	var results []Result
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".json") && !strings.HasSuffix(entry.Name(), ".jsonl") {
			continue
		}
		r, err := load(folder, entry.Name())
		if err != nil {
			return nil, fmt.Errorf("results %s: %w", entry.Name(), err)
		}
		results = append(results, r)
	}
	if len(results) == 0 {
		return nil, errors.New("there are no results (*.json, *.jsonl)")
	}
	return results, nil
}

func load(folder fs.FS, name string) (Result, error) {
	file, err := folder.Open(name)
	if err != nil {
		return Result{}, err
	}
	defer file.Close()
	records, err := bench.Read(file)
	if err != nil {
		return Result{}, err
	}
	r := Result{File: name, Records: records}
	if r.Note, err = r.check(); err != nil {
		return Result{}, err
	}
	r.Records = pool(records)
	return r, nil
}

// check compares what is in the file with its name, and returns the note in it.
func (r Result) check() (note string, err error) {
	first := r.Origin()
	for i, other := range r.Records {
		if other.Device != first.Device || other.Driver != first.Driver || other.Commit != first.Commit {
			return "", fmt.Errorf("record %d is of %s, %s, commit %q, the first of %s, %s, commit %q: a file is of one", i+1,
				other.Device, other.Driver, other.Commit, first.Device, first.Driver, first.Commit)
		}
	}
	switch own := slices.ContainsFunc(r.Records, func(r bench.Record) bool { return r.Version != "" }); {
	case own && first.Commit == "":
		return "", errors.New("it does not say which commit was measured: measure with a program from make build, in a checkout")
	case strings.HasSuffix(first.Commit, "+"):
		return "", fmt.Errorf("commit %s means that there were changes, so that nobody can repeat it: commit them and measure again", first.Commit)
	}
	want := slug(first.Device) + "_" + cmp.Or(first.Commit, slug(first.Driver))
	ending := path.Ext(r.File)
	rest, found := strings.CutPrefix(strings.TrimSuffix(r.File, ending), want)
	if note, noted := strings.CutPrefix(rest, "_"); found && (noted || rest == "") {
		return note, nil
	}
	return "", fmt.Errorf("call it %s%s, or %s_NOTE%s, by the device and what was measured", want, ending, want, ending)
}

// Origin is where and how the result was measured.
func (r Result) Origin() bench.Origin { return r.Records[0].Origin }

// slug is a name as a part of a file's.
func slug(name string) string {
	return strings.Trim(regexp.MustCompile(`[^a-z0-9.]+`).ReplaceAllString(strings.ToLower(name), "-"), "-")
}
