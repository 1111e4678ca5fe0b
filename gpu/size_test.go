package gpu

import (
	"math"
	"testing"
)

func TestProductRefusesWhatOverflows(t *testing.T) {
	for _, c := range []struct {
		name    string
		factors []int
		want    uint64
		fails   bool
	}{
		{"nothing", nil, 1, false},
		{"a shape", []int{64, 3, 3, 32, 4}, 73728, false},
		{"a zero", []int{0, math.MaxInt}, 0, false},
		{"the largest", []int{math.MaxInt64}, math.MaxInt64, false},
		{"past 63 bits", []int{math.MaxInt64, 2}, 0, true},
		{"past 64 bits", []int{1 << 33, 1 << 33}, 0, true},
		{"back to small numbers", []int{1 << 32, 1 << 32, 1 << 32}, 0, true},
		{"negative", []int{3, -1}, 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Product(c.factors...)
			if c.fails {
				wantError(t, err, nil, "multiply sizes")
			} else if err != nil {
				t.Fatal(err)
			}
			if got != c.want {
				t.Errorf("%d, want %d", got, c.want)
			}
		})
	}
}

func TestBytesPrintsSizesForPeople(t *testing.T) {
	for n, want := range map[uint64]string{
		0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB", 64 << 20: "64.0 MiB", 2 << 30: "2.0 GiB", 3 << 50: "3072.0 TiB",
	} {
		if got := Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", n, got, want)
		}
	}
}
