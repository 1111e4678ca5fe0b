package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
)

// ReadFile reads the records of a file; an error names the file.
func ReadFile(path string) ([]Record, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	records, err := Read(file)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return records, nil
}

// Read reads records from JSON: lists, single records one after another (JSON Lines), or several of these in a row, as when
// files are joined. It takes the records of the same work in PyTorch, which lack some keys: samples_ms may be missing, and
// where there is no driver, it is PyTorch's version with its options. It fails where there is no record, and where one lacks
// what, or a median time that is positive.
func Read(r io.Reader) ([]Record, error) {
	var records []Record
	decoder := json.NewDecoder(r)
	for {
		var value json.RawMessage
		err := decoder.Decode(&value)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("after %d records: %w; it must be what a benchmark writes with --format json or jsonl", len(records), err)
		}
		if value[0] != '[' {
			value = slices.Concat([]byte("["), value, []byte("]"))
		}
		var list []anyRecord
		if err := json.Unmarshal(value, &list); err != nil {
			return nil, fmt.Errorf("after %d records: %w; it must be what a benchmark writes with --format json or jsonl", len(records), err)
		}
		for _, a := range list {
			record, err := a.record()
			if err != nil {
				return nil, fmt.Errorf("record %d: %w", len(records)+1, err)
			}
			records = append(records, record)
		}
	}
	if len(records) == 0 {
		return nil, errors.New("there is no record in it")
	}
	return records, nil
}

// anyRecord is a record of this program or of PyTorch.
type anyRecord struct {
	Record
	Torch   string   `json:"torch"`
	Options []string `json:"options"`
}

// record checks what everything else relies on.
func (a anyRecord) record() (Record, error) {
	r := a.Record
	if r.Driver == "" && a.Torch != "" {
		r.Driver = strings.Join(append([]string{"PyTorch " + a.Torch}, a.Options...), ", ")
	}
	positive := func(ms float64) bool { return ms > 0 && !math.IsInf(ms, 1) }
	switch {
	case r.What == "":
		return r, errors.New(`it lacks "what": it is not a measurement`)
	case !positive(r.MedianMS):
		return r, fmt.Errorf("%s: median_ms is %v: it must be positive", r.What, r.MedianMS)
	case slices.ContainsFunc(r.SamplesMS, func(ms float64) bool { return !positive(ms) }):
		return r, fmt.Errorf("%s: samples_ms holds a time that is not positive", r.What)
	}
	return r, nil
}
