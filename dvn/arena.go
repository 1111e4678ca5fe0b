package dvn

import (
	"encoding/binary"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// arena allocates what a graph needs and releases it together. Without a device it only counts: so memory is predicted by
// the very code that allocates it.
type arena struct {
	device    *gpu.Device // nil: count only
	precision layers.Precision
	bytes     map[gpu.Purpose]uint64
	buffers   []*gpu.Buffer
	exchanges []*gpu.Exchange
	err       error // the first; later requests do nothing
}

// allocationUnit is what the device rounds every buffer up to.
const allocationUnit = 256

func newArena(device *gpu.Device, p layers.Precision) *arena {
	return &arena{device: device, precision: p, bytes: map[gpu.Purpose]uint64{}}
}

func (a *arena) count(purpose gpu.Purpose, bytes uint64) {
	a.bytes[purpose] += (bytes + allocationUnit - 1) / allocationUnit * allocationUnit
}

// floats allocates zeros of the given shape.
func (a *arena) floats(name string, purpose gpu.Purpose, shape ...int) gpu.Range {
	return a.zeros(name, purpose, append([]int{4}, shape...)...)
}

// zeros allocates as many bytes as factors come to.
func (a *arena) zeros(name string, purpose gpu.Purpose, factors ...int) gpu.Range {
	bytes, err := gpu.Product(factors...)
	if a.err == nil {
		a.err = err
	}
	if a.err != nil || bytes == 0 {
		return gpu.Range{}
	}
	a.count(purpose, bytes)
	if a.device == nil {
		return gpu.Range{Size: bytes}
	}
	buffer, err := a.device.NewBuffer(name, purpose, bytes)
	if err != nil {
		a.err = err
		return gpu.Range{}
	}
	a.buffers = append(a.buffers, buffer)
	a.err = buffer.All().Fill(0)
	return buffer.All()
}

// activations allocates a tensor with a zero halo.
func (a *arena) activations(name string, purpose gpu.Purpose, images, size, maps int) layers.Activations {
	r := a.zeros(name, purpose, a.precision.Bytes(), images, size+2, size+2, maps)
	return layers.Activations{Range: r, Precision: a.precision, Images: images, Size: size, Maps: maps}
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

// exchange allocates words of 4 bytes that host and device exchange at every step, zero at first.
func (a *arena) exchange(name string, shape ...int) *gpu.Exchange {
	return a.exchanged(name, append([]int{4}, shape...)...)
}

// exchanged allocates as many bytes as factors come to for host and device to exchange.
func (a *arena) exchanged(name string, factors ...int) *gpu.Exchange {
	bytes, err := gpu.Product(factors...)
	if a.err == nil {
		a.err = err
	}
	if a.err != nil {
		return nil
	}
	a.count(gpu.Staging, bytes)
	if a.device == nil {
		return nil
	}
	e, err := a.device.NewExchange(name, bytes)
	if err != nil {
		a.err = err
		return nil
	}
	a.exchanges = append(a.exchanges, e)
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
