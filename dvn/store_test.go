package dvn

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dvn-vk/dvn-vk/dvn/internal/ondevice"
	"github.com/dvn-vk/dvn-vk/layers"
)

func TestInitialWeightsAreXavierUniform(t *testing.T) {
	p := jointPhase("wrn-8-1", []float64{1, 1}, []int{1, 2}, Task{10, 3, 32, 1})
	p.Heads[1].Adapt = true
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		store := newStore(t, k, 1, &p)
		weights := 0
		for _, name := range store.Names() {
			tensor, _ := store.Tensor(name)
			values, err := store.Get(name)
			if err != nil {
				t.Fatal(err)
			}
			norm := strings.Contains(name, ".bn")
			if !strings.HasSuffix(name, ".weight") || norm {
				want := float32(0)
				if strings.HasSuffix(name, ".running_var") || norm && strings.HasSuffix(name, ".weight") {
					want = 1
				}
				if slices.Min(values) != want || slices.Max(values) != want {
					t.Errorf("%s: %v to %v, want %v", name, slices.Min(values), slices.Max(values), want)
				}
				continue
			}
			fans := 0 // in and out: 9I and 9O of the physical layer, or F and classes
			for _, n := range tensor.Shape[:2] {
				for _, size := range tensor.Shape[2:] {
					n *= size
				}
				fans += n
			}
			limit := math.Sqrt(6 / float64(fans))
			wantUniform(t, name, values, limit)
			weights++
		}
		if weights != 6+1+2+2 { // convolutions, stem, two classifiers, two added layers
			t.Errorf("%d weights", weights)
		}
	})
}

// wantUniform checks limits, mean and variance, the latter two within five standard errors.
func wantUniform(t *testing.T, name string, values []float32, limit float64) {
	t.Helper()
	n, sum, squares, largest := float64(len(values)), 0.0, 0.0, 0.0
	for _, v := range values {
		sum += float64(v)
		squares += float64(v) * float64(v)
		largest = max(largest, math.Abs(float64(v)))
	}
	variance := limit * limit / 3
	if largest > limit*(1+1e-6) || largest < limit*(1-20/n) {
		t.Errorf("%s: the largest of %v weights is %v, the limit %v", name, n, largest, limit)
	}
	if mean := sum / n; math.Abs(mean) > 5*math.Sqrt(variance/n) {
		t.Errorf("%s: mean %v", name, mean)
	}
	if got := squares / n; math.Abs(got-variance) > 5*variance*math.Sqrt(0.8/n) { // the fourth moment is 9/5 of the variance's square
		t.Errorf("%s: variance %v, want %v", name, got, variance)
	}
}

func TestInitialWeightsHangOnSeedAndNameAlone(t *testing.T) {
	both := smallPhase()
	one := both
	one.Heads = both.Heads[:2] // task 1
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		alone := stateOf(t, newStore(t, k, 1, &one))
		all := stateOf(t, newStore(t, k, 1, &both))
		for name := range all {
			if alone[name] == nil {
				delete(all, name)
			}
		}
		wantSameBits(t, "task 1 beside another", alone, all)
		other := stateOf(t, newStore(t, k, 2, &one))
		for name, values := range alone {
			if random := values[0] != values[1]; random && firstDifference(values, other[name]) < 0 {
				t.Errorf("%s is the same with another seed", name)
			}
		}
		a, b := alone["group4.block1.conv2.weight"], alone["group3.block1.conv2.weight"]
		if !slices.ContainsFunc(consecutive(64), func(i int) bool { return a[i]*b[i] < 0 }) {
			t.Error("the numbers of two tensors have the same signs: are they the same but for the limit?")
		}
	})
}

func TestTensorsHaveTheNamesAndShapesOfFiles(t *testing.T) {
	p := unevenPhase()
	p.Heads = slices.DeleteFunc(p.Heads, func(h Head) bool { return h.Task == 1 && h.Level == 3 })
	p.Heads[1].Adapt = true
	tensors, err := Tensors(&p)
	if err != nil {
		t.Fatal(err)
	}
	shapes := map[string][]int{}
	for _, tensor := range tensors {
		if shapes[tensor.Name] != nil {
			t.Errorf("%s is there twice", tensor.Name)
		}
		shapes[tensor.Name] = tensor.Shape
	}
	for name, want := range map[string][]int{
		"group1.block1.conv1.weight":                  {5, 5, 3, 3},
		"group4.block1.conv1.weight":                  {40, 20, 3, 3},
		"task1.stem.weight":                           {5, 3, 3, 3},
		"task2.stem.weight":                           {5, 1, 3, 3},
		"task2.stem.bn.running_var":                   {5},
		"task1.level1.group1.block1.bn1.weight":       {2},  // unit 1 of 3, 2, 2
		"task1.level2.group4.block1.bn2.running_mean": {29}, // units 1 and 2
		"task2.level1.group2.block1.bn1.bias":         {3},  // unit 2
		"task1.level1.fc.weight":                      {5, 17},
		"task1.level2.adapt1.weight":                  {29, 29},
		"task1.level2.adapt2.bias":                    {29},
		"task2.level3.fc.weight":                      {3, 40},
		"task2.level3.fc.bias":                        {3},
	} {
		if diff := cmp.Diff(want, shapes[name]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if shapes["task1.level3.fc.weight"] != nil {
		t.Error("there is a tensor of a head that is not in the phase")
	}
}

func TestPhasesThatNeedATensorInTwoShapesAreRefused(t *testing.T) {
	a, b := smallPhase(), smallPhase()
	b.Tasks = slices.Clone(b.Tasks)
	b.Tasks[1].Classes = 4
	if _, err := Tensors(&a, &b); err == nil || !strings.Contains(err.Error(), "tensor task2.level1.fc.weight: two phases need it in the shapes [3 16] and [4 16]") {
		t.Errorf("got %v", err)
	}
}

func TestWhatIsSetIsWhatIsGot(t *testing.T) {
	p := unevenPhase()
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		store := newStore(t, k, 1, &p)
		for _, name := range store.Names() {
			tensor, _ := store.Tensor(name)
			values := make([]float32, tensor.Len())
			for i := range values {
				values[i] = float32(i + 1)
			}
			if err := store.Set(name, values); err != nil {
				t.Fatal(err)
			}
			if got, err := store.Get(name); err != nil || !slices.Equal(got, values) {
				t.Errorf("%s: got other numbers, or %v", name, err)
			}
		}
		for name, n := range map[string]int{"task9.stem.weight": 1, "task1.level1.fc.bias": 6} {
			if err := store.Set(name, make([]float32, n)); err == nil || !strings.Contains(err.Error(), "tensor "+name) {
				t.Errorf("%d numbers for %s: %v", n, name, err)
			}
		}
		store.Close()
		store.Close() // harmless
	})
}
