package network

import (
	"fmt"
	"math"
	"slices"
)

// MaxUnits is the largest number of units that the kernels address (spec section 1).
const MaxUnits = 16

// Boundaries divides a layer of maps feature maps into units by shares: unit u holds the maps b[u-1] to b[u]-1.
// b[u] = floor(maps (share_1 + ... + share_u) / sum(shares) + 0.5), in float64 (spec section 1).
func Boundaries(maps int, shares []float64) ([]int, error) {
	if len(shares) < 1 || len(shares) > MaxUnits {
		return nil, fmt.Errorf("%d units: a network has 1 to %d", len(shares), MaxUnits)
	}
	total := 0.0
	for u, share := range shares {
		if !(share > 0) || math.IsInf(share, 0) {
			return nil, fmt.Errorf("share %v of unit %d is not a positive number", share, u+1)
		}
		total += share
	}
	b := make([]int, 1, len(shares)+1)
	sum := 0.0
	for u, share := range shares {
		sum += share
		b = append(b, int(math.Floor(float64(maps)*sum/total+0.5)))
		if b[u+1] <= b[u] {
			return nil, fmt.Errorf("unit %d (share %v) has no map in a layer of %d maps: give it a larger share or take a wider backbone", u+1, share, maps)
		}
	}
	return b, nil
}

// CheckUnits returns an error that names the layer, its width and the share where some unit has no map.
func (b Backbone) CheckUnits(shares []float64) error {
	if _, err := Boundaries(b.Stem, shares); err != nil {
		return fmt.Errorf("backbone %s, stem: %w", b.Name, err)
	}
	for g, maps := range b.Groups {
		if _, err := Boundaries(maps, shares); err != nil {
			return fmt.Errorf("backbone %s, group %d: %w", b.Name, g+1, err)
		}
	}
	return nil
}

// DefaultOrder is the order in which task (from 1) takes the k units: its own unit first, then by distance, at equal
// distance the lower number first (eq. 3; spec section 2). Task j's own unit is ((j-1) mod k) + 1.
func DefaultOrder(task, k int) []int {
	own := (task-1)%k + 1
	order := make([]int, k)
	for i := range order {
		order[i] = i + 1
	}
	slices.SortStableFunc(order, func(a, b int) int { return abs(a-own) - abs(b-own) })
	return order
}

func abs(x int) int { return max(x, -x) }

// DefaultLevelUnits is 1..k: every level adds one unit.
func DefaultLevelUnits(k int) []int {
	levels := make([]int, k)
	for l := range levels {
		levels[l] = l + 1
	}
	return levels
}

// Hierarchy lists the units of every level of a task, ascending: level l holds the first levelUnits[l-1] units of order.
func Hierarchy(order, levelUnits []int) [][]int {
	levels := make([][]int, len(levelUnits))
	for l, n := range levelUnits {
		levels[l] = slices.Sorted(slices.Values(order[:n]))
	}
	return levels
}

// JoinLevel is S(i, j) of the paper: the level at which unit joins the hierarchy that order and levelUnits describe,
// or 0 where it never does.
func JoinLevel(unit int, order, levelUnits []int) int {
	at := slices.Index(order, unit)
	for l, n := range levelUnits {
		if at >= 0 && at < n {
			return l + 1
		}
	}
	return 0
}

// Maps counts the maps that units (numbers from 1) hold of a layer with the given boundaries.
func Maps(boundaries, units []int) int {
	n := 0
	for _, u := range units {
		n += boundaries[u] - boundaries[u-1]
	}
	return n
}
