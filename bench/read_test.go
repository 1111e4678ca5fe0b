package bench

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRecordsAreReadFromListsLinesAndJoinedFiles(t *testing.T) {
	const a, b = `{"what": "train", "median_ms": 2}`, `{"what": "infer", "level": 1, "median_ms": 3, "samples_ms": [3, 3]}`
	want := []Record{{What: "train", MedianMS: 2}, {What: "infer", Level: 1, MedianMS: 3, SamplesMS: []float64{3, 3}}}
	for name, text := range map[string]string{
		"a list":          "[" + a + ",\n" + b + "]\n",
		"lines":           a + "\n" + b + "\n",
		"two lists":       "[" + a + "]\n[" + b + "]",
		"a list and line": "[" + a + "]\n" + b,
	} {
		got, err := Read(strings.NewReader(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestARecordOfPyTorchTellsItsVersionAndOptionsAsTheDriver(t *testing.T) {
	const text = `[{"what": "infer", "level": 2, "params": 1855578, "batch": 1, "mode": "frozen", "median_ms": 9.5, "min_ms": 9.1,
		"img_per_s": 105.2, "samples": 311, "best": false, "backbone": "wrn-32-4", "precision": "fp32", "device": "cpu, 2 threads",
		"torch": "1.13.1", "options": ["channels_last"]}]`
	got, err := Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	want := []Record{{What: "infer", Level: 2, Params: 1855578, Batch: 1, MedianMS: 9.5, MinMS: 9.1, ImgPerS: 105.2, Backbone: "wrn-32-4",
		Precision: "fp32", Origin: Origin{Device: "cpu, 2 threads", Driver: "PyTorch 1.13.1, channels_last"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhatHoldsNoMeasurementsIsRefusedWithAReason(t *testing.T) {
	for _, test := range []struct{ what, text, want string }{
		{"nothing", "", "there is no record"},
		{"an empty list", "[]", "there is no record"},
		{"text", "goos: linux\n", "after 0 records: invalid character"},
		{"half a list", `[{"what": "train", "median_ms": 2},`, "unexpected EOF"},
		{"a number", "17", "cannot unmarshal number"},
		{"an object of another kind", `{"ok": true}`, `record 1: it lacks "what"`},
		{"a record without a time", `[{"what": "train", "median_ms": 2}, {"what": "infer"}]`, "record 2: infer: median_ms is 0"},
		{"a negative sample", `{"what": "train", "median_ms": 2, "samples_ms": [2, -1]}`, "record 1: train: samples_ms"},
		{"a time in words", `{"what": "train", "median_ms": "2"}`, "cannot unmarshal string"},
	} {
		_, err := Read(strings.NewReader(test.text))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", test.what, err, test.want)
		}
	}
}

func TestAnErrorNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.json")
	if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{path, path + ".missing"} {
		if _, err := ReadFile(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("error %v, want one that names %s", err, path)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`[{"what": "train", "median_ms": 2, "samples_ms": [2, 2.5]}]`))
	f.Add([]byte("{\"what\": \"infer\", \"median_ms\": 1}\n{\"what\": \"infer\", \"median_ms\": 1e400}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		records, err := Read(strings.NewReader(string(text)))
		if (err == nil) != (len(records) > 0) {
			t.Fatalf("%d records and error %v", len(records), err)
		}
		for _, r := range records {
			if r.What == "" || !(r.MedianMS > 0) {
				t.Errorf("accepted %+v", r)
			}
		}
	})
}
