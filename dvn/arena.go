package dvn

import (
	"encoding/binary"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// arena allocates what a graph needs and releases it together. Passing tensors lie where a plan says. A sketch of an arena, which
// has no device, allocates nothing: plans are made from it, and memory is so predicted by the very code that allocates it.
type arena struct {
	device    *gpu.Device // nil: a sketch
	precision layers.Precision
	bytes     map[gpu.Purpose]uint64
	buffers   []*gpu.Buffer
	exchanges []*gpu.Exchange
	passing   []*passing // of a sketch, in the order in which they were asked for
	planned   []*gpu.Buffer
	places    []place // of the passing tensors that are still to be asked for
	err       error   // the first; later requests do nothing
}

// sketchArena allocates nothing.
func sketchArena(p layers.Precision) *arena {
	return &arena{precision: p, bytes: map[gpu.Purpose]uint64{}}
}

// newArena allocates the plan's buffers. The same tensors have to be asked for as of the sketch that the plan was made from, in
// the same order.
func newArena(device *gpu.Device, p layers.Precision, plan *plan) *arena {
	a := &arena{device: device, precision: p, bytes: map[gpu.Purpose]uint64{}, places: plan.places}
	for i, size := range plan.sizes {
		a.planned = append(a.planned, a.buffer("passing tensors", gpu.Activations, size, plan.zeroed[i]))
	}
	return a
}

// buffer allocates size bytes, zeroed or anything, or a placeholder in a sketch; nil after an error.
func (a *arena) buffer(name string, purpose gpu.Purpose, size uint64, zeroed bool) *gpu.Buffer {
	if a.err != nil {
		return nil
	}
	if a.device == nil {
		b := gpu.Placeholder(name, purpose, size)
		a.bytes[purpose] += b.Room()
		return b
	}
	b, err := a.device.NewBuffer(name, purpose, size)
	if err != nil {
		a.err = err
		return nil
	}
	a.buffers = append(a.buffers, b)
	a.bytes[purpose] += b.Room()
	if zeroed {
		a.err = b.All().Fill(0)
	}
	return b
}

// size multiplies factors; 0 after an error.
func (a *arena) size(factors ...int) uint64 {
	bytes, err := gpu.Product(factors...)
	if a.err == nil {
		a.err = err
	}
	if a.err != nil {
		return 0
	}
	return bytes
}

// floats allocates zeros of the given shape that stay.
func (a *arena) floats(name string, purpose gpu.Purpose, shape ...int) gpu.Range {
	return a.zeros(name, purpose, append([]int{4}, shape...)...)
}

// zeros allocates as many bytes as factors come to, which stay.
func (a *arena) zeros(name string, purpose gpu.Purpose, factors ...int) gpu.Range {
	bytes := a.size(factors...)
	if bytes == 0 {
		return gpu.Range{}
	}
	if b := a.buffer(name, purpose, bytes, true); b != nil {
		return b.All()
	}
	return gpu.Range{}
}

// passingFloats is memory for floats that are of no use once the last operation of a step that touches them is done; at first
// they are anything.
func (a *arena) passingFloats(name string, shape ...int) gpu.Range {
	return a.pass(name, halo{}, a.size(append([]int{4}, shape...)...))
}

// activations is a passing tensor with a zero halo.
func (a *arena) activations(name string, images, size, maps int) layers.Activations {
	return a.tensor(name, images, size, maps, halo{size, maps, a.precision.Bytes()})
}

// inside is a passing tensor of the same shape of which nobody reads the halo.
func (a *arena) inside(name string, images, size, maps int) layers.Activations {
	return a.tensor(name, images, size, maps, halo{})
}

func (a *arena) tensor(name string, images, size, maps int, h halo) layers.Activations {
	r := a.pass(name, h, a.size(a.precision.Bytes(), images, size+2, size+2, maps))
	return layers.Activations{Range: r, Precision: a.precision, Images: images, Size: size, Maps: maps}
}

// pass gives the next passing tensor its place.
func (a *arena) pass(name string, h halo, bytes uint64) gpu.Range {
	if a.err != nil || bytes == 0 {
		return gpu.Range{}
	}
	if a.device == nil {
		t := &passing{Buffer: gpu.Placeholder(name, gpu.Activations, bytes), name: name, halo: h}
		a.passing = append(a.passing, t)
		return t.All()
	}
	at := a.places[0]
	a.places = a.places[1:]
	if at.buffer < 0 {
		return gpu.Range{}
	}
	return a.planned[at.buffer].Part(at.offset, bytes)
}

// ints allocates a table of numbers that never changes.
func (a *arena) ints(name string, values []int32) gpu.Range {
	r := a.floats(name, gpu.Staging, len(values))
	if a.err == nil && a.device != nil {
		data, err := binary.Append(nil, binary.LittleEndian, values)
		if err == nil {
			err = r.Buffer.Write(0, data)
		}
		a.err = err
	}
	return r
}

// mapIndices allocates a table of the maps behind a head's maps.
func (a *arena) mapIndices(name string, values []int32) layers.MapIndices {
	return layers.MapIndices{Range: a.ints(name, values), Run: layers.MapRun(values)}
}

// exchange allocates words of 4 bytes that host and device exchange at every step, zero at first.
func (a *arena) exchange(name string, shape ...int) *gpu.Exchange {
	return a.exchanged(name, append([]int{4}, shape...)...)
}

// exchanged allocates as many bytes as factors come to for host and device to exchange.
func (a *arena) exchanged(name string, factors ...int) *gpu.Exchange {
	bytes := a.size(factors...)
	if a.err != nil {
		return nil
	}
	var e *gpu.Exchange
	if a.device == nil {
		e = gpu.PlaceholderExchange(name, bytes)
	} else if e, a.err = a.device.NewExchange(name, bytes); a.err != nil {
		return nil
	}
	a.exchanges = append(a.exchanges, e)
	a.bytes[gpu.Staging] += e.Buffer().Room()
	clear(e.Host())
	return e
}

func (a *arena) close() {
	for _, b := range a.buffers {
		b.Free()
	}
	for _, e := range a.exchanges {
		e.Free()
	}
	a.buffers, a.exchanges = nil, nil
}
