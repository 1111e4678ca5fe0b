package layers

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/gpu/ondevice"
)

// lossScale puts a state on the device.
func (b *bench) lossScale(s LossScale) gpu.Range {
	var words []float64
	for _, bits := range []uint32{math.Float32bits(s.Scale), s.Good, s.Skipped, s.Overflow} {
		words = append(words, float64(math.Float32frombits(bits))) // counts are small: numbers below the least that is normal
	}
	return b.floats(words)
}

func (b *bench) readLossScale(r gpu.Range) LossScale {
	v := b.read(r)
	return LossScale{Scale: v[0], Good: math.Float32bits(v[1]), Skipped: math.Float32bits(v[2]), Overflow: math.Float32bits(v[3])}
}

// twoBlocks is a convolution of which one block trains: outputs of unit 1, inputs of unit 2.
func twoBlocks() Segment {
	maps := NewMaps([]int{0, 4, 10}, UnitPad)
	c := Conv{Name: "conv", Kernel: 1, Stride: 1, InSize: 1, In: maps, Out: maps}
	return Segment{Name: "conv", At: 10, Rows: 10, Width: 10, Conv: &c, Blocks: Blocks{0b10}}
}

func TestOnlyGradientsOfWhatTrainsOverflow(t *testing.T) {
	dense := Segment{Name: "dense", At: 120, Rows: 3, Width: 13}
	for _, c := range []struct {
		name     string
		at       int
		value    float64
		overflow uint32
	}{
		{"nothing", 0, 0, 0},
		{"the largest number", 10 + 4, math.MaxFloat32, 0},
		{"infinity in a block that trains", 10 + 3*10 + 9, math.Inf(1), 1},
		{"NaN in a block that trains", 10 + 4, math.NaN(), 1},
		{"infinity in another block of the same row", 10 + 3*10 + 3, math.Inf(1), 0},
		{"infinity in a row that does not train", 10 + 4*10 + 9, math.Inf(1), 0},
		{"minus infinity in the last number", 120 + 38, math.Inf(-1), 1},
		{"infinity between tensors", 115, math.Inf(1), 0},
		{"infinity behind the last", 120 + 39, math.Inf(1), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			ondevice.Run(t, func(t *testing.T, d *gpu.Device) {
				b := newBench(t, d)
				gradients := make([]float64, 160)
				gradients[c.at] = c.value
				want := LossScale{Scale: 8, Good: 5, Skipped: 2, Overflow: c.overflow}
				g, scale := b.floats(gradients), b.lossScale(LossScale{Scale: 8, Good: 5, Skipped: 2})
				b.run(func(l *Builder) { l.CheckGradients([]Segment{twoBlocks(), dense}, g, scale) })
				if diff := cmp.Diff(want, b.readLossScale(scale)); diff != "" {
					t.Errorf("loss scale (-want +got): %s", diff)
				}
			})
		})
	}
}

func TestTheLossScaleFollowsOverflows(t *testing.T) {
	for _, c := range []struct {
		name         string
		before, want LossScale
	}{
		{"a good step", LossScale{Scale: 8, Good: 5, Skipped: 2}, LossScale{Scale: 8, Good: 6, Skipped: 2}},
		{"the last of many", LossScale{Scale: 8, Good: 999, Skipped: 2}, LossScale{Scale: 16, Skipped: 2}},
		{"the last of many at the largest scale", LossScale{Scale: 1 << 24, Good: 999}, LossScale{Scale: 1 << 24}},
		{"an overflow", LossScale{Scale: 8, Good: 5, Skipped: 2, Overflow: 1}, LossScale{Scale: 4, Skipped: 3}},
		{"an overflow at the last of many", LossScale{Scale: 8, Good: 999, Overflow: 1}, LossScale{Scale: 4, Skipped: 1}},
		{"an overflow at the least scale", LossScale{Scale: 1, Overflow: 1}, LossScale{Scale: 1, Skipped: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ondevice.Run(t, func(t *testing.T, d *gpu.Device) {
				b := newBench(t, d)
				scale := b.lossScale(c.before)
				b.run(func(l *Builder) { l.UpdateLossScale(scale) })
				if diff := cmp.Diff(c.want, b.readLossScale(scale)); diff != "" {
					t.Errorf("loss scale (-want +got): %s", diff)
				}
			})
		})
	}
}

func TestAfterAnOverflowNothingChanges(t *testing.T) {
	ondevice.Run(t, func(t *testing.T, d *gpu.Device) {
		b := newBench(t, d)
		ones := make([]float64, 160)
		for i := range ones {
			ones[i] = 1
		}
		for _, overflow := range []uint32{0, 1} {
			w, g, v := b.floats(ones), b.floats(ones), b.floats(ones)
			hyper, scale := b.floats([]float64{0.1, 0.9, 0}), b.lossScale(LossScale{Scale: 8, Overflow: overflow})
			b.run(func(l *Builder) { l.SGD([]Segment{twoBlocks()}, w, g, v, hyper, scale) })
			changed := 0
			for i, value := range append(b.read(w), b.read(v)...) {
				if value != 1 {
					changed++
				}
				if math.IsNaN(float64(value)) {
					t.Fatalf("number %d is NaN", i)
				}
			}
			if want := int(1-overflow) * 2 * 4 * 6; changed != want {
				t.Errorf("overflow %d: %d weights and momenta changed, want %d", overflow, changed, want)
			}
		}
	})
}
