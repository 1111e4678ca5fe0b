package bench

import (
	"fmt"
	"math/rand/v2"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// workbench holds what works need on a device until they were measured. The first error stays, and nothing happens after it.
type workbench struct {
	*Machine
	programs  []*layers.Program
	buffers   []*gpu.Buffer
	exchanges []*gpu.Exchange
	err       error
}

func (b *workbench) close() {
	for _, p := range b.programs {
		p.Close()
	}
	for _, buffer := range b.buffers {
		buffer.Free()
	}
	for _, e := range b.exchanges {
		e.Free()
	}
}

func (b *workbench) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// floats allocates n float32 numbers; none for 0.
func (b *workbench) floats(name string, n int) gpu.Range {
	return b.numbers(name, layers.FP32, n)
}

// numbers allocates n numbers in a precision; none for 0.
func (b *workbench) numbers(name string, p layers.Precision, n int) gpu.Range {
	if b.err != nil || n == 0 {
		return gpu.Range{}
	}
	buffer, err := b.Device.NewBuffer(name, gpu.Activations, uint64(p.Bytes())*uint64(n))
	if err != nil {
		b.fail(err)
		return gpu.Range{}
	}
	b.buffers = append(b.buffers, buffer)
	return buffer.All()
}

// filled allocates numbers with values.
func (b *workbench) filled(name string, p layers.Precision, values []float32) gpu.Range {
	r := b.numbers(name, p, len(values))
	if b.err == nil {
		b.fail(r.Buffer.Write(0, p.Encode(values)))
	}
	return r
}

// random allocates n normal numbers.
func (b *workbench) random(name string, p layers.Precision, random *rand.Rand, n int) gpu.Range {
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(random.NormFloat64())
	}
	return b.filled(name, p, values)
}

// program records a list. After an error it is empty, and must not run.
func (b *workbench) program(name string, record func(*layers.Builder)) *layers.Program {
	if b.err != nil {
		return &layers.Program{}
	}
	l := b.Kernels.NewBuilder()
	record(l)
	p, err := l.Finish(name, false)
	if err != nil {
		b.fail(err)
		return &layers.Program{}
	}
	b.programs = append(b.programs, p)
	return p
}

// run runs a list once.
func (b *workbench) run(p *layers.Program) {
	if b.err == nil {
		b.fail(p.Run())
	}
}

// check compares numbers on the device with what they must be.
func (b *workbench) check(what string, r gpu.Range, n int, want func(i int) float32) {
	if b.err != nil {
		return
	}
	values := make([]float32, n)
	b.fail(r.Buffer.ReadFloats(0, values))
	for i, got := range values {
		if b.err == nil && got != want(i) {
			b.fail(fmt.Errorf("%s: number %d of %d is %v, must be %v: the device computes wrongly, see dvn-vk verify --ops", what, i, n, got, want(i)))
		}
	}
}
