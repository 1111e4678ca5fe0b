package results

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden page anew")

// The page of the test data: an invented device, and PyTorch's records beside it.
func TestAPageIsAsInTheGoldenFile(t *testing.T) {
	results, err := Load(os.DirFS("testdata"))
	if err != nil {
		t.Fatal(err)
	}
	got := Page(results, "")
	const path = "testdata/page.golden.md"
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got); if it is meant: go test ./bench/results -update\n%s", path, diff)
	}
}

func TestThePageInTheDocumentationIsOfTheResults(t *testing.T) {
	results, err := Load(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/benchmarks.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(page), string(Page(results, Targets))); diff != "" {
		t.Errorf("docs/benchmarks.md is stale, run make benchmarks (-page +results):\n%s", diff)
	}
}

func TestSeveralRunsAreOneMeasurementWithTheirMedian(t *testing.T) {
	const run = `{"what": "train", "median_ms": %v, "img_per_s": %v, "batch": 64, "device": "cpu", "torch": "2.3"}`
	text := fmt.Sprintf(run, 10, 600) + fmt.Sprintf(run, 40, 150) + fmt.Sprintf(run, 20, 300)
	results, err := Load(fstest.MapFS{"cpu_pytorch-2.3.jsonl": {Data: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	if got := results[0].Records; len(got) != 1 || got[0].MedianMS != 20 || got[0].ImgPerS != 300 {
		t.Errorf("got %+v, want one record of 20 ms and 300 images/s", got)
	}
}

func TestAFileMustBeCalledWhatIsInIt(t *testing.T) {
	const own = `{"what": "train", "median_ms": 1, "device": "GPU (X)", "driver": "%s", "version": "v1", "commit": "%s"}`
	record := func(driver, commit string) string { return fmt.Sprintf(own, driver, commit) }
	for _, test := range []struct{ what, name, text, want string }{
		{"device and commit", "gpu-x_abc.jsonl", record("1", "abc"), ""},
		{"a list", "gpu-x_abc.json", "[" + record("1", "abc") + "]", ""},
		{"a note", "gpu-x_abc_at-home.jsonl", record("1", "abc"), ""},
		{"another program", "cpu_pytorch-2.3.json", `{"what": "train", "median_ms": 1, "device": "cpu", "torch": "2.3"}`, ""},
		{"a longer commit", "gpu-x_abcd_at-home.jsonl", record("1", "abc"), "call it gpu-x_abc.jsonl"},
		{"another device", "gpu-y_abc.jsonl", record("1", "abc"), "call it gpu-x_abc.jsonl, or gpu-x_abc_NOTE.jsonl"},
		{"another commit", "gpu-x_abcd.jsonl", record("1", "abc"), "call it gpu-x_abc.jsonl"},
		{"two drivers", "gpu-x_abc.jsonl", record("1", "abc") + record("2", "abc"), "record 2 is of GPU (X), 2"},
		{"two commits", "gpu-x_abc.jsonl", record("1", "abc") + record("1", "abd"), `commit "abd"`},
		{"changes", "gpu-x_abc.jsonl", record("1", "abc+"), "nobody can repeat it"},
		{"no commit", "gpu-x_1.jsonl", record("1", ""), "does not say which commit"},
		{"no records", "gpu-x_1.jsonl", "", "results gpu-x_1.jsonl: there is no record"},
		{"no results", "page.golden.md", "", "there are no results"},
	} {
		_, err := Load(fstest.MapFS{test.name: {Data: []byte(test.text)}})
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%s: %v", test.what, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: error %v, want one with %q", test.what, err, test.want)
		}
	}
}
