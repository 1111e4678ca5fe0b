package layers

import (
	"testing"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/gpu/ondevice"
)

func TestMultiplyAddsAreAllDone(t *testing.T) {
	ondevice.Run(t, func(t *testing.T, d *gpu.Device) {
		b := newBench(t, d)
		for _, c := range []struct {
			name    string
			ceiling FMACeiling
			matrix  bool
		}{
			{"none", FMACeiling{Groups: 1}, false},
			{"fp32", FMACeiling{Groups: 3, Turns: 5}, false},
			{"fp32, as many as can be counted", FMACeiling{Groups: 2, Turns: FMACeiling{}.MaxTurns()}, false},
			{"fp16", FMACeiling{Groups: 3, Turns: 5, Half: true}, false},
			{"fp16, as many as can be counted", FMACeiling{Groups: 2, Turns: FMACeiling{Half: true}.MaxTurns(), Half: true}, false},
			{"matrix", FMACeiling{Groups: 3, Turns: 5}, true},
		} {
			t.Run(c.name, func(t *testing.T) {
				if c.ceiling.Half && !d.Info.Features.Float16 {
					t.Skip("the device has no fp16")
				}
				if c.matrix {
					shape, ok := b.MatrixCeiling()
					if !ok {
						t.Skip("the device has no matrix units")
					}
					c.ceiling.Matrix = shape
				}
				to := b.empty(c.ceiling.Floats(b.Kernels))
				b.run(func(l *Builder) { l.FMACeiling(c.ceiling, to) })
				for i, got := range b.read(to) {
					if want := c.ceiling.Result(); got != want {
						t.Fatalf("result %d is %v, want %v", i, got, want)
					}
				}
			})
		}
	})
}

func TestTheWholeOfACopyIsThere(t *testing.T) {
	ondevice.Run(t, func(t *testing.T, d *gpu.Device) {
		b := newBench(t, d)
		values := make([]float64, 3*b.CopyCeilingBytes()/4)
		for i := range values {
			values[i] = float64(i)
		}
		from, to := b.floats(values), b.empty(len(values))
		b.run(func(l *Builder) { l.CopyCeiling(from, to, 2) })
		sameBits(t, "copy", b.read(to), b.read(from))
	})
}

func TestCeilingsThatCannotBeAreRefused(t *testing.T) {
	ondevice.Run(t, func(t *testing.T, d *gpu.Device) {
		b := newBench(t, d)
		chunk := b.empty(int(b.CopyCeilingBytes() / 4))
		for name, record := range map[string]func(*Builder){
			"too many turns":         func(l *Builder) { l.FMACeiling(FMACeiling{Groups: 1, Turns: 1 + FMACeiling{}.MaxTurns()}, chunk) },
			"results without room":   func(l *Builder) { l.FMACeiling(FMACeiling{Groups: 1000, Turns: 1}, chunk) },
			"a part of a chunk":      func(l *Builder) { l.CopyCeiling(chunk.Buffer.Part(0, 8), chunk.Buffer.Part(8, 8), 1) },
			"a copy of another size": func(l *Builder) { l.CopyCeiling(chunk, chunk.Buffer.Part(0, 8), 1) },
		} {
			l := b.NewBuilder()
			record(l)
			if p, err := l.Finish(name, false); err == nil {
				p.Close()
				t.Errorf("%s: it was recorded", name)
			}
		}
	})
}
