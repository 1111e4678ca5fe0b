package layers

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/dvn-vk/dvn-vk/gpu"
)

// The benchmarks run for four heads of two units, 8 images each, on the device that DVNVK_DEVICE names or that is chosen by
// itself.
const benchmarkImages = 8

var benchmarkHeads = []UnitSet{NewUnitSet(1), AllUnits(2), NewUnitSet(2), AllUnits(2)}

// onChosenDevice opens it.
func onChosenDevice(b *testing.B) *bench {
	b.Helper()
	instance, err := gpu.NewInstance()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(instance.Close)
	info, _, err := instance.Choose("")
	if err != nil {
		b.Fatal(err)
	}
	d, err := instance.Open(info)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := d.Close(); err != nil {
			b.Error(err)
		}
	})
	return newBench(b, d)
}

// repeat runs a list again and again, and reports how much of amount it gets done in a second.
func (b *bench) repeat(t *testing.B, name string, amount float64, unit string, record func(*Builder)) {
	t.Run(name, func(t *testing.B) {
		l := b.NewBuilder()
		record(l)
		program, err := l.Finish(name, false)
		if err != nil {
			t.Fatal(err)
		}
		defer program.Close()
		for t.Loop() {
			if err := program.Run(); err != nil {
				t.Fatal(err)
			}
		}
		t.ReportMetric(amount*float64(t.N)/t.Elapsed().Seconds()/1e9, unit)
	})
}

func BenchmarkConvolutions(b *testing.B) {
	k, r := onChosenDevice(b), rand.New(rand.NewPCG(1, 1))
	for _, s := range []struct{ maps, size, stride int }{{16, 32, 1}, {64, 32, 1}, {128, 16, 1}, {256, 8, 1}, {64, 32, 2}} {
		m := NewMaps([]int{0, s.maps / 2, s.maps}, UnitPad)
		c := Conv{Name: "conv", In: m, Out: m, Kernel: 3, Stride: s.stride, InSize: s.size}
		w, g := k.floats(random(r, c.Weights())), k.empty(c.Weights())
		var heads []ConvHead
		flops := 0.0
		for _, set := range benchmarkHeads {
			x := k.activations(randomTensor(r, benchmarkImages, c.InSize, c.In.Width(set)))
			y := k.activations(randomTensor(r, benchmarkImages, c.OutSize(), c.Out.Width(set)))
			h := ConvHead{In: set, Out: set, X: x, Y: y}
			heads, flops = append(heads, h), flops+c.flops(h)
		}
		c.Memory.Scratch[BackwardWeights] = k.empty(max(1, k.ConvScratch(BackwardWeights, c, heads, allBlocks())))
		b.Run(fmt.Sprintf("%d maps %dx%d stride %d", s.maps, s.size, s.size, s.stride), func(b *testing.B) {
			k.repeat(b, "forward", flops, "GFLOP/s", func(l *Builder) { l.ConvForward(c, w, heads, nil) })
			k.repeat(b, "backward data", flops, "GFLOP/s", func(l *Builder) { l.ConvBackwardData(c, w, heads) })
			k.repeat(b, "backward weights", flops, "GFLOP/s", func(l *Builder) { l.ConvBackwardWeights(c, g, heads, allBlocks()) })
		})
	}
}

func BenchmarkBatchNorm(b *testing.B) {
	k, r := onChosenDevice(b), rand.New(rand.NewPCG(1, 1))
	const size = 32
	m := NewMaps([]int{0, 32, 64}, UnitPad)
	var heads []NormHead
	bytes := 0.0
	for _, set := range benchmarkHeads {
		maps := m.Width(set)
		tensor := func() Activations { return k.activations(randomTensor(r, benchmarkImages, size, maps)) }
		heads = append(heads, NormHead{
			Norm: Norm{Maps: maps, Table: k.floats(random(r, NormTableFloats(maps))), Partials: k.empty(k.NormPartials(benchmarkImages, size, maps))},
			X:    tensor(), Y: tensor(), DY: tensor(), DX: tensor(),
		})
		bytes += heads[len(heads)-1].X.inside()
	}
	k.repeat(b, "statistics", bytes, "GB/s", func(l *Builder) { l.Statistics("norm", heads) })
	k.repeat(b, "apply", 2*bytes, "GB/s", func(l *Builder) { l.Apply("norm", heads, 1) })
	k.repeat(b, "backward sums", 3*bytes, "GB/s", func(l *Builder) { l.BackwardSums("norm", heads) })
	k.repeat(b, "backward apply", 4*bytes, "GB/s", func(l *Builder) { l.BackwardApply("norm", heads) })
}
