package layers

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/gpu/ondevice"
)

// physical is a convolution of three units, with weights, and what heads of it are given.
type physical struct {
	Conv
	w []float64
}

func newPhysical(r *rand.Rand, stride int) physical {
	c := Conv{
		Name: "conv", Kernel: 3, Stride: stride, InSize: 9,
		In: NewMaps([]int{0, 4, 14, 31}, UnitPad), Out: NewMaps([]int{0, 9, 15, 26}, UnitPad),
	}
	return physical{c, random(r, c.Weights())}
}

// cut is the convolution that holds the units of a set and nothing else, and its weights.
func (p physical) cut(set UnitSet) physical {
	alone := p.Conv
	alone.In, alone.Out = only(p.In, set), only(p.Out, set)
	I, O := p.In.Physical(set), p.Out.Physical(set)
	w := make([]float64, alone.Weights())
	for o := range O {
		for a := range p.Kernel {
			for b := range p.Kernel {
				for i := range I {
					w[alone.weight(o, a, b, i)] = p.w[p.weight(O[o], a, b, I[i])]
				}
			}
		}
	}
	return physical{alone, w}
}

// only are a layer's maps without the units that are not in the set: these have width 0.
func only(m Maps, set UnitSet) Maps {
	boundaries := []int{0}
	for u := 1; u <= m.Units(); u++ {
		width := 0
		if set.Has(u) {
			width = m.Real[u] - m.Real[u-1]
		}
		boundaries = append(boundaries, boundaries[u-1]+width)
	}
	return NewMaps(boundaries, UnitPad)
}

func allBlocks() Blocks {
	var blocks Blocks
	for u := range blocks {
		blocks[u] = math.MaxUint16
	}
	return blocks
}

// convolved are the three passes of a convolution over heads that see x, and get dy.
type convolved struct {
	y, dx [][]float32
	g     []float32
}

func (b *bench) convolve(p physical, sets []UnitSet, x, dy []Tensor) convolved {
	b.t.Helper()
	w, g := b.floats(p.w), b.empty(len(p.w))
	var forward, backward, weights []ConvHead
	for i, set := range sets {
		ax, ady := b.activations(x[i]), b.activations(dy[i])
		ay, adx := b.blank(dy[i].Images, dy[i].Size, dy[i].Maps), b.blank(x[i].Images, x[i].Size, x[i].Maps)
		forward = append(forward, ConvHead{In: set, Out: set, X: ax, Y: ay})
		backward = append(backward, ConvHead{In: set, Out: set, X: adx, Y: ady})
		weights = append(weights, ConvHead{In: set, Out: set, X: ax, Y: ady})
	}
	if n := b.ConvScratch(BackwardWeights, p.Conv, weights, allBlocks()); n > 0 {
		p.Memory.Scratch[BackwardWeights] = b.empty(n)
	}
	b.run(func(builder *Builder) {
		builder.ConvForward(p.Conv, w, forward, nil)
		builder.ConvBackwardData(p.Conv, w, backward)
		builder.ConvBackwardWeights(p.Conv, g, weights, allBlocks())
	})
	var out convolved
	for i := range sets {
		out.y, out.dx = append(out.y, b.inside(forward[i].Y)), append(out.dx, b.inside(backward[i].X))
		finite(b.t, "y", out.y[i])
		finite(b.t, "dx", out.dx[i])
	}
	out.g = b.read(g)
	return out
}

func (p physical) tensors(r *rand.Rand, set UnitSet, images int) (x, dy Tensor) {
	return randomTensor(r, images, p.InSize, p.In.Width(set)), randomTensor(r, images, p.OutSize(), p.Out.Width(set))
}

func TestALevelInsideABiggerNetworkEqualsTheLevelAlone(t *testing.T) {
	ondevice.Run(t, func(t *testing.T, d *gpu.Device) {
		b := newBench(t, d)
		kernels := append([]Variants{{}}, b.everyTile()...)
		for i, set := range []UnitSet{NewUnitSet(1), NewUnitSet(3), NewUnitSet(1, 3), NewUnitSet(2, 3)} {
			for j, variants := range kernels {
				stride := 1 + (i+j)%2
				r := rand.New(rand.NewPCG(uint64(stride), uint64(set)))
				p := newPhysical(r, stride)
				p.Variants = variants
				x, dy := p.tensors(r, set, 5)
				inside := b.convolve(p, []UnitSet{set}, []Tensor{x}, []Tensor{dy})
				small := p.cut(set)
				alone := b.convolve(small, []UnitSet{set}, []Tensor{x}, []Tensor{dy})
				sameBits(t, "y", inside.y[0], alone.y[0])
				sameBits(t, "dx", inside.dx[0], alone.dx[0])
				finite(t, "the level's own gradient", alone.g)
				I, O := p.In.Physical(set), p.Out.Physical(set)
				var picked []float32
				for o := range O {
					for tap := range 9 {
						for i := range I {
							picked = append(picked, inside.g[p.weight(O[o], tap/3, tap%3, I[i])])
						}
					}
				}
				sameBits(t, "g", picked, alone.g)
			}
		}
	})
}

func TestHeadsInOneDispatchEqualHeadsAlone(t *testing.T) {
	ondevice.Run(t, func(t *testing.T, d *gpu.Device) {
		b, r := newBench(t, d), rand.New(rand.NewPCG(3, 3))
		p := newPhysical(r, 1)
		sets := []UnitSet{NewUnitSet(1), NewUnitSet(2), NewUnitSet(1, 2, 3), NewUnitSet(1, 3)}
		var xs, dys []Tensor
		for i, set := range sets {
			x, dy := p.tensors(r, set, 1+i)
			xs, dys = append(xs, x), append(dys, dy)
		}
		for _, p.Variants = range append([]Variants{{}}, b.everyTile()...) {
			together := b.convolve(p, sets, xs, dys)
			want, magnitude := make([]float64, len(p.w)), make([]float64, len(p.w))
			for i, set := range sets {
				alone := b.convolve(p, []UnitSet{set}, xs[i:i+1], dys[i:i+1])
				sameBits(t, "y", together.y[i], alone.y[0])
				sameBits(t, "dx", together.dx[i], alone.dx[0])
				for k, g := range alone.g {
					if !math.IsNaN(float64(g)) { // blocks that the head does not hold
						want[k] += float64(g)
						magnitude[k] += math.Abs(float64(g))
					}
				}
			}
			for k, got := range together.g { // eq. 5
				if math.Abs(float64(got)-want[k]) > 1e-5*(magnitude[k]+1) {
					t.Fatalf("weight %d: gradient %g, the heads' gradients add up to %g", k, got, want[k])
				}
			}
		}
	})
}

func TestPermutedImagesGivePermutedResults(t *testing.T) {
	ondevice.Run(t, func(t *testing.T, d *gpu.Device) {
		b, r := newBench(t, d), rand.New(rand.NewPCG(4, 4))
		p, set := newPhysical(r, 1), NewUnitSet(1, 2)
		x, dy := p.tensors(r, set, 4)
		order := []int{2, 0, 3, 1}
		permuted := func(t Tensor) Tensor {
			of, one := NewTensor(t.Images, t.Size, t.Maps), len(t.V)/t.Images
			for to, from := range order {
				copy(of.V[to*one:(to+1)*one], t.V[from*one:])
			}
			return of
		}
		before := b.convolve(p, []UnitSet{set}, []Tensor{x}, []Tensor{dy})
		after := b.convolve(p, []UnitSet{set}, []Tensor{permuted(x)}, []Tensor{permuted(dy)})
		for _, c := range []struct {
			name          string
			before, after []float32
		}{{"y", before.y[0], after.y[0]}, {"dx", before.dx[0], after.dx[0]}} {
			one := len(c.before) / len(order)
			for to, from := range order {
				sameBits(t, c.name, c.after[to*one:(to+1)*one], c.before[from*one:(from+1)*one])
			}
		}
	})
}

// Padding needs no masks: zero weights, gamma and beta give zero activations, whatever the statistics, and zero gradients.
func TestPaddingStaysZero(t *testing.T) {
	ondevice.Run(t, func(t *testing.T, d *gpu.Device) {
		b, r := newBench(t, d), rand.New(rand.NewPCG(5, 5))
		p, set := newPhysical(r, 1), NewUnitSet(1, 3)
		paddedIn, paddedOut := padding(p.In, set), padding(p.Out, set)
		if len(paddedIn) == 0 || len(paddedOut) == 0 {
			t.Fatal("the layer has no padding")
		}
		x, dy := p.tensors(r, set, 3)
		clearMaps(x, paddedIn)
		clearMaps(dy, paddedOut)
		I, O := p.In.Physical(set), p.Out.Physical(set)
		zero := map[int]bool{} // weights
		for o := range p.Out.Total() {
			for tap := range 9 {
				for _, c := range paddedIn {
					zero[p.weight(o, tap/3, tap%3, I[c])] = true
				}
			}
		}
		for _, o := range paddedOut {
			for k := range p.In.Total() * 9 {
				zero[p.weight(O[o], 0, 0, 0)+k] = true
			}
		}
		for k := range zero {
			p.w[k] = 0
		}
		got := b.convolve(p, []UnitSet{set}, []Tensor{x}, []Tensor{dy})
		for _, c := range []struct {
			name   string
			values []float32
			padded []int
			maps   int
		}{{"y", got.y[0], paddedOut, dy.Maps}, {"dx", got.dx[0], paddedIn, x.Maps}} {
			for k := range len(c.values) / c.maps {
				for _, m := range c.padded {
					if v := c.values[k*c.maps+m]; v != 0 {
						t.Fatalf("%s: padded map %d is %g at pixel %d", c.name, m, v, k)
					}
				}
			}
		}
		for k := range zero {
			if g := got.g[k]; g != 0 && !math.IsNaN(float64(g)) {
				t.Fatalf("the gradient of padding is %g at %d", g, k)
			}
		}
	})
}

// padding lists a head's own maps that are none of the network's.
func padding(m Maps, set UnitSet) []int {
	real := map[int]bool{}
	for _, at := range m.Positions(set) {
		real[at] = true
	}
	var padded []int
	for c := range m.Width(set) {
		if !real[c] {
			padded = append(padded, c)
		}
	}
	return padded
}

func clearMaps(x Tensor, maps []int) {
	x.each(func(n, i, j, c int) {
		for _, m := range maps {
			if c == m {
				x.V[x.Index(n, i, j, c)] = 0
			}
		}
	})
}
