package layers

import (
	"errors"
	"slices"
	"testing"
)

func TestUnitSets(t *testing.T) {
	s := NewUnitSet(1, 3, 16)
	if s != 0b1000000000000101 || s.Len() != 3 || !s.Has(3) || s.Has(2) {
		t.Errorf("units 1, 3, 16: %b with %d units", s, s.Len())
	}
	if AllUnits(16) != 0xffff || AllUnits(1) != 1 {
		t.Errorf("all units: %b, %b", AllUnits(16), AllUnits(1))
	}
}

func TestUnitsArePaddedAndAddressedInPlace(t *testing.T) {
	for _, c := range []struct {
		name       string
		boundaries []int
		pad        int
		set        UnitSet
		padded     []int
		real       int
		physical   []int // behind each of the head's maps
		positions  []int // of the network's maps among the head's
	}{
		{"even units stay", []int{0, 2, 6}, 2, NewUnitSet(2), []int{0, 2, 6}, 4, []int{2, 3, 4, 5}, []int{0, 1, 2, 3}},
		{"odd units grow", []int{0, 1, 4}, 2, NewUnitSet(1, 2), []int{0, 2, 6}, 4, []int{0, 1, 2, 3, 4, 5}, []int{0, 2, 3, 4}},
		{"units that are not neighbours", []int{0, 1, 2, 5}, 2, NewUnitSet(1, 3), []int{0, 2, 4, 8}, 4, []int{0, 1, 4, 5, 6, 7}, []int{0, 2, 3, 4}},
		{"a wider pad", []int{0, 3, 8}, 8, NewUnitSet(2), []int{0, 8, 16}, 5, []int{8, 9, 10, 11, 12, 13, 14, 15}, []int{0, 1, 2, 3, 4}},
		{"an absent unit", []int{0, 2, 2, 4}, 2, NewUnitSet(2, 3), []int{0, 2, 2, 4}, 2, []int{2, 3}, []int{0, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := NewMaps(c.boundaries, c.pad)
			if !slices.Equal(m.Padded, c.padded) || m.Total() != c.padded[len(c.padded)-1] || m.Units() != len(c.boundaries)-1 {
				t.Errorf("boundaries %v, %d maps, %d units; want %v", m.Padded, m.Total(), m.Units(), c.padded)
			}
			if got := m.Physical(c.set); !slices.Equal(got, c.physical) || m.Width(c.set) != len(c.physical) {
				t.Errorf("physical maps %v, width %d; want %v", got, m.Width(c.set), c.physical)
			}
			if got := m.Positions(c.set); !slices.Equal(got, c.positions) || m.RealWidth(c.set) != c.real {
				t.Errorf("positions %v, %d real; want %v, %d", got, m.RealWidth(c.set), c.positions, c.real)
			}
			for _, physical := range c.physical {
				if u := m.UnitOf(physical); !c.set.Has(u) || physical < m.Padded[u-1] || physical >= m.Padded[u] {
					t.Errorf("map %d is said to be unit %d's", physical, u)
				}
			}
		})
	}
}

// What a device holds of a layer: the other units have width 0 there, and the network's numbers stay what they are.
func TestALayerCanHoldSomeOfItsUnits(t *testing.T) {
	m := NewMaps([]int{0, 3, 5, 9}, UnitPad)
	if all := m.Only(AllUnits(3)); !slices.Equal(all.Padded, m.Padded) || all.Held() != AllUnits(3) {
		t.Errorf("all units: %v, want %v", all.Padded, m.Padded)
	}
	set := NewUnitSet(1, 3)
	only := m.Only(set)
	if want := []int{0, 4, 4, 8}; !slices.Equal(only.Padded, want) || only.Held() != set || only.Total() != 8 || only.RealTotal() != 9 {
		t.Errorf("units 1 and 3: %v, units %b, %d and %d maps; want %v", only.Padded, only.Held(), only.Total(), only.RealTotal(), want)
	}
	if want := []int{0, 1, 2, 5, 6, 7, 8}; !slices.Equal(only.Indices(set), want) {
		t.Errorf("they are the network's maps %v, want %v", only.Indices(set), want)
	}
	if want := []int{0, 1, 2, 4, 5, 6, 7}; !slices.Equal(only.Positions(set), want) || only.RealWidth(set) != 7 {
		t.Errorf("they lie at %v, want %v", only.Positions(set), want)
	}
	if words, err := only.packed(); err != nil || words[0] != 0|4<<16 || words[1] != 4|8<<16 {
		t.Errorf("pushed as %x, %v", words, err)
	}
}

func TestBoundsArePackedTwoAWord(t *testing.T) {
	words, err := NewMaps([]int{0, 2, 4, 10}, UnitPad).packed()
	want := [9]uint32{0 | 2<<16, 4 | 10<<16}
	for i := 2; i < len(want); i++ {
		want[i] = 10 | 10<<16 // past the last unit
	}
	if err != nil || words != want {
		t.Errorf("got %x, %v; want %x", words, err, want)
	}
	for _, m := range []Maps{NewMaps([]int{0, 65536}, UnitPad), NewMaps([]int{0, 3}, 1)} {
		if _, err := m.packed(); !errors.Is(err, ErrShape) {
			t.Errorf("%v: got %v, want ErrShape", m.Padded, err)
		}
	}
}

// Option A, unit by unit (spec section 3): map c of unit u goes to map c of unit u.
func TestShortcutsKeepToTheirUnits(t *testing.T) {
	in, out := NewMaps([]int{0, 1, 3, 6}, UnitPad), NewMaps([]int{0, 3, 4, 8}, UnitPad)
	for _, c := range []struct {
		name             string
		set              UnitSet
		sources, targets []int32
	}{
		{"unit 1 grows from 1 to 3", NewUnitSet(1), []int32{0, -1, -1, -1}, []int32{0, -1}},
		{"unit 2 shrinks from 2 to 1", NewUnitSet(2), []int32{0, -1}, []int32{0, -1}},
		{"units 1 and 3", NewUnitSet(1, 3), []int32{0, -1, -1, -1, 2, 3, 4, -1}, []int32{0, -1, 4, 5, 6, -1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := ShortcutSources(in, c.set, out, c.set); !slices.Equal(got, c.sources) {
				t.Errorf("sources %v, want %v", got, c.sources)
			}
			if got := ShortcutTargets(in, c.set, out, c.set); !slices.Equal(got, c.targets) {
				t.Errorf("targets %v, want %v", got, c.targets)
			}
		})
	}
}

func TestInsideAGroupTheShortcutIsTheIdentity(t *testing.T) {
	m := NewMaps([]int{0, 3, 5}, UnitPad)
	set := AllUnits(2)
	for o, c := range ShortcutSources(m, set, m, set) {
		want := int32(o)
		if o == 3 { // padding is not added to
			want = -1
		}
		if c != want {
			t.Errorf("map %d gets %d, want %d", o, c, want)
		}
	}
}

func TestBlocks(t *testing.T) {
	var b Blocks
	b[2] = 0b101
	if !b.Has(3, 1) || b.Has(3, 2) || !b.Has(3, 3) || b.Has(1, 1) {
		t.Errorf("block (3, 1) and (3, 3) train: %v", b)
	}
}
