package dvn

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dvn-vk/dvn-vk/dvn/network"
	"github.com/dvn-vk/dvn-vk/layers"
)

// jointPhase is one in which every task learns all its levels from its own images.
func jointPhase(backbone string, shares []float64, levelUnits []int, tasks ...Task) Phase {
	p := Phase{
		Backbone: backbone, Shares: shares, Tasks: tasks, BN: BNPrivate, TrunkMode: TrunkTrain, LossReduction: ReduceSum,
		Temperature: 2, Teacher: TeacherTop, LR: 0.05, Momentum: 0.9, WeightDecay: 5e-4,
	}
	for j := range tasks {
		for l, units := range network.Hierarchy(network.DefaultOrder(j+1, len(shares)), levelUnits) {
			p.Heads = append(p.Heads, Head{Task: j + 1, Level: l + 1, Units: units})
		}
	}
	return p.Normalised()
}

// smallPhase is a joint phase of two tasks on two units.
func smallPhase() Phase {
	return jointPhase("resnet-10-4", []float64{1, 1}, []int{1, 2}, Task{5, 3, 8, 1}, Task{3, 1, 16, 2})
}

// unevenPhase has units of odd widths, which are padded on the device.
func unevenPhase() Phase {
	return jointPhase("resnet-10-5", []float64{3, 2, 2}, []int{1, 2, 3}, Task{5, 3, 8, 1}, Task{3, 1, 8, 1})
}

// sequentialPhase has two heads of an old task that learn from the old network on the new task's images.
func sequentialPhase() Phase {
	p := jointPhase("resnet-10-4", []float64{1, 1}, []int{1, 2}, Task{5, 3, 8, 1}, Task{3, 3, 8, 1})
	for i := range p.Heads {
		if p.Heads[i].Task == 1 {
			p.Heads[i].Loss, p.Heads[i].Input = Distillation, 2
		}
	}
	return p
}

// newStore is an initialised store that is closed with the test.
func newStore(t *testing.T, k *layers.Kernels, seed uint64, phases ...*Phase) *Store {
	t.Helper()
	s, err := NewStore(k.Device, true, phases...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if err := s.Initialise(seed); err != nil {
		t.Fatal(err)
	}
	return s
}

// copyOf is a store with the same tensors, for the old network.
func copyOf(t *testing.T, k *layers.Kernels, s *Store, phases ...*Phase) *Store {
	t.Helper()
	c, err := NewStore(k.Device, false, phases...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if err := c.CopyFrom(s); err != nil {
		t.Fatal(err)
	}
	return c
}

func newTrainer(t *testing.T, k *layers.Kernels, store, old *Store, p Phase, capacity map[int]int) *Trainer {
	t.Helper()
	trainer, err := NewTrainer(k, store, old, p, capacity, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(trainer.Close)
	return trainer
}

func newEvaluator(t *testing.T, k *layers.Kernels, store *Store, p Phase, capacity map[int]int) *Evaluator {
	t.Helper()
	e, err := NewEvaluator(k, store, p, capacity)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// randomBatches are images and labels of n[task] images, the same for the same seed.
func randomBatches(p Phase, seed uint64, n map[int]int) map[int]Batch {
	random := rand.New(rand.NewPCG(seed, 0))
	batches := map[int]Batch{}
	for _, task := range slices.Sorted(maps.Keys(n)) {
		t := p.Tasks[task-1]
		b := Batch{Images: make([]float32, n[task]*t.Size*t.Size*t.Channels), Labels: make([]int32, n[task])}
		for i := range b.Images {
			b.Images[i] = float32(random.NormFloat64())
		}
		for i := range b.Labels {
			b.Labels[i] = int32(random.IntN(t.Classes))
		}
		batches[task] = b
	}
	return batches
}

func step(t *testing.T, trainer *Trainer, batches map[int]Batch, rate float64) *StepResult {
	t.Helper()
	r, err := trainer.Step(batches, rate)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func run(t *testing.T, e *Evaluator, batches map[int]Batch) *StepResult {
	t.Helper()
	r, err := e.Run(batches)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// numbers are tensors by name.
type numbers map[string][]float32

// stateOf reads every tensor of a store, momentum included.
func stateOf(t *testing.T, s *Store) numbers {
	t.Helper()
	state := numbers{}
	keep := func(name string, values []float32, err error) {
		if err != nil {
			t.Fatal(err)
		}
		state[name] = values
	}
	for _, name := range s.Names() {
		values, err := s.Get(name)
		keep(name, values, err)
		if tensor, _ := s.Tensor(name); tensor.Trainable() {
			values, err := s.Momentum(name)
			keep("momentum."+name, values, err)
		}
	}
	return state
}

// differences names the tensors of want whose bits are others in got, with the first number.
func differences(want, got numbers) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if i := firstDifference(want[name], got[name]); i >= 0 {
			all = append(all, fmt.Sprintf("%s: number %d of %d and %d", name, i, len(want[name]), len(got[name])))
		}
	}
	return all
}

// firstDifference is the index of the first number with other bits, -1 for none.
func firstDifference(a, b []float32) int {
	if len(a) != len(b) {
		return min(len(a), len(b))
	}
	for i := range a {
		if math.Float32bits(a[i]) != math.Float32bits(b[i]) {
			return i
		}
	}
	return -1
}

func wantSameBits(t *testing.T, what string, want, got numbers) {
	t.Helper()
	if len(want) == 0 || len(want) != len(got) {
		t.Fatalf("%s: %d tensors, want %d", what, len(got), len(want))
	}
	if d := differences(want, got); len(d) > 0 {
		t.Errorf("%s: %d of %d tensors differ, first %s", what, len(d), len(want), d[0])
	}
}

// wantNear compares within a tolerance that is relative to the largest number.
func wantNear(t *testing.T, what string, want, got []float32, tolerance float64) {
	t.Helper()
	if len(want) != len(got) {
		t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	worst, at, scale := 0.0, 0, 0.0
	for i := range want {
		scale = max(scale, math.Abs(float64(want[i])))
		if e := math.Abs(float64(got[i]) - float64(want[i])); e > worst || math.IsNaN(e) {
			worst, at = e, i
		}
	}
	if !(worst <= tolerance*scale) {
		t.Errorf("%s: [%d] is %v, want %v: %.2g of the largest, %.2g is allowed", what, at, got[at], want[at], worst/scale, tolerance)
	}
}

// idOf names a head.
func idOf(h Head) HeadID { return HeadID{h.Task, h.Level} }
