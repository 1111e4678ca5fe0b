package gpu

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestReleasedSpansJoinTheirNeighbours(t *testing.T) {
	for _, c := range []struct {
		name    string
		release []uint64 // which of the four quarters of 256 bytes, by number
		want    []span
	}{
		{"alone", []uint64{1}, []span{{256, 256}}},
		{"with the one before", []uint64{0, 1}, []span{{0, 512}}},
		{"with the one behind", []uint64{3, 2}, []span{{512, 512}}},
		{"with both", []uint64{0, 2, 1}, []span{{0, 768}}},
		{"not over a gap", []uint64{3, 0}, []span{{0, 256}, {768, 256}}},
		{"all", []uint64{2, 0, 3, 1}, []span{{0, 1024}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &block{size: 1024, free: []span{{0, 1024}}}
			for range 4 {
				if _, ok := b.take(256); !ok {
					t.Fatal("a quarter does not fit")
				}
			}
			if _, ok := b.take(256); ok {
				t.Fatal("a fifth quarter fits")
			}
			for _, quarter := range c.release {
				b.release(span{256 * quarter, 256})
			}
			if !slices.Equal(b.free, c.want) {
				t.Errorf("free %v, want %v", b.free, c.want)
			}
			if got, want := b.empty(), len(c.release) == 4; got != want {
				t.Errorf("empty %v, want %v", got, want)
			}
		})
	}
}

// A block against the simplest model: one owner a unit of 256 bytes.
func TestRandomTakingAndReleasingAgreesWithAModel(t *testing.T) {
	const units = 64
	random := rand.New(rand.NewPCG(1, 2))
	b := &block{size: units * 256, free: []span{{0, units * 256}}}
	var owned [units]bool
	var taken []span
	fits := func(n int) bool { // a run of n units is free
		run := 0
		for _, o := range owned {
			if run++; o {
				run = 0
			}
			if run == n {
				return true
			}
		}
		return false
	}
	mark := func(s span, to bool) {
		for u := s.offset / 256; u < s.end()/256; u++ {
			if owned[u] == to {
				t.Fatalf("unit %d: owned %v twice", u, to)
			}
			owned[u] = to
		}
	}
	refused := 0
	for step := range 20000 {
		if n := 1 + random.IntN(12); random.IntN(2) == 0 {
			offset, ok := b.take(uint64(256 * n))
			if ok != fits(n) {
				t.Fatalf("step %d: taking %d units: %v, the model says %v", step, n, ok, fits(n))
			}
			if ok {
				taken = append(taken, span{offset, uint64(256 * n)})
				mark(taken[len(taken)-1], true)
			} else {
				refused++
			}
		} else if len(taken) > 0 {
			k := random.IntN(len(taken))
			mark(taken[k], false)
			b.release(taken[k])
			taken = slices.Delete(taken, k, k+1)
		}
		free := uint64(0)
		for _, o := range owned {
			if !o {
				free += 256
			}
		}
		if b.unused() != free {
			t.Fatalf("step %d: %d bytes unused, the model has %d", step, b.unused(), free)
		}
		for k := 1; k < len(b.free); k++ {
			if b.free[k-1].end() >= b.free[k].offset {
				t.Fatalf("step %d: spans %v are not ascending with gaps", step, b.free)
			}
		}
	}
	if refused == 0 {
		t.Error("the block never was full: the test proves little")
	}
}
