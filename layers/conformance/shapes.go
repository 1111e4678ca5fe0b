package conformance

import (
	"fmt"
	"strings"

	"github.com/dvn-vk/dvn-vk/layers"
)

// The grid's extremes.
const (
	mostMaps   = 70
	mostImages = 9
	mostSize   = 33
	mostUnits  = 16
	mostHeads  = 5
)

// spread walks from 1 to n as the index grows, so that every value occurs in some case.
func (t *trial) spread(n, step int) int { return t.index*step%n + 1 }

// divide cuts maps into units of random shares, by the formula of spec section 1; now and then a unit is absent.
func (t *trial) divide(maps, units int) layers.Maps {
	shares, sum := make([]float64, units), 0.0
	for u := range shares {
		shares[u] = float64(t.between(1, 4))
		sum += shares[u]
	}
	boundaries, upTo := []int{0}, 0.0
	for _, share := range shares {
		upTo += share
		boundaries = append(boundaries, int(float64(maps)*upTo/sum+0.5))
	}
	return layers.NewMaps(boundaries, layers.UnitPad)
}

// wholeWidth is what the wide forms of kernels want units to be a multiple of, with up to 16 lanes (layers/wide.go).
const wholeWidth = 32

// wholeUnits are units of which one or two have wholeWidth maps, the others none.
func (t *trial) wholeUnits(units int) layers.Maps {
	boundaries, wide := []int{0}, map[int]bool{t.IntN(units): true, t.IntN(units): true}
	for u := range units {
		width := 0
		if wide[u] {
			width = wholeWidth
		}
		boundaries = append(boundaries, boundaries[u]+width)
	}
	return layers.NewMaps(boundaries, layers.UnitPad)
}

// units draws a set that has maps in every layer.
func (t *trial) units(all ...layers.Maps) layers.UnitSet {
	for {
		set := layers.UnitSet(t.IntN(1 << all[0].Units()))
		fits := true
		for _, m := range all {
			fits = fits && m.RealWidth(set) > 0
		}
		if fits {
			return set
		}
	}
}

// describeMaps prints units' widths.
func describeMaps(m layers.Maps) string {
	var widths []string
	for u := 1; u <= m.Units(); u++ {
		widths = append(widths, fmt.Sprint(m.Real[u]-m.Real[u-1]))
	}
	return strings.Join(widths, "+")
}

// pad is the width on the device of maps that are one unit.
func pad(maps int) int { return (maps + layers.UnitPad - 1) / layers.UnitPad * layers.UnitPad }

// Numbers of activations that a case of the passes over pixels may have.
const passFloats = 60e3

// shape is one head's part in a pass over pixels: its maps are those of a set of units of some layer.
type shape struct {
	images, size, maps int
	layer              layers.Maps
	set                layers.UnitSet
}

// shapes draws the heads of a pass: one size, layers and images of their own. The first head's maps and the size walk through
// all their values.
func (t *trial) shapes() []shape {
	whole := t.index%3 == 2
	for attempt := 0; ; attempt++ {
		within := func(n int) int { return t.between(1, max(1, n*(20-attempt)/20)) }
		var heads []shape
		floats := 0
		for range within(mostHeads) {
			s := shape{images: within(mostImages), size: t.spread(mostSize, 5)}
			if len(heads) == 0 {
				s.layer = t.divide(t.spread(mostMaps, 27), t.between(1, mostUnits))
			} else {
				s.layer = t.divide(within(mostMaps), t.between(1, mostUnits))
			}
			if whole {
				s.layer = t.wholeUnits(t.between(1, mostUnits))
			}
			if s.set = layers.AllUnits(s.layer.Units()); len(heads) > 0 {
				s.set = t.units(s.layer)
			}
			s.maps = s.layer.Width(s.set)
			heads = append(heads, s)
			floats += s.images * s.size * s.size * s.maps
		}
		if floats <= passFloats || attempt == 20 {
			t.describe("heads %s", heads)
			return heads
		}
	}
}

// String describes a shape for messages.
func (s shape) String() string {
	return fmt.Sprintf("(%d images of %dx%d, units %b of %s)", s.images, s.size, s.size, s.set, describeMaps(s.layer))
}
