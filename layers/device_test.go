package layers

import (
	"math"
	"slices"
	"testing"

	"github.com/dvn-vk/dvn-vk/gpu"
)

// bench is a device with the buffers that a test makes on it.
type bench struct {
	*Kernels
	t       testing.TB
	buffers []*gpu.Buffer
}

func newBench(t testing.TB, d *gpu.Device) *bench {
	t.Helper()
	k, err := NewKernels(d, FP32)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{Kernels: k, t: t}
	t.Cleanup(func() { freeAll(b.buffers) })
	return b
}

// floats puts numbers on the device.
func (b *bench) floats(values []float64) gpu.Range {
	b.t.Helper()
	buffer, err := b.Device.NewBuffer("test", gpu.Activations, uint64(4*len(values)))
	if err != nil {
		b.t.Fatal(err)
	}
	b.buffers = append(b.buffers, buffer)
	numbers := make([]float32, len(values))
	for i, v := range values {
		numbers[i] = float32(v)
	}
	if err := buffer.WriteFloats(0, numbers); err != nil {
		b.t.Fatal(err)
	}
	return buffer.All()
}

// empty is memory of NaNs.
func (b *bench) empty(floats int) gpu.Range {
	b.t.Helper()
	return b.floats(slices.Repeat([]float64{math.NaN()}, floats))
}

// activations puts a tensor on the device, in a halo of zeros.
func (b *bench) activations(x Tensor) Activations {
	b.t.Helper()
	padded := make([]float64, x.Images*(x.Size+2)*(x.Size+2)*x.Maps)
	x.each(func(n, i, j, c int) { padded[haloIndex(x, n, i, j, c)] = x.At(n, i, j, c) })
	return Activations{Range: b.floats(padded), Images: x.Images, Size: x.Size, Maps: x.Maps}
}

// blank is a tensor of NaNs in a halo of zeros.
func (b *bench) blank(images, size, maps int) Activations {
	b.t.Helper()
	x := NewTensor(images, size, maps)
	for i := range x.V {
		x.V[i] = math.NaN()
	}
	return b.activations(x)
}

func haloIndex(x Tensor, n, i, j, c int) int {
	return ((n*(x.Size+2)+i+1)*(x.Size+2)+j+1)*x.Maps + c
}

func (b *bench) read(r gpu.Range) []float32 {
	b.t.Helper()
	values := make([]float32, r.Size/4)
	if err := r.Buffer.ReadFloats(int(r.Offset/4), values); err != nil {
		b.t.Fatal(err)
	}
	return values
}

// inside reads a tensor without its halo.
func (b *bench) inside(a Activations) []float32 {
	b.t.Helper()
	all, x := b.read(a.Range), Tensor{Images: a.Images, Size: a.Size, Maps: a.Maps}
	var values []float32
	x.each(func(n, i, j, c int) { values = append(values, all[haloIndex(x, n, i, j, c)]) })
	return values
}

// run records a list and runs it; it returns the number of dispatches.
func (b *bench) run(record func(*Builder)) int {
	b.t.Helper()
	builder := b.NewBuilder()
	record(builder)
	program, err := builder.Finish("test", false)
	if err != nil {
		b.t.Fatal(err)
	}
	defer program.Close()
	if err := program.Run(); err != nil {
		b.t.Fatal(err)
	}
	return program.Len()
}

// sameBits compares numbers by their bits.
func sameBits(t testing.TB, what string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) || len(want) == 0 {
		t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("%s: number %d of %d is %v, want %v to the bit", what, i, len(want), got[i], want[i])
		}
	}
}

// finite fails where something was not written.
func finite(t testing.TB, what string, values []float32) {
	t.Helper()
	for i, v := range values {
		if math.IsNaN(float64(v)) {
			t.Fatalf("%s: number %d of %d was not written", what, i, len(values))
		}
	}
}
