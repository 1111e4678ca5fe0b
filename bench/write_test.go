package bench

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew; read what changed")

// someRecords have every value, and on two devices.
func someRecords() []Record {
	first := Origin{
		Device: "Some GPU", DeviceType: "discrete", Driver: "driver 1.2", API: "1.3.0", Version: "v1.0.0", Commit: "0123456789ab+", Go: "go1.26",
		OS: "linux/amd64", CPU: "A CPU, 8 cores", Clock: "CPU governor performance", Date: "2026-01-02T03:04:05Z", Command: "dvn-vk bench '|'",
	}
	second := first
	second.Device, second.DeviceType, second.Driver, second.Threads = "llvmpipe", "cpu", "Mesa 25", 2
	return []Record{
		{
			What: WhatTrain, Backbone: "wrn-14-1", Units: []float64{1, 1.5}, Classes: []int{10, 100}, Size: 32, Params: 184_900, Batch: 64, Precision: "fp32",
			Kernels: "auto lanes=32", MedianMS: 20, MeanMS: 21.25, StdMS: 2.5, MinMS: 20, ImgPerS: 6400, GFLOPS: 1234.5, ShareOfPeak: 0.25,
			Accounted: 0.975, MemoryBytes: 3 << 20, WarmUp: 3, Origin: first, SamplesMS: []float64{20, 20, 25, 20},
		},
		{
			What: WhatInfer, Backbone: "wrn-14-1", Units: []float64{1, 1.5}, Classes: []int{100}, Size: 32, Level: 2, Params: 2_500_000, Density: 0.5, Batch: 8,
			Precision: "fp32", Kernels: "auto lanes=8", MedianMS: 4, MeanMS: 4, StdMS: 1, MinMS: 3, ImgPerS: 2000, Best: true, Drift: 2.0 / 3,
			WarmUp: 4, Origin: second, SamplesMS: []float64{3, 4, 5},
		},
		{
			What: WhatBackwardData, Shape: "64-128x32s2", Variant: "flat", Params: 640, Batch: 1, Precision: "fp32", MedianMS: 0.5, MeanMS: 0.5, MinMS: 0.5,
			GFLOPS: 12, GBPerS: 0.125, WarmUp: 100, Origin: second, SamplesMS: []float64{0.5},
		},
		{
			What: WhatOp, Name: CeilingCopy, Bytes: 1 << 28, Precision: "fp32", MedianMS: 10, MeanMS: 10, MinMS: 10, GBPerS: 53.7, Calls: 2,
			ShareOfBandwidth: 1, ShareOfStep: 0.001, WarmUp: 10, Origin: second, SamplesMS: []float64{10},
		},
	}
}

func written(t *testing.T, format string, records []Record) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := Write(&out, format, records); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestFormatsAreThoseOfTheGoldenFiles(t *testing.T) {
	for _, format := range Formats() {
		t.Run(format, func(t *testing.T) {
			got, path := written(t, format, someRecords()), filepath.Join("testdata", "records."+format)
			if *update {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			want = bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n")) // a checkout on Windows
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("(-golden +written; go test -update writes it anew)\n%s", diff)
			}
		})
	}
	if err := Write(io.Discard, "xml", nil); err == nil {
		t.Error("an unknown format was written")
	}
}

func TestJSONIsReadAsItWasWritten(t *testing.T) {
	for name, records := range map[string][]Record{"some": someRecords(), "none": {}} {
		var list []Record
		if err := json.Unmarshal(written(t, "json", records), &list); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(records, list); diff != "" {
			t.Errorf("json, %s records (-want +got):\n%s", name, diff)
		}
		lines := []Record{}
		for line := range bytes.Lines(written(t, "jsonl", records)) {
			var r Record
			if err := json.Unmarshal(line, &r); err != nil {
				t.Fatal(err)
			}
			lines = append(lines, r)
		}
		if diff := cmp.Diff(records, lines); diff != "" {
			t.Errorf("jsonl, %s records (-want +got):\n%s", name, diff)
		}
	}
}

func TestCSVHasEveryValueByItsKey(t *testing.T) {
	rows, err := csv.NewReader(bytes.NewReader(written(t, "csv", someRecords()))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range someRecords() {
		for j, f := range recordFields() {
			if rows[0][j] != key(f) {
				t.Fatalf("column %d is %s, want %s", j, rows[0][j], key(f))
			}
			value := reflect.ValueOf(r).FieldByIndex(f.Index)
			words := strings.Fields(rows[i+1][j])
			if value.Kind() != reflect.Slice {
				words = []string{rows[i+1][j]}
			} else if len(words) != value.Len() {
				t.Errorf("record %d: %s has %d values, want %d", i, key(f), len(words), value.Len())
			}
			for k, word := range words {
				want := value
				if value.Kind() == reflect.Slice {
					want = value.Index(k)
				}
				if word != fmt.Sprint(want) {
					t.Errorf("record %d: %s is %s, want %v", i, key(f), word, want)
				}
			}
		}
	}
}

// The format says: fields separated by blanks, a name that begins with Benchmark, a number of iterations, then pairs of a value
// and its unit; keys of configuration begin with a small letter and have neither blanks nor capitals.
func TestGoBenchmarkFormatIsWellFormed(t *testing.T) {
	samples, names := 0, map[string]int{}
	var config []string
	scanner := bufio.NewScanner(bytes.NewReader(written(t, "gobench", someRecords())))
	for scanner.Scan() {
		line := scanner.Text()
		if !strings.HasPrefix(line, "Benchmark") {
			if name, _, ok := strings.Cut(line, ": "); ok && line[0] != '#' {
				if strings.ToLower(name) != name || strings.Contains(name, " ") {
					t.Errorf("%q is no key of configuration", name)
				}
				config = append(config, line)
			}
			continue
		}
		samples++
		fields := strings.Fields(line)
		names[fields[0]]++
		if len(fields)%2 != 0 || fields[1] != "1" || fields[3] != "ns/op" {
			t.Errorf("%q has not the form NAME 1 VALUE ns/op VALUE UNIT...", line)
		}
		for i := 2; i < len(fields); i += 2 {
			if _, err := strconv.ParseFloat(fields[i], 64); err != nil {
				t.Errorf("%q: %v", line, err)
			}
		}
	}
	if samples != 9 || len(names) != 4 {
		t.Errorf("%d lines of %d names, want one for each of 9 samples of 4 records", samples, len(names))
	}
	if want := "device: llvmpipe"; !strings.Contains(strings.Join(config, "\n"), want) {
		t.Errorf("configuration %q lacks %s", config, want)
	}
}

func TestMarkdownHasATableForEachKind(t *testing.T) {
	rows, tables := 0, 0
	for line := range strings.Lines(string(written(t, "md", someRecords()))) {
		if strings.HasPrefix(line, "| ---") {
			tables++
		} else if strings.HasPrefix(line, "|") {
			rows++
		}
	}
	if tables != 4 || rows-tables != len(someRecords()) {
		t.Errorf("%d tables with %d rows, want 4 with %d", tables, rows-tables, len(someRecords()))
	}
}

func TestASeriesThatDriftsIsMarkedInEveryFormat(t *testing.T) {
	for format, mark := range map[string]string{"md": "drifts by +67 %", "csv": "0.666", "json": `"drift": 0.666`, "jsonl": `"drift":0.666`, "gobench": "drift-%"} {
		if text := string(written(t, format, someRecords())); strings.Count(text, mark) == 0 {
			t.Errorf("%s has no %s", format, mark)
		}
		if text := string(written(t, format, someRecords()[:1])); strings.Contains(text, mark) {
			t.Errorf("%s has %s for a record that does not drift", format, mark)
		}
	}
}

func TestEveryValueIsDescribed(t *testing.T) {
	described, keys := map[string]bool{}, map[string]bool{}
	for _, c := range Columns() {
		if c.Meaning == "" || described[c.Key] {
			t.Errorf("%s is described %q, once before: %v", c.Key, c.Meaning, described[c.Key])
		}
		described[c.Key] = true
	}
	document, err := os.ReadFile("../docs/json.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range recordFields() {
		keys[key(f)] = true
		if !strings.Contains(string(document), "`"+key(f)+"`") {
			t.Errorf("docs/json.md has no `%s`", key(f))
		}
	}
	if diff := cmp.Diff(keys, described); diff != "" {
		t.Errorf("keys of records and descriptions (-keys +described):\n%s", diff)
	}
	var out strings.Builder
	if err := Describe(&out); err != nil || !strings.Contains(out.String(), "median_ms, in the table: median ms\n") {
		t.Errorf("%v, described:\n%s", err, out.String())
	}
}

func TestAFileIsWrittenWhollyOrNotAtAll(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "results.json")
	fine := func(w io.Writer) error { _, err := io.WriteString(w, "old"); return err }
	broken := errors.New("broken")
	if err := WriteFile(path, fine); err != nil {
		t.Fatal(err)
	}
	err := WriteFile(path, func(w io.Writer) error { return errors.Join(fine(w), broken) })
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want the error with the path", err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "old" {
		t.Errorf("the file has %q, %v; want what it had", text, err)
	}
	if files, err := os.ReadDir(folder); err != nil || len(files) != 1 {
		t.Errorf("%d files are left, %v", len(files), err)
	}
	if err := WriteFile(folder, fine); err == nil {
		t.Error("a folder was written over")
	}
	if err := WriteFile(filepath.Join(folder, "none", "results.json"), fine); err == nil {
		t.Error("a file in no folder was written")
	}
}
