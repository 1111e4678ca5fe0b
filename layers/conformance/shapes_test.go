package conformance

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/dvn-vk/dvn-vk/layers"
)

// withoutDevice draws a case's shapes alone.
func withoutDevice(family, index int) *trial {
	m := &memory{slots: make([]slot, 1)}
	return &trial{Rand: rand.New(rand.NewPCG(uint64(family), uint64(index))), index: index, memory: m}
}

// seen counts what occurs.
type seen map[int]int

func (s seen) all(t *testing.T, what string, low, high int) {
	t.Helper()
	for v := low; v <= high; v++ {
		if s[v] == 0 {
			t.Errorf("no case has %s %d", what, v)
		}
	}
}

func TestConvolutionsCoverTheGrid(t *testing.T) {
	for family, f := range families() {
		if !strings.HasPrefix(f.op, "conv ") || f.cases < 100 { // the shorter ones draw in the same way
			continue
		}
		strides, fits := 3, fitsConv
		if f.op == "conv forward with batch-norm" {
			strides, fits = 2, fitsEpilogue
		}
		t.Run(f.op, func(t *testing.T) {
			ins, outs, sizes, images, units, heads, kernels, stride := seen{}, seen{}, seen{}, seen{}, seen{}, seen{}, seen{}, seen{}
			uneven, gaps, absent, differing, fromStem := 0, 0, 0, 0, 0
			for index := range f.cases {
				c := withoutDevice(family, index).drawConv(strides, fits)
				ins[c.In.Real[c.In.Units()]]++
				outs[c.Out.Real[c.Out.Units()]]++
				sizes[c.InSize]++
				units[c.Out.Units()]++
				heads[len(c.heads)]++
				kernels[c.Kernel]++
				stride[c.Stride]++
				uneven += count(c.Out, func(width int) bool { return width%2 == 1 })
				absent += count(c.Out, func(width int) bool { return width == 0 })
				for _, h := range c.heads {
					images[h.images]++
					if h.out.Has(1) && !h.out.Has(2) && h.out.Has(3) {
						gaps++
					}
					if h.images != c.heads[0].images && h.out != c.heads[0].out {
						differing++
					}
					if h.in != h.out {
						fromStem++
					}
				}
			}
			stride.all(t, "stride", 1, strides)
			images.all(t, "batch", 1, mostImages)
			units.all(t, "units", 1, mostUnits)
			heads.all(t, "heads", 1, mostHeads)
			if sizes.all(t, "size", 1, mostSize); kernels[1] == 0 || kernels[3] == 0 {
				t.Errorf("kernels %v", kernels)
			}
			for v := 1; v <= mostMaps; v++ {
				if ins[v]+outs[v] == 0 {
					t.Errorf("no case has %d maps", v)
				}
			}
			for what, n := range map[string]int{
				"units of odd width": uneven, "heads of units that are not neighbours": gaps, "absent units": absent,
				"heads with other units and another batch than the first": differing, "layers that read the stem": fromStem,
			} {
				if n == 0 {
					t.Errorf("no case has %s", what)
				}
			}
		})
	}
}

func count(m layers.Maps, fits func(width int) bool) (n int) {
	for u := 1; u <= m.Units(); u++ {
		if fits(m.Real[u] - m.Real[u-1]) {
			n++
		}
	}
	return n
}

func TestPassesCoverTheGrid(t *testing.T) {
	sizes, maps, images, heads := seen{}, seen{}, seen{}, seen{}
	for index := range 3 * mostMaps {
		shapes := withoutDevice(0, index).shapes()
		sizes[shapes[0].size]++
		maps[shapes[0].layer.Real[shapes[0].layer.Units()]]++
		heads[len(shapes)]++
		for _, s := range shapes {
			images[s.images]++
		}
	}
	sizes.all(t, "size", 1, mostSize)
	maps.all(t, "maps", 1, mostMaps)
	images.all(t, "batch", 1, mostImages)
	heads.all(t, "heads", 1, mostHeads)
}

func TestDividedMapsAreThoseOfTheShares(t *testing.T) {
	for index := range 200 {
		trial := withoutDevice(1, index)
		maps, units := trial.between(1, mostMaps), trial.between(1, mostUnits)
		m := trial.divide(maps, units)
		if m.Units() != units || m.Real[0] != 0 || m.Real[units] != maps {
			t.Fatalf("%d maps in %d units: boundaries %v", maps, units, m.Real)
		}
		for u := 1; u <= units; u++ {
			if m.Real[u] < m.Real[u-1] {
				t.Fatalf("%d maps in %d units: boundaries %v fall", maps, units, m.Real)
			}
		}
	}
}
