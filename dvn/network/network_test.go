package network

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The published sizes: resnet-42 with four equal units is the paper's Table 2, wrn-32-4 with two halves its Table 1.
func TestParametersAreThoseOfThePaper(t *testing.T) {
	for _, c := range []struct {
		backbone string
		units    int
		classes  int
		want     []int
	}{
		{"resnet-42", 4, 50, []int{1876672, 7470272, 16782528, 29813440}},
		{"wrn-32-4", 2, 100, []int{1851824, 7371184}},
	} {
		b, err := ParseBackbone(c.backbone)
		if err != nil {
			t.Fatal(err)
		}
		shares := equalShares(c.units)
		for l, units := range Hierarchy(DefaultOrder(1, c.units), DefaultLevelUnits(c.units)) {
			p, err := b.HeadParameters(shares, units, c.classes, 3)
			if err != nil {
				t.Fatal(err)
			}
			if p.Weights() != c.want[l] {
				t.Errorf("%s level %d: %d weights, want %d", c.backbone, l+1, p.Weights(), c.want[l])
			}
		}
	}
}

func equalShares(k int) []float64 {
	shares := make([]float64, k)
	for u := range shares {
		shares[u] = 1
	}
	return shares
}

func TestBoundariesRoundHalvesUp(t *testing.T) {
	for _, c := range []struct {
		maps   int
		shares []float64
		want   []int
	}{
		{16, []float64{1, 1}, []int{0, 8, 16}},
		{5, []float64{1, 1}, []int{0, 3, 5}},
		{16, []float64{3, 2, 2}, []int{0, 7, 11, 16}},
		{64, []float64{math.Sqrt(0.5), 1 - math.Sqrt(0.5)}, []int{0, 45, 64}},
	} {
		got, err := Boundaries(c.maps, c.shares)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%d maps by %v: %s", c.maps, c.shares, diff)
		}
	}
}

func TestAUnitWithoutMapsIsRefusedByName(t *testing.T) {
	b, err := ParseBackbone("wrn-8-1")
	if err != nil {
		t.Fatal(err)
	}
	err = b.CheckUnits([]float64{1, 0.01})
	if err == nil || !strings.Contains(err.Error(), "stem") || !strings.Contains(err.Error(), "share 0.01") || !strings.Contains(err.Error(), "16 maps") {
		t.Errorf("got %v, want an error that names the stem, share 0.01 and 16 maps", err)
	}
	for _, shares := range [][]float64{nil, {-1}, {math.NaN()}, {math.Inf(1)}, equalShares(17)} {
		if err := b.CheckUnits(shares); err == nil {
			t.Errorf("shares %v are accepted", shares)
		}
	}
}

func TestOrdersFollowEquation3(t *testing.T) {
	for _, c := range []struct {
		task, k int
		want    []int
	}{
		{1, 3, []int{1, 2, 3}}, {2, 3, []int{2, 1, 3}}, {3, 3, []int{3, 2, 1}},
		{3, 4, []int{3, 2, 4, 1}}, {5, 4, []int{1, 2, 3, 4}}, {1, 1, []int{1}},
	} {
		if diff := cmp.Diff(c.want, DefaultOrder(c.task, c.k)); diff != "" {
			t.Errorf("task %d of %d units: %s", c.task, c.k, diff)
		}
	}
}

func TestJoinLevelIsTheFirstLevelThatHoldsTheUnit(t *testing.T) {
	order, levels := []int{2, 3, 1, 4}, []int{2, 3}
	for unit, want := range map[int]int{2: 1, 3: 1, 1: 2, 4: 0} {
		if got := JoinLevel(unit, order, levels); got != want {
			t.Errorf("unit %d joins at level %d, want %d", unit, got, want)
		}
	}
	if diff := cmp.Diff([][]int{{2, 3}, {1, 2, 3}}, Hierarchy(order, levels)); diff != "" {
		t.Error(diff)
	}
}

func TestBadBackbonesAreRefused(t *testing.T) {
	for _, name := range []string{"", "wrn", "wrn-9-1", "wrn-8", "wrn-8-0", "wrn-8-1-1", "wrn-08-1", "resnet-11", "resnet-2", "resnet-10-x", "resnet-10-4-4", "vgg-16", "wrn--8-1"} {
		if b, err := ParseBackbone(name); err == nil {
			t.Errorf("%q is accepted as %+v", name, b)
		}
	}
}

func TestBudgetChoosesTheLargestLevelThatFits(t *testing.T) {
	costs := []int{10, 20, 30}
	for budget, want := range map[int]int{10: 1, 29: 2, 1000: 3} {
		if got, err := LevelForBudget(costs, budget); err != nil || got != want {
			t.Errorf("budget %d: level %d, %v; want %d", budget, got, err, want)
		}
	}
	if _, err := LevelForBudget(costs, 9); err == nil || !strings.Contains(err.Error(), "10") {
		t.Errorf("budget 9: %v, want an error that names the smallest level's 10", err)
	}
}

func TestFLOPsCountEveryMultiplyAddTwice(t *testing.T) {
	b, _ := ParseBackbone("wrn-8-1")
	got, err := b.HeadFLOPs(equalShares(1), []int{1}, 10, 3, 32, 1)
	if err != nil {
		t.Fatal(err)
	}
	macs := 9 * (3*16*1024 + 2*16*16*1024 + (16*32+32*32)*256 + (32*64+64*64)*64)
	if want := int64(2 * (macs + 640)); got != want {
		t.Errorf("got %d FLOPs, want %d", got, want)
	}
}
