package dvn

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/dvn-vk/dvn-vk/gpu"
)

// tensorOf is a passing tensor of some bytes that operations first to last need.
func tensorOf(bytes uint64, h halo, first, last int) *passing {
	return &passing{Buffer: gpu.Placeholder("tensor", gpu.Activations, bytes), name: "tensor", halo: h, first: first, last: last}
}

func TestTensorsShareMemoryWhereNoneNeedsBoth(t *testing.T) {
	small, large := halo{4, 2, 4}, halo{8, 2, 4}
	for _, c := range []struct {
		name    string
		tensors []*passing
		sizes   []uint64
		places  []place
	}{
		{"one after the other", []*passing{tensorOf(512, halo{}, 0, 1), tensorOf(512, halo{}, 2, 3)}, []uint64{512}, []place{{0, 0}, {0, 0}}},
		{"both in one operation", []*passing{tensorOf(512, halo{}, 0, 1), tensorOf(512, halo{}, 1, 2)}, []uint64{1024}, []place{{0, 0}, {0, 512}}},
		{"two small ones in a large one", []*passing{tensorOf(256, halo{}, 0, 1), tensorOf(256, halo{}, 0, 1), tensorOf(512, halo{}, 2, 2)},
			[]uint64{512}, []place{{0, 0}, {0, 256}, {0, 0}}},
		{"between two others", []*passing{tensorOf(768, halo{}, 0, 9), tensorOf(512, halo{}, 0, 4), tensorOf(256, halo{}, 0, 9), tensorOf(300, halo{}, 5, 9)},
			[]uint64{1536}, []place{{0, 0}, {0, 768}, {0, 1280}, {0, 768}}},
		{"halos in the same places", []*passing{tensorOf(512, small, 0, 1), tensorOf(256, small, 2, 3)}, []uint64{512}, []place{{0, 0}, {0, 0}}},
		{"halos in the same places, side by side", []*passing{tensorOf(512, small, 0, 1), tensorOf(256, small, 1, 3)}, []uint64{512, 256}, []place{{0, 0}, {1, 0}}},
		{"halos in other places", []*passing{tensorOf(512, small, 0, 1), tensorOf(512, large, 2, 3)}, []uint64{512, 512}, []place{{0, 0}, {1, 0}}},
		{"a halo and none", []*passing{tensorOf(512, small, 0, 1), tensorOf(512, halo{}, 2, 3)}, []uint64{512, 512}, []place{{0, 0}, {1, 0}}},
		{"needed by nothing", []*passing{tensorOf(512, halo{}, 5, -1), tensorOf(256, halo{}, 0, 3)}, []uint64{256}, []place{{-1, 0}, {0, 0}}},
		{"no more than fits a buffer", []*passing{tensorOf(1024, halo{}, 0, 9), tensorOf(2048, halo{}, 0, 9)}, []uint64{2048, 1024}, []place{{1, 0}, {0, 0}}},
		{"one larger than buffers should be", []*passing{tensorOf(4096, halo{}, 0, 1), tensorOf(3072, halo{}, 2, 3), tensorOf(256, halo{}, 2, 3)},
			[]uint64{4096}, []place{{0, 0}, {0, 0}, {0, 3072}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlan(c.tensors, 2048, true)
			if fmt.Sprint(p.sizes) != fmt.Sprint(c.sizes) || fmt.Sprint(p.places) != fmt.Sprint(c.places) {
				t.Errorf("buffers of %v bytes with places %v, want %v with %v", p.sizes, p.places, c.sizes, c.places)
			}
			for i, at := range p.places {
				if at.buffer >= 0 && p.zeroed[at.buffer] != (c.tensors[i].halo != halo{}) {
					t.Errorf("tensor %d has the halo %v, but its buffer is zeroed: %t", i, c.tensors[i].halo, p.zeroed[at.buffer])
				}
			}
			needed := 0
			for _, tensor := range c.tensors {
				if tensor.last >= tensor.first {
					needed++
				}
			}
			if apart := newPlan(c.tensors, 2048, false); len(apart.sizes) != needed {
				t.Errorf("%d buffers without sharing, want %d: one for each tensor that is needed", len(apart.sizes), needed)
			}
		})
	}
}

func TestNoPlanLetsTensorsMeet(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	const operations = 30
	halos := []halo{{}, {}, {4, 2, 4}, {4, 4, 4}}
	for range 200 {
		tensors := make([]*passing, 1+random.IntN(40))
		for i := range tensors {
			first := random.IntN(operations)
			tensors[i] = tensorOf(1+random.Uint64N(5000), halos[random.IntN(len(halos))], first, first+random.IntN(operations-first))
		}
		p := newPlan(tensors, 8000, true)
		total := uint64(0)
		for _, size := range p.sizes {
			total += size
		}
		if least := fullest(tensors, operations); total < least-255*uint64(len(p.sizes)) {
			t.Fatalf("%d bytes for tensors that need %d at a time", total, least)
		}
		for i, a := range tensors {
			at := p.places[i]
			if at.offset%256 != 0 || at.offset+a.Size() > p.sizes[at.buffer] {
				t.Fatalf("tensor %d of %d bytes lies at %d of a buffer of %d", i, a.Size(), at.offset, p.sizes[at.buffer])
			}
			for j, b := range tensors[:i] {
				other := p.places[j]
				switch {
				case at.buffer != other.buffer:
				case a.halo != b.halo:
					t.Fatalf("tensors %d and %d share a buffer with the halos %v and %v", i, j, a.halo, b.halo)
				case a.meets(b) && at.offset < other.offset+b.Size() && other.offset < at.offset+a.Size():
					t.Fatalf("tensors %d (operations %d to %d) and %d (%d to %d) overlap", i, a.first, a.last, j, b.first, b.last)
				}
			}
		}
	}
}

func TestOperationsTellWhenATensorIsNeeded(t *testing.T) {
	a, b, idle := tensorOf(256, halo{}, 0, 0), tensorOf(256, halo{}, 0, 0), tensorOf(256, halo{}, 0, 0)
	kept := gpu.Placeholder("weights", gpu.Weights, 256)
	ops := []gpu.Op{
		{Name: "begin", Reads: []gpu.Range{kept.All()}, Writes: []gpu.Range{a.All()}},
		{Name: "middle", Reads: []gpu.Range{a.Part(128, 8)}, Writes: []gpu.Range{b.Part(0, 8)}},
		{Name: "add", Reads: []gpu.Range{b.All()}, Writes: []gpu.Range{b.All()}},
		{Name: "end", Reads: []gpu.Range{b.All()}, Writes: []gpu.Range{kept.All()}},
	}
	if err := observe([]*passing{a, b, idle}, ops); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name        string
		tensor      *passing
		first, last int
	}{{"a", a, 0, 1}, {"b", b, 1, 3}, {"idle", idle, 4, -1}} {
		if c.tensor.first != c.first || c.tensor.last != c.last {
			t.Errorf("%s is needed from %d to %d, want %d to %d", c.name, c.tensor.first, c.tensor.last, c.first, c.last)
		}
	}
	if most := fullest([]*passing{a, b, idle}, len(ops)); most != 512 {
		t.Errorf("%d bytes are needed at a time, want 512", most)
	}
	if err := observe([]*passing{b}, ops[2:]); err != nil {
		t.Errorf("an operation that writes what it reads is refused: %v", err)
	}
	if err := observe([]*passing{a}, ops[1:]); err == nil || err.Error() != "middle reads tensor, which nothing has written" {
		t.Errorf("got %v, want a complaint about what is read before it is written", err)
	}
}
