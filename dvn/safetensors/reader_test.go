package safetensors

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPartsOfATensorAreReadFromTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "parts.safetensors")
	err := Write(path, &File{
		Metadata: map[string]string{"kind": "parts"},
		Tensors:  []Tensor{I32("other", []int{1}, []int32{9}), F32("a", []int{2, 3}, []float32{0, 1, 2, 3, 4, 5}), F32("b", []int{1}, []float32{6})},
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	a, ok := r.Lookup("a")
	if diff := cmp.Diff([]int{2, 3}, a.Shape); !ok || diff != "" || a.Data != nil || r.Metadata["kind"] != "parts" {
		t.Errorf("tensor a is %+v, %v; metadata %v", a, ok, r.Metadata)
	}
	for _, c := range []struct {
		name, tensor string
		at           int
		want         []float32
		err          string
	}{
		{"all", "a", 0, []float32{0, 1, 2, 3, 4, 5}, ""},
		{"the middle", "a", 2, []float32{2, 3}, ""},
		{"the last", "a", 5, []float32{5}, ""},
		{"nothing at the end", "a", 6, nil, ""},
		{"past the end", "a", 5, []float32{5, 6}, `tensor "a": 2 elements from 5 are asked for, it has 6`},
		{"before the beginning", "a", -1, []float32{0}, `tensor "a": 1 elements from -1 are asked for, it has 6`},
		{"an absent tensor", "c", 0, []float32{0}, `tensor "c": there is none of that name`},
		{"another dtype", "other", 0, []float32{9}, `tensor "other": dtype is I32, F32 is needed`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := make([]float32, len(c.want))
			err := r.ReadFloats(c.tensor, c.at, got)
			switch {
			case c.err != "" && (err == nil || err.Error() != c.err):
				t.Errorf("got %v, want %s", err, c.err)
			case c.err == "" && (err != nil || !slices.Equal(got, c.want)):
				t.Errorf("got %v, %v; want %v", got, err, c.want)
			}
		})
	}
}

// Whatever Decode refuses, Open refuses for the same reason: both check a header by the same code.
func TestOpenRefusesWhatDecodeRefuses(t *testing.T) {
	for _, c := range hostile {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "hostile.safetensors")
			if err := os.WriteFile(path, c.file, 0o644); err != nil {
				t.Fatal(err)
			}
			_, want := Decode(c.file)
			r, err := Open(path)
			if err == nil {
				t.Fatalf("opened, %v when closed; Decode says %v", r.Close(), want)
			}
			if !strings.HasSuffix(err.Error(), want.Error()) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, Decode says %v", err, want)
			}
		})
	}
}
