package dvn

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/dvn-vk/dvn-vk/dvn/internal/ondevice"
	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// setMomentum gives every tensor some, as an earlier step would have.
func setMomentum(t *testing.T, s *Store) {
	t.Helper()
	random := rand.New(rand.NewPCG(5, 5))
	for _, name := range s.Names() {
		tensor, _ := s.Tensor(name)
		if !tensor.Trainable() {
			continue
		}
		values := make([]float32, tensor.Len())
		for i := range values {
			values[i] = float32(random.NormFloat64()) / 100
		}
		if err := s.SetMomentum(name, values); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhatDoesNotTrainKeepsItsBits(t *testing.T) {
	frozen := unevenPhase()
	frozen.FrozenUnits = 2
	frozen.Frozen = []string{"group2.block1.conv1.weight", "*.bn2.bias", "task1.level1.fc.bias", "task2.stem.*"}
	unheld := unevenPhase() // units 1 and 3 are never together, unit 2 is in no head
	unheld.Heads = []Head{{Task: 1, Level: 4, Units: []int{1}}, {Task: 2, Level: 4, Units: []int{3}}}
	silent := smallPhase() // one head has no loss
	silent.Heads[1].Loss = NoLoss
	for _, c := range []struct {
		name  string
		phase Phase
		still []string // tensors of which nothing trains
		parts []string // tensors of which a part trains
	}{
		{"frozen units and patterns", frozen,
			[]string{"group2.block1.conv1.weight", "task1.level2.group3.block1.bn2.bias", "task1.level1.fc.bias", "task2.stem.weight", "task2.stem.bn.bias"},
			[]string{"group1.block1.conv1.weight", "group1.block1.conv2.weight", "group4.block1.conv2.weight"}},
		{"blocks that no head holds", unheld, nil, []string{"group1.block1.conv1.weight", "group1.block1.conv2.weight", "group4.block1.conv2.weight"}},
		{"a head without a loss", silent, []string{"task1.level2.fc.weight", "task1.level2.group1.block1.bn1.weight"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
				all := unevenPhase() // tensors of heads that are not in the phase
				if c.name == "a head without a loss" {
					all = smallPhase()
				}
				store := newStore(t, k, 3, &c.phase, &all)
				setMomentum(t, store)
				before := stateOf(t, store)
				n := map[int]int{1: 3, 2: 3}
				trainer := newTrainer(t, k, store, nil, c.phase, n)
				for s := range 3 {
					step(t, trainer, randomBatches(c.phase, uint64(s), n), 0.05)
				}
				after, trains := stateOf(t, store), trainer.Trains()
				for _, name := range store.Names() {
					if tensor, _ := store.Tensor(name); !tensor.Trainable() {
						continue
					}
					mask := trainer.Mask(name)
					if slices.Contains(mask, true) != slices.Contains(trains, name) {
						t.Errorf("%s: Mask and Trains do not agree", name)
					}
					for _, which := range []string{name, "momentum." + name} {
						if changed := changes(before[which], after[which]); !within(changed, mask) {
							t.Errorf("%s: something changed that does not train", which)
						} else if slices.Contains(mask, true) && !slices.Contains(changed, true) {
							t.Errorf("%s trains, but nothing changed", which)
						}
					}
				}
				for _, name := range c.still {
					if slices.Contains(trainer.Mask(name), true) {
						t.Errorf("%s trains", name)
					}
				}
				for _, name := range c.parts {
					if mask := trainer.Mask(name); !slices.Contains(mask, true) || !slices.Contains(mask, false) {
						t.Errorf("%s: not a part of it trains, but all or nothing", name)
					}
				}
			})
		})
	}
}

// changes tells which numbers have other bits.
func changes(before, after []float32) []bool {
	changed := make([]bool, len(before))
	for i := range before {
		changed[i] = firstDifference(before[i:i+1], after[i:i+1]) == 0
	}
	return changed
}

// within tells whether a is true only where b is.
func within(a, b []bool) bool {
	for i := range a {
		if a[i] && !b[i] {
			return false
		}
	}
	return true
}

func TestPaddingStaysZero(t *testing.T) {
	p := unevenPhase()
	n := map[int]int{1: 3, 2: 4}
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		store := newStore(t, k, 8, &p)
		trainer := newTrainer(t, k, store, nil, p, n)
		for s := range 20 {
			step(t, trainer, randomBatches(p, uint64(s), n), 0.02)
		}
		for _, c := range []struct {
			name      string
			buffer    *gpu.Buffer
			statistic bool
		}{
			{"weights", store.weights, false}, {"gradients", store.gradients, false},
			{"momentum", store.momentum, false}, {"statistics", store.statistics, true},
		} {
			device := make([]float32, c.buffer.Size()/4)
			if err := c.buffer.ReadFloats(0, device); err != nil {
				t.Fatal(err)
			}
			real := make([]bool, len(device))
			for _, tensor := range store.order {
				if tensor.statistic == c.statistic {
					tensor.each(func(_, at int) { real[tensor.at+at] = true })
				}
			}
			padded, zeros := 0, 0
			for i, value := range device {
				if !real[i] {
					padded++
				} else if value == 0 {
					zeros++
				}
				if !real[i] && value != 0 {
					t.Fatalf("%s: number %d is padding and %v", c.name, i, value)
				}
			}
			if padded < 1000 || zeros > len(device)/2 { // of gradients those of taps that see the border alone
				t.Errorf("%s: %d of %d numbers are padding, %d of the others zero: is anything tested?", c.name, padded, len(device), zeros)
			}
		}
	})
}

// A row of the tables is a unit's output maps, a column a unit's input maps; 1 trains.
func TestFrozenUnitsFreezeTheBlocksBetweenThem(t *testing.T) {
	heads := func(units ...[]int) []Head {
		var all []Head
		for l, u := range units {
			all = append(all, Head{Task: 1, Level: l + 1, Units: u})
		}
		return all
	}
	for _, c := range []struct {
		name          string
		heads         []Head
		frozen        int
		first, others []string // the layer that reads the stem, and the others
	}{
		{"none, all units", heads([]int{1, 2, 3}), 0, []string{"111", "111", "111"}, []string{"111", "111", "111"}},
		{"one of three", heads([]int{1, 2, 3}), 1, []string{"000", "111", "111"}, []string{"011", "111", "111"}},
		{"two of three", heads([]int{1, 2, 3}), 2, []string{"000", "000", "111"}, []string{"001", "001", "111"}},
		{"all of them", heads([]int{1, 2, 3}), 3, []string{"000", "000", "000"}, []string{"000", "000", "000"}},
		{"blocks of no head", heads([]int{1}, []int{2, 3}), 0, []string{"111", "111", "111"}, []string{"100", "011", "011"}},
		{"both", heads([]int{1, 2}, []int{3}), 1, []string{"000", "111", "111"}, []string{"010", "110", "001"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := unevenPhase()
			p.Heads, p.FrozenUnits = c.heads, c.frozen
			p.normalise()
			s, err := newShape(&p)
			if err != nil {
				t.Fatal(err)
			}
			table := func(b layers.Blocks) []string {
				var rows []string
				for u := range 3 {
					rows = append(rows, fmt.Sprintf("%d%d%d", b[u]&1, b[u]>>1&1, b[u]>>2&1))
				}
				return rows
			}
			if got := table(s.blocksThatTrain(s.blocks[0].conv1, true)); !slices.Equal(got, c.first) {
				t.Errorf("behind the stem %v train, want %v", got, c.first)
			}
			for _, conv := range []layers.Conv{s.blocks[0].conv2, s.blocks[2].conv1} {
				if got := table(s.blocksThatTrain(conv, false)); !slices.Equal(got, c.others) {
					t.Errorf("%s: %v train, want %v", conv.Name, got, c.others)
				}
			}
		})
	}
}

func TestTrainsNamesNoStatistics(t *testing.T) {
	p := smallPhase()
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		n := map[int]int{1: 1, 2: 1}
		trainer := newTrainer(t, k, newStore(t, k, 1, &p), nil, p, n)
		trains := trainer.Trains()
		if !slices.Contains(trains, "task2.stem.weight") || !slices.Contains(trains, "task1.level2.fc.bias") {
			t.Errorf("got %v", trains)
		}
		if slices.ContainsFunc(trains, func(name string) bool { return strings.Contains(name, "running") }) {
			t.Errorf("running statistics among %v", trains)
		}
	})
}
