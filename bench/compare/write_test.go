package compare

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The golden files hold this program's results beside PyTorch's, whose records lack keys and samples.
func TestEveryFormatIsAsInItsGoldenFile(t *testing.T) {
	comparisons, err := Files([]string{"testdata/ours.json", "testdata/pytorch.jsonl"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range Formats() {
		var got bytes.Buffer
		if err := Write(&got, format, comparisons); err != nil {
			t.Fatal(err)
		}
		path := "testdata/golden." + format
		if *update {
			if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got.String()); diff != "" {
			t.Errorf("%s (-want +got); if it is meant: go test ./bench/compare -update\n%s", path, diff)
		}
	}
}

func TestAnUnknownFormatIsRefused(t *testing.T) {
	if err := Write(&bytes.Buffer{}, "xml", nil); err == nil {
		t.Error("xml was written")
	}
}
