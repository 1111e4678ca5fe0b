package layers

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/gpu/ondevice"
)

func TestEveryHalfComesBack(t *testing.T) {
	for h := range 1 << 16 {
		v := FromHalf(uint16(h))
		got := ToHalf(v)
		if math.IsNaN(float64(v)) {
			if got&0x7c00 != 0x7c00 || got&0x3ff == 0 {
				t.Fatalf("%04x is NaN, but comes back as %04x", h, got)
			}
		} else if got != uint16(h) {
			t.Fatalf("%04x is %v, which comes back as %04x", h, v, got)
		}
	}
}

func TestHalvesAreTheNearest(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 200_000 {
		v := math.Float32frombits(r.Uint32() & 0x7fffffff % 0x477fe000) // below 65504
		h := ToHalf(v)
		off := func(h uint16) float64 { return math.Abs(float64(FromHalf(h)) - float64(v)) }
		for _, other := range []uint16{h - 1, h + 1} {
			if other > 0x7bff {
				continue
			}
			if off(other) < off(h) || off(other) == off(h) && h%2 == 1 {
				t.Fatalf("%v becomes %04x, %04x is nearer, or as near and even", v, h, other)
			}
		}
		if negative := ToHalf(-v); negative != h|0x8000 {
			t.Fatalf("%v becomes %04x, its negative %04x", v, h, negative)
		}
	}
}

func TestNumbersComeBackAsTheyAreStored(t *testing.T) {
	numbers := []float32{1, -0.1, 70000, 0x1p-24}
	for p, want := range map[Precision][]float32{
		"":   numbers,
		FP32: numbers,
		FP16: {1, -0.0999755859375, float32(math.Inf(1)), 0x1p-24},
	} {
		data := p.Encode(numbers)
		if got := p.Decode(data); len(data) != len(numbers)*p.Bytes() || !slices.Equal(got, want) {
			t.Errorf("%q: %d bytes that mean %v, want %v", p, len(data), got, want)
		}
	}
}

func TestHalvesAtTheEdges(t *testing.T) {
	infinity := float32(math.Inf(1))
	for _, c := range []struct {
		v    float32
		want uint16
	}{
		{0, 0}, {float32(math.Copysign(0, -1)), 0x8000}, {1, 0x3c00}, {-2, 0xc000}, {65504, 0x7bff}, {65519, 0x7bff}, {65520, 0x7c00},
		{-1e30, 0xfc00}, {infinity, 0x7c00}, {-infinity, 0xfc00}, {0x1p-24, 1}, {0x1p-25, 0}, {0x1.8p-25, 1}, {0x1p-14, 0x400}, {0x1.ff8p-15, 0x3ff}, {1e-30, 0},
	} {
		t.Run(fmt.Sprint(c.v), func(t *testing.T) {
			if got := ToHalf(c.v); got != c.want {
				t.Errorf("got %04x, want %04x", got, c.want)
			}
		})
	}
}

func TestWithoutHalvesInMemoryFP16IsRefused(t *testing.T) {
	for _, variable := range []string{"DVNVK_DISABLE_16BIT_STORAGE", "DVNVK_DISABLE_FP16"} {
		t.Run(variable, func(t *testing.T) {
			t.Setenv(variable, "1")
			ondevice.Run(t, func(t *testing.T, d *gpu.Device) {
				_, err := NewKernels(d, FP16)
				if err == nil || !strings.Contains(err.Error(), d.Info.Name+" lacks 16-bit storage") || !strings.Contains(err.Error(), "--precision fp32") {
					t.Errorf("got %v, want what the device lacks and what to take", err)
				}
				if _, err := NewKernels(d, FP32); err != nil {
					t.Errorf("fp32: %v", err)
				}
			})
		})
	}
}

func TestUnknownPrecisionsAreNamed(t *testing.T) {
	ondevice.Run(t, func(t *testing.T, d *gpu.Device) {
		if _, err := NewKernels(d, "fp8"); err == nil || !strings.Contains(err.Error(), `precision "fp8"`) {
			t.Errorf("got %v", err)
		}
	})
}

func TestHalvesWithoutTheirMemoryAreRefused(t *testing.T) {
	ondevice.Run(t, func(t *testing.T, d *gpu.Device) {
		if !d.Info.Features.Storage16 {
			t.Skip("the device has no 16-bit storage")
		}
		k, err := NewKernels(d, FP16)
		if err != nil {
			t.Fatal(err)
		}
		c := Conv{Name: "conv", Kernel: 3, Stride: 1, InSize: 4, In: NewMaps([]int{0, 2}, UnitPad), Out: NewMaps([]int{0, 2}, UnitPad)}
		tensor := Activations{Precision: FP16, Images: 1, Size: 4, Maps: 2}
		l := k.NewBuilder()
		l.ConvForward(c, gpu.Range{}, []ConvHead{{In: 1, Out: 1, X: tensor, Y: tensor}}, nil)
		if p, err := l.Finish("test", false); err == nil || !strings.Contains(err.Error(), "weights in halves") {
			p.Close()
			t.Errorf("got %v", err)
		}
	})
}
