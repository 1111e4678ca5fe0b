package conformance

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// trial is a case in the making: it draws numbers and lays out tensors.
type trial struct {
	*rand.Rand
	index   int  // of the case in its family
	halves  bool // see family
	memory  *memory
	kernels *layers.Kernels
	builder *layers.Builder
}

func newTrial(c testCase, f family, m *memory, k *layers.Kernels, b *layers.Builder) *trial {
	random := rand.New(rand.NewPCG(uint64(c.family), uint64(c.index)))
	return &trial{Rand: random, index: c.index, halves: f.halves, memory: m, kernels: k, builder: b}
}

// describe names the case in messages.
func (t *trial) describe(format string, arguments ...any) {
	t.memory.slot().what = fmt.Sprintf("case %d, ", t.index) + fmt.Sprintf(format, arguments...)
}

// between draws from low to high, both included.
func (t *trial) between(low, high int) int { return low + t.IntN(high-low+1) }

// chance is true in one of n draws.
func (t *trial) chance(n int) bool { return t.IntN(n) == 0 }

// halfSteps is the number of steps from 0 to 1 of numbers that a 16-bit float, of 11 bits, holds exactly.
const halfSteps = 1 << 10

// numbers draws float32 numbers from -1 to 1.
func (t *trial) numbers(n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = float64(float32(2*t.Float64() - 1))
		if t.halves {
			v[i] = math.Round(v[i]*halfSteps) / halfSteps
		}
	}
	return v
}

// tensor draws activations.
func (t *trial) tensor(images, size, maps int) layers.Tensor {
	return layers.Tensor{Images: images, Size: size, Maps: maps, V: t.stored(t.numbers(images * size * size * maps))}
}

// stored rounds numbers to what activations hold.
func (t *trial) stored(values []float64) []float64 {
	if t.memory.halves {
		return halves(values)
	}
	return values
}

// halves rounds to binary16.
func halves(values []float64) []float64 {
	rounded := make([]float64, len(values))
	for i, v := range values {
		rounded[i] = float64(layers.FromHalf(layers.ToHalf(float32(v))))
	}
	return rounded
}

func (t *trial) reserve(name string, floats int) (at int, r gpu.Range) {
	at = t.memory.reserve(name, floats, t.between(0, leastGap))
	return at, t.memory.buffer.Part(4*uint64(at), 4*uint64(floats))
}

// input lays out numbers that an operation reads.
func (t *trial) input(name string, values []float64) gpu.Range {
	at, r := t.reserve(name, len(values))
	for i, v := range values {
		t.memory.before[at+i] = float32(v)
	}
	return r
}

// integers lays out 32-bit integers.
func (t *trial) integers(name string, values []int32) gpu.Range {
	at, r := t.reserve(name, len(values))
	for i, v := range values {
		t.memory.before[at+i] = math.Float32frombits(uint32(v))
	}
	return r
}

// mapIndices lays out the maps behind a head's maps.
func (t *trial) mapIndices(name string, values []int32) layers.MapIndices {
	return layers.MapIndices{Range: t.integers(name, values), Run: layers.MapRun(values)}
}

// scratch is memory that operations may use as they like.
func (t *trial) scratch(name string, floats int) gpu.Range {
	at, r := t.reserve(name, floats)
	for i := range floats {
		t.memory.uses[at+i] = free
	}
	return r
}

// output lays out NaNs, of which expect says what they become; what it does not mention stays.
func (t *trial) output(name string, floats int) gpu.Range {
	_, r := t.reserve(name, floats)
	return r
}

// activations lays out a tensor with a halo of zeros.
func (t *trial) activations(name string, x layers.Tensor) layers.Activations {
	a := t.halo(name, x.Images, x.Size, x.Maps)
	for k, at := range positions(a) {
		t.memory.setActivation(at, float32(x.V[k]))
	}
	return a
}

// blank lays out NaNs with a halo of zeros.
func (t *trial) blank(name string, images, size, maps int) layers.Activations {
	a := t.halo(name, images, size, maps)
	for _, at := range positions(a) {
		t.memory.before[t.memory.place(at)] = math.Float32frombits(poisonPattern)
	}
	return a
}

func (t *trial) halo(name string, images, size, maps int) layers.Activations {
	a := layers.Activations{Precision: t.kernels.Precision(), Images: images, Size: size, Maps: maps}
	at, r := t.reserve(name, images*(size+2)*(size+2)*maps*a.Precision.Bytes()/4)
	clear(t.memory.before[at : at+int(r.Size/4)])
	a.Range = r
	return a
}

// positions lists where the numbers inside the halo lie in memory, counted in numbers of their size, in the order of
// layers.Tensor.
func positions(a layers.Activations) []int {
	var at []int
	row := a.Size + 2
	for n := range a.Images {
		for i := range a.Size {
			for k := range a.Size * a.Maps {
				at = append(at, int(a.Offset)/a.Precision.Bytes()+((n*row+i+1)*row+1)*a.Maps+k)
			}
		}
	}
	return at
}

// expect says what numbers a range must hold afterwards, a row of its shape after another.
func (t *trial) expect(name string, r gpu.Range, shape []int, want, magnitude []float64, allowed float64) {
	at := make([]int, len(want))
	for k := range at {
		at[k] = int(r.Offset/4) + k
	}
	t.check(check{name: name, shape: shape, at: at, want: want, magnitude: magnitude, allowed: allowed})
}

// expectActivations says what must be inside a halo.
func (t *trial) expectActivations(name string, a layers.Activations, want, magnitude layers.Tensor, allowed float64) {
	shape := []int{a.Images, a.Size, a.Size, a.Maps}
	t.check(check{name: name, shape: shape, halves: t.memory.halves, at: positions(a), want: want.V, magnitude: magnitude.V, allowed: allowed})
}

// expectSome says what some of a range's numbers must be, given all of them; the others stay.
func (t *trial) expectSome(name string, r gpu.Range, some []int, want, magnitude []float64, allowed float64) {
	c := check{name: name, start: int(r.Offset / 4), allowed: allowed}
	for _, k := range some {
		c.at = append(c.at, int(r.Offset/4)+k)
		c.want, c.magnitude = append(c.want, want[k]), append(c.magnitude, magnitude[k])
	}
	t.check(c)
}

func (t *trial) check(c check) {
	if len(c.at) != len(c.want) || len(c.at) != len(c.magnitude) {
		panic(fmt.Sprintf("conformance: %s: %d places, %d numbers, %d magnitudes", c.name, len(c.at), len(c.want), len(c.magnitude)))
	}
	for _, at := range c.at {
		if c.halves {
			at /= 2
		}
		t.memory.uses[at] = checked
	}
	c.what = t.memory.slot().what
	t.memory.slot().checks = append(t.memory.slot().checks, c)
}

// absolute takes the absolute value of every number: a reference of absolute values is the magnitude of its sums.
func absolute(values []float64) []float64 {
	a := make([]float64, len(values))
	for i, v := range values {
		a[i] = math.Abs(v)
	}
	return a
}

func absoluteTensor(x layers.Tensor) layers.Tensor {
	x.V = absolute(x.V)
	return x
}
