package dvn

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dvn-vk/dvn-vk/dvn/internal/ondevice"
	"github.com/dvn-vk/dvn-vk/layers"
)

// trained keeps what an optimiser changes.
func trained(state numbers) numbers {
	kept := numbers{}
	for name, values := range state {
		if !strings.Contains(name, ".running_") {
			kept[name] = values
		}
	}
	return kept
}

func TestAnOverflowSkipsTheStepAndHalvesTheScale(t *testing.T) {
	p, n := smallPhase(), map[int]int{1: 4, 2: 4}
	batches := randomBatches(p, 1, n)
	ondevice.RunHalf(t, func(t *testing.T, k *layers.Kernels) {
		store := newStore(t, k, 5, &p)
		trainer := newTrainer(t, k, store, nil, p, n)
		step(t, trainer, batches, 0.05) // momentum is there
		before := stateOf(t, store)
		trainer.SetLossScale(layers.LossScale{Scale: 1 << 40, Good: 7, Skipped: 2})
		if r := step(t, trainer, batches, 0.05); !r.Skipped {
			t.Error("a loss scale of 2^40 overflowed nowhere")
		}
		if diff := cmp.Diff(layers.LossScale{Scale: 1 << 39, Skipped: 3}, trainer.LossScale()); diff != "" {
			t.Errorf("loss scale (-want +got): %s", diff)
		}
		after := stateOf(t, store)
		wantSameBits(t, "a skipped step", trained(before), trained(after))
		if slices.Equal(before["task1.stem.bn.running_mean"], after["task1.stem.bn.running_mean"]) {
			t.Error("running statistics did not follow the batch of a skipped step")
		}
		trainer.SetLossScale(k.NewLossScale())
		for tries := 0; step(t, trainer, batches, 0.05).Skipped; tries++ {
			if tries == 16 {
				t.Fatal("every step is skipped")
			}
		}
		if len(differences(trained(before), trained(stateOf(t, store)))) == 0 {
			t.Error("a step that is not skipped changes nothing")
		}
	})
}

func TestTheScaleDoublesAfterManyGoodSteps(t *testing.T) {
	p, n := smallPhase(), map[int]int{1: 2, 2: 2}
	ondevice.RunHalf(t, func(t *testing.T, k *layers.Kernels) {
		trainer := newTrainer(t, k, newStore(t, k, 5, &p), nil, p, n)
		trainer.SetLossScale(layers.LossScale{Scale: 4, Good: 998})
		for _, want := range []layers.LossScale{{Scale: 4, Good: 999}, {Scale: 8}, {Scale: 8, Good: 1}} {
			step(t, trainer, randomBatches(p, 1, n), 0.01)
			if diff := cmp.Diff(want, trainer.LossScale()); diff != "" {
				t.Errorf("loss scale (-want +got): %s", diff)
			}
		}
	})
}

func TestInFP32ThereIsNoLossScale(t *testing.T) {
	p, n := smallPhase(), map[int]int{1: 2, 2: 2}
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		trainer := newTrainer(t, k, newStore(t, k, 5, &p), nil, p, n)
		step(t, trainer, randomBatches(p, 1, n), 0.01)
		if diff := cmp.Diff(layers.LossScale{Scale: 1}, trainer.LossScale()); diff != "" {
			t.Errorf("loss scale (-want +got): %s", diff)
		}
	})
}

func TestAnOverflowWithoutAnyScaleIsDivergence(t *testing.T) {
	p, n := smallPhase(), map[int]int{1: 2, 2: 2}
	ondevice.RunHalf(t, func(t *testing.T, k *layers.Kernels) {
		store := newStore(t, k, 5, &p)
		weights, err := store.Get("task1.level1.fc.weight")
		for i := range weights {
			weights[i] = 1e8 * (weights[i] + 0.1) // the pooled features' gradient is beyond halves, logits and losses are not
		}
		if err == nil {
			err = store.Set("task1.level1.fc.weight", weights)
		}
		if err != nil {
			t.Fatal(err)
		}
		trainer := newTrainer(t, k, store, nil, p, n)
		trainer.SetLossScale(layers.LossScale{Scale: 1})
		_, err = trainer.Step(randomBatches(p, 1, n), 0.01)
		if !errors.Is(err, ErrDiverged) || !strings.Contains(err.Error(), "--precision fp32") {
			t.Errorf("got %v, want an ErrDiverged that names --precision fp32", err)
		}
	})
}

// The gradients of the last layers hang on few roundings, so halves change little in them.
func TestGradientsAreToldWithoutTheLossScale(t *testing.T) {
	p, n := smallPhase(), map[int]int{1: 4, 2: 4}
	batches := randomBatches(p, 3, n)
	gradients := func(t *testing.T, k *layers.Kernels) []float32 {
		trainer := newTrainer(t, k, newStore(t, k, 5, &p), nil, p, n)
		step(t, trainer, batches, 0.01)
		g, err := trainer.Gradient("task2.level2.fc.weight")
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	want := map[string][]float32{}
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) { want[k.Device.Info.Name] = gradients(t, k) })
	ondevice.RunHalf(t, func(t *testing.T, k *layers.Kernels) {
		wantNear(t, "gradient", want[k.Device.Info.Name], gradients(t, k), 2e-2)
	})
}
