package layers

import (
	"fmt"
	"math/bits"
)

// UnitSet is a set of units: bit u-1 for unit u.
type UnitSet uint16

// NewUnitSet makes a set of units numbered from 1.
func NewUnitSet(units ...int) UnitSet {
	var s UnitSet
	for _, u := range units {
		s |= 1 << (u - 1)
	}
	return s
}

// AllUnits is the set of the units 1 to k.
func AllUnits(k int) UnitSet { return UnitSet(1<<k - 1) }

// Has tells whether unit (from 1) is in the set.
func (s UnitSet) Has(unit int) bool { return s>>(unit-1)&1 != 0 }

// Len counts the units.
func (s UnitSet) Len() int { return bits.OnesCount16(uint16(s)) }

// Maps is how the maps of one physical layer are divided into units: boundaries b_0..b_k, as the network counts them and as
// they lie on the device, where every unit is padded with zero maps (docs/decisions/004). Padding stays zero by itself: its
// weights, gamma and beta are 0 and so are their gradients.
type Maps struct{ Real, Padded []int }

// NewMaps pads every unit of boundaries to a multiple of pad. An absent unit has width 0 and stays so.
func NewMaps(boundaries []int, pad int) Maps {
	m := Maps{Real: boundaries, Padded: make([]int, len(boundaries))}
	for u := 1; u < len(boundaries); u++ {
		width := boundaries[u] - boundaries[u-1]
		m.Padded[u] = m.Padded[u-1] + (width+pad-1)/pad*pad
	}
	return m
}

// Only is the same layer where a device holds the units of a set and no others: those have width 0 in Padded, while Real
// goes on to count the network's maps.
func (m Maps) Only(s UnitSet) Maps {
	only := Maps{Real: m.Real, Padded: make([]int, len(m.Padded))}
	for u := 1; u <= m.Units(); u++ {
		only.Padded[u] = only.Padded[u-1]
		if s.Has(u) {
			only.Padded[u] += m.Padded[u] - m.Padded[u-1]
		}
	}
	return only
}

// Held is the set of units that have maps on the device.
func (m Maps) Held() UnitSet { return m.present(AllUnits(m.Units())) }

// Units is k.
func (m Maps) Units() int { return len(m.Real) - 1 }

// Total is the padded width of the whole layer on the device, RealTotal the network's.
func (m Maps) Total() int { return m.Padded[m.Units()] }

// RealTotal is the number of maps of the whole layer in the network, whatever the device holds.
func (m Maps) RealTotal() int { return m.Real[m.Units()] }

// Width is the padded width of the units of a set: that many maps a head has on the device.
func (m Maps) Width(s UnitSet) int { return m.width(m.Padded, s) }

// RealWidth is the number of maps that the units of a set have in the network.
func (m Maps) RealWidth(s UnitSet) int { return m.width(m.Real, s) }

func (m Maps) width(boundaries []int, s UnitSet) int {
	n := 0
	for u := 1; u <= m.Units(); u++ {
		if s.Has(u) {
			n += boundaries[u] - boundaries[u-1]
		}
	}
	return n
}

// present leaves out the units of a set that have no maps here.
func (m Maps) present(s UnitSet) UnitSet {
	for u := 1; u <= m.Units(); u++ {
		if m.Padded[u] == m.Padded[u-1] {
			s &^= 1 << (u - 1)
		}
	}
	return s
}

// Positions lists where each real map of the units of a set lies among the head's own maps on the device.
func (m Maps) Positions(s UnitSet) []int {
	var positions []int
	start := 0
	for u := 1; u <= m.Units(); u++ {
		if !s.Has(u) {
			continue
		}
		for c := range m.Real[u] - m.Real[u-1] {
			positions = append(positions, start+c)
		}
		start += m.Padded[u] - m.Padded[u-1]
	}
	return positions
}

// Indices lists the network's numbers of the real maps of the units of a set, ascending: where files have them.
func (m Maps) Indices(s UnitSet) []int {
	var indices []int
	for u := 1; u <= m.Units(); u++ {
		if s.Has(u) {
			for c := m.Real[u-1]; c < m.Real[u]; c++ {
				indices = append(indices, c)
			}
		}
	}
	return indices
}

// Physical lists the padded physical map behind each of a head's own padded maps.
func (m Maps) Physical(s UnitSet) []int {
	var physical []int
	for u := 1; u <= m.Units(); u++ {
		if s.Has(u) {
			for c := m.Padded[u-1]; c < m.Padded[u]; c++ {
				physical = append(physical, c)
			}
		}
	}
	return physical
}

// UnitOf is the unit, from 1, that holds a padded physical map.
func (m Maps) UnitOf(physical int) int {
	u := 1
	for m.Padded[u] <= physical {
		u++
	}
	return u
}

// packed gives the padded boundaries as push constants carry them: 17 numbers of 16 bits, two a word; boundaries past the
// last unit repeat it.
func (m Maps) packed() (words [9]uint32, err error) {
	for u := range 2 * len(words) {
		bound := m.Padded[min(u, m.Units())]
		if bound > 0xffff || bound%UnitPad != 0 {
			return words, fmt.Errorf("%w: a unit that ends at map %d: a layer has at most 65535, padded to a multiple of %d", ErrShape, bound, UnitPad)
		}
		words[u/2] |= uint32(bound) << (u % 2 * 16)
	}
	return words, nil
}

// widths are those of the units, padding included.
func (m Maps) widths() []int {
	widths := make([]int, m.Units())
	for u := range widths {
		widths[u] = m.Padded[u+1] - m.Padded[u]
	}
	return widths
}

// narrowest is the width of the narrowest unit that has maps.
func (m Maps) narrowest() int {
	narrowest := m.Total()
	for _, width := range m.widths() {
		if width > 0 {
			narrowest = min(narrowest, width)
		}
	}
	return narrowest
}
