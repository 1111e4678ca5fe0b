package dvn

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// A step's tensors pass: an activation is of no use after the last operation that reads it. The plan lets those that are not
// needed at the same time share memory. When a tensor is needed is not stated anywhere but seen: a sketch of the step tells
// which operations touch it.

// passing is a tensor that is needed during a part of a list's operations only.
type passing struct {
	*gpu.Buffer // a placeholder
	name        string
	// halo is what a tensor with a halo of zeros looks like, the same for those whose halos lie in the same places; the zero
	// value has none, and may follow upon anything.
	halo        halo
	first, last int // operations; last < first: none needs it
}

// halo is a row layout: what lies where in an image.
type halo struct{ size, maps, bytes int }

// place is where a passing tensor lies; a tensor that no operation needs has none.
type place struct {
	buffer int // of the plan, -1 for none
	offset uint64
}

// plan is how passing tensors lie in buffers.
type plan struct {
	sizes      []uint64 // of the buffers, in bytes
	zeroed     []bool   // whether a buffer's halos have to be zero
	places     []place  // in the order in which the tensors were asked for
	tableBytes uint64   // of the list's tables, which lie elsewhere
}

// sheetBytes is the most that tensors share a buffer of: half of what every device allows in one.
const sheetBytes = 512 << 20

// planOf plans the passing tensors of a sketch of an arena for the list that record records. Where there are red zones every
// tensor has a buffer of its own, between two of them.
func planOf(k *layers.Kernels, a *arena, record func(b *layers.Builder)) (*plan, error) {
	b := k.NewSketch()
	record(b)
	ops, tableBytes, err := b.Sketched()
	if err == nil {
		err = observe(a.passing, ops)
	}
	if err != nil {
		return nil, err
	}
	p := &plan{}
	if least := fullest(a.passing, len(ops)); least > k.Device.Info.Limits.Memory {
		p.sizes, p.zeroed = []uint64{least}, []bool{false} // which no plan makes fit: enough to be refused
	} else {
		p = newPlan(a.passing, sheetBytes, !k.Device.RedZones())
	}
	p.tableBytes = tableBytes
	return p, nil
}

// fullest is the most that is needed at a time, by one of so many operations: no plan takes less.
func fullest(tensors []*passing, operations int) uint64 {
	begin, end := make([]uint64, operations+1), make([]uint64, operations+1)
	for _, t := range tensors {
		if t.last >= t.first {
			begin[t.first] += t.Room()
			end[t.last+1] += t.Room()
		}
	}
	most, now := uint64(0), uint64(0)
	for i := range begin {
		now += begin[i] - end[i]
		most = max(most, now)
	}
	return most
}

// memory is what the plan's buffers and the list's tables take.
func (p *plan) memory() Memory {
	m := Memory{gpu.Staging: p.tableBytes}
	for _, size := range p.sizes {
		m[gpu.Activations] += gpu.Placeholder("", gpu.Activations, size).Room()
	}
	return m
}

// observe notes when a list's operations need each tensor.
func observe(tensors []*passing, ops []gpu.Op) error {
	byBuffer := map[*gpu.Buffer]*passing{}
	for _, t := range tensors {
		t.first, t.last = len(ops), -1
		byBuffer[t.Buffer] = t
	}
	for i, op := range ops {
		for _, r := range op.Writes {
			if t := byBuffer[r.Buffer]; t != nil {
				t.first, t.last = min(t.first, i), i
			}
		}
		for _, r := range op.Reads {
			t := byBuffer[r.Buffer]
			if t == nil {
				continue
			}
			if t.first > i {
				return fmt.Errorf("%s reads %s, which nothing has written", op.Name, t.name)
			}
			t.last = i
		}
	}
	return nil
}

// meets tells whether both tensors are needed at some time.
func (t *passing) meets(other *passing) bool { return t.first <= other.last && other.first <= t.last }

// newPlan lets tensors share memory in buffers of at most largest bytes, or of one tensor: the largest first, each as low as
// it fits. Those with a halo share a buffer with their like only, since nobody writes a halo again. Without share each tensor has
// a buffer.
func newPlan(tensors []*passing, largest uint64, share bool) *plan {
	p := &plan{places: make([]place, len(tensors))}
	var sheets []*sheet
	for _, i := range largestFirst(tensors) {
		t := tensors[i]
		p.places[i] = place{buffer: -1}
		for b := 0; t.last >= t.first && p.places[i].buffer < 0; b++ {
			if b == len(sheets) {
				sheets = append(sheets, &sheet{halo: t.halo})
			}
			if !share && len(sheets[b].taken) > 0 {
				continue
			}
			if offset, ok := sheets[b].take(t, largest); ok {
				p.places[i] = place{b, offset}
			}
		}
	}
	for _, s := range sheets {
		p.sizes, p.zeroed = append(p.sizes, s.size), append(p.zeroed, s.halo != halo{})
	}
	return p
}

// largestFirst orders the indices of tensors.
func largestFirst(tensors []*passing) []int {
	order := consecutive(len(tensors))
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(tensors[b].Room(), tensors[a].Room()) })
	return order
}

// sheet is a buffer in the making.
type sheet struct {
	halo  halo
	size  uint64
	taken []taken // by offset
}

type taken struct {
	*passing
	offset uint64
}

// take finds the lowest room that no tensor has which is needed at the same time.
func (s *sheet) take(t *passing, largest uint64) (offset uint64, ok bool) {
	if t.halo != s.halo {
		return 0, false
	}
	for _, other := range s.taken {
		if !other.meets(t) {
			continue
		}
		if s.halo != (halo{}) {
			return 0, false
		}
		if other.offset >= offset+t.Room() {
			break
		}
		offset = max(offset, other.offset+other.Room())
	}
	if len(s.taken) > 0 && offset+t.Room() > max(largest, s.size) {
		return 0, false
	}
	i, _ := slices.BinarySearchFunc(s.taken, offset, func(o taken, offset uint64) int { return cmp.Compare(o.offset, offset) })
	s.taken = slices.Insert(s.taken, i, taken{t, offset})
	s.size = max(s.size, offset+t.Size())
	return offset, true
}
