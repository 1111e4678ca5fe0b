package gpu

import "testing"

func TestASketchKeepsOperationsAndNeedsNoMemory(t *testing.T) {
	x, e := Placeholder("x", Weights, 300), PlaceholderExchange("e", 8)
	if x.Address() != 0 || x.Host() != nil || e.Host() != nil || x.Size() != 300 || x.Room() != 512 {
		t.Errorf("a placeholder has the address %#x, host memory %v and %v, %d bytes in %d", x.Address(), x.Host(), e.Host(), x.Size(), x.Room())
	}
	x.Free() // harmless
	e.Free()
	r := NewSketch()
	r.Upload(e, 0, 8)
	r.Dispatch(Op{Name: "first", Reads: []Range{e.Buffer().All()}, Writes: []Range{x.All()}})
	r.Dispatch(Op{Name: "second", Reads: []Range{x.All()}})
	r.Download(e, 0, 8)
	ops := r.Ops()
	if len(ops) != 2 || ops[0].Name != "first" || ops[1].Reads[0] != x.All() {
		t.Errorf("got %v, want both dispatches and no copy", ops)
	}
	if _, err := r.Build("sketch", false); err == nil {
		t.Error("a sketch is built")
	}
}
