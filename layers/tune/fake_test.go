package tune

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/dvn-vk/dvn-vk/layers"
)

// fake is a candidate that a test makes up: right, unless it says otherwise.
type fake struct {
	pass    time.Duration // of the whole smallCase of size 5, others in proportion to their work
	prepare time.Duration
	fits    error
	fails   func(run int) error             // in a run, counted from 1
	spoils  func(output []float32, run int) // what it gets wrong
}

// fakeBed is a device of fake candidates, whose clock advances only while they run.
type fakeBed struct {
	fakes   map[layers.Variant]fake
	order   []layers.Variant
	prefers layers.Variant
	clock   time.Time
	runs    map[layers.Variant]int
	opened  int // sites that are not closed
	images  []int
}

func newFakeBed(t *testing.T, fakes map[layers.Variant]fake) *fakeBed {
	b := &fakeBed{fakes: fakes, prefers: layers.Flat, clock: time.Unix(0, 0), runs: map[layers.Variant]int{}}
	for v := range fakes {
		b.order = append(b.order, v)
	}
	slices.Sort(b.order)
	t.Cleanup(func() {
		if b.opened != 0 {
			t.Errorf("%d sites are left open", b.opened)
		}
	})
	return b
}

func (b *fakeBed) now() time.Time                                 { return b.clock }
func (b *fakeBed) candidates(layers.ConvCase) []layers.Variant    { return b.order }
func (b *fakeBed) preferred(layers.ConvCase) layers.Variant       { return b.prefers }
func (b *fakeBed) fits(_ layers.ConvCase, v layers.Variant) error { return b.fakes[v].fits }

func (b *fakeBed) open(o operands) (site, error) {
	b.opened++
	images := 0
	for _, h := range o.Heads {
		images += h.X.Images
	}
	b.images = append(b.images, images)
	return &fakeSite{bed: b, scale: o.FLOPs() / smallCase(o.Pass, 5).FLOPs(), right: reference(o)}, nil
}

type fakeSite struct {
	bed         *fakeBed
	scale       float64
	right, last []float32
}

func (s *fakeSite) run(v layers.Variant) (lap, error) {
	f, n := s.bed.fakes[v], s.bed.runs[v]+1
	s.bed.runs[v] = n
	if f.fails != nil {
		if err := f.fails(n); err != nil {
			return lap{}, err
		}
	}
	l := lap{f.prepare, time.Duration(s.scale * float64(f.pass))}
	s.bed.clock = s.bed.clock.Add(l.preparation + l.pass)
	s.last = slices.Clone(s.right)
	if f.spoils != nil {
		f.spoils(s.last, n)
	}
	return l, nil
}

func (s *fakeSite) poison() error              { return nil }
func (s *fakeSite) output() ([]float32, error) { return s.last, nil }
func (s *fakeSite) close()                     { s.bed.opened-- }

// smallCase is a pass of two heads of 9 and 6 images on layers of two units.
func smallCase(p layers.Pass, size int) layers.ConvCase { return smallCaseIn(layers.FP32, p, size) }

func smallCaseIn(precision layers.Precision, p layers.Pass, size int) layers.ConvCase {
	c := layers.ConvCase{
		Pass:   p,
		Conv:   layers.Conv{Name: "conv", In: layers.NewMaps([]int{0, 2, 5}, 2), Out: layers.NewMaps([]int{0, 3, 4}, 2), Kernel: 3, Stride: 1, InSize: size},
		Blocks: layers.Blocks{0b01, 0b11},
	}
	for i, units := range []layers.UnitSet{0b01, 0b11} {
		n := 9 - 3*i
		c.Heads = append(c.Heads, layers.ConvHead{
			In: units, Out: units,
			X: layers.Activations{Precision: precision, Images: n, Size: size, Maps: c.Conv.In.Width(units)},
			Y: layers.Activations{Precision: precision, Images: n, Size: c.Conv.OutSize(), Maps: c.Conv.Out.Width(units)},
		})
	}
	return c
}

// reference is a case's whole output, with NaN wherever nothing is to be written.
func reference(o operands) []float32 {
	w := make([]float64, o.Conv.Weights())
	for k := range w {
		w[k] = o.weight(k)
	}
	var out []float32
	g := make([]float64, len(w))
	for i, h := range o.Heads {
		x, y := filled(h.X, o.x(i)), filled(h.Y, o.y(i))
		switch o.Pass {
		case layers.Forward:
			out = append(out, haloed(h.Y, layers.ConvForwardRef(o.Conv, h.In, h.Out, x, w))...)
		case layers.BackwardData:
			out = append(out, haloed(h.X, layers.ConvBackwardDataRef(o.Conv, h.In, h.Out, y, w))...)
		default:
			layers.ConvBackwardWeightsRef(o.Conv, h.In, h.Out, o.Blocks, x, y, g)
		}
	}
	if o.Pass != layers.BackwardWeights {
		return out
	}
	for k, sum := range g {
		out = append(out, float32(sum))
		if sum == 0 {
			out[k] = nan()
		}
	}
	return out
}

func nan() float32 { return float32(math.NaN()) }

func filled(a layers.Activations, at func(n, i, j, c int) float64) layers.Tensor {
	t := layers.NewTensor(a.Images, a.Size, a.Maps)
	for k := range t.V {
		t.V[k] = at(k/(a.Size*a.Size*a.Maps), k/(a.Size*a.Maps)%a.Size, k/a.Maps%a.Size, k%a.Maps)
	}
	return t
}

func haloed(a layers.Activations, t layers.Tensor) []float32 {
	out := slices.Repeat([]float32{nan()}, a.Len())
	for k, v := range t.V {
		out[place(a, k/(a.Size*a.Size*a.Maps), k/(a.Size*a.Maps)%a.Size, k/a.Maps%a.Size, k%a.Maps)] = float32(v)
	}
	return a.Precision.Decode(a.Precision.Encode(out))
}
