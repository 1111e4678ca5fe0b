package bench

import (
	"slices"
	"testing"
)

func TestListsAndRangesOfNumbers(t *testing.T) {
	for _, c := range []struct {
		text string
		want Numbers
	}{
		{"7", Numbers{7}},
		{"1,8,32", Numbers{1, 8, 32}},
		{"1-4", Numbers{1, 2, 3, 4}},
		{"8-64+24", Numbers{8, 32, 56}},
		{"1-256*4", Numbers{1, 4, 16, 64, 256}},
		{"3-20*2", Numbers{3, 6, 12}},
		{"1,4-6,8-16*2", Numbers{1, 4, 5, 6, 8, 16}},
		{"5-5", Numbers{5}},
	} {
		var got Numbers
		if err := got.UnmarshalText([]byte(c.text)); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v; want %v", c.text, got, err, c.want)
		}
	}
	for _, text := range []string{"", ",", "0", "-1", "1,0", "one", "1.5", "4-1", "1-4*1", "1-4*0", "1-4+0", "1-4-8", "1+4", "2*8", "1-4*2+1", "1-2000", "99999999999999999999"} {
		var got Numbers
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q: %v, want an error", text, got)
		}
	}
}

func FuzzNumbers(f *testing.F) {
	for _, text := range []string{"1,8,32", "1-256*2", "8-64+8", "1-4-8", "1073741824-1073741824*1073741824"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var n Numbers
		if err := n.UnmarshalText([]byte(text)); err == nil && (len(n) == 0 || len(n) > maxNumbers || slices.Min(n) < 1) {
			t.Errorf("%q: %v", text, n)
		}
	})
}
