package dvn

import (
	"fmt"
	"testing"

	"github.com/dvn-vk/dvn-vk/dvn/internal/ondevice"
	"github.com/dvn-vk/dvn-vk/layers"
)

// bitPhases differ in what is recorded: private and shared batch-norm, frozen blocks, an old network that teaches.
func bitPhases() map[string]Phase {
	shared, packed := smallPhase(), smallPhase()
	shared.BN = BNShared
	packed.FrozenUnits, packed.Frozen = 1, []string{"task1.*"}
	return map[string]Phase{"joint": unevenPhase(), "shared batch-norm": shared, "frozen blocks": packed, "sequential": sequentialPhase()}
}

// train runs three steps of changing batches and an evaluation, and returns the state and all logits.
func train(t *testing.T, k *layers.Kernels, p Phase, seed uint64) numbers {
	t.Helper()
	capacity := map[int]int{1: 4, 2: 4}
	store := newStore(t, k, seed, &p)
	trainer := newTrainer(t, k, store, copyOf(t, k, store, &p), p, capacity)
	logits := numbers{}
	for s, n := range []map[int]int{{1: 4, 2: 4}, {1: 4, 2: 3}, {1: 1, 2: 4}} {
		r := step(t, trainer, randomBatches(p, seed+uint64(s), n), 0.05)
		for _, h := range p.Heads {
			logits[fmt.Sprintf("step %d, logits of %s", s+1, idOf(h))] = r.Logits(idOf(h))
		}
	}
	trained := stateOf(t, store)
	for name, values := range logits {
		trained[name] = values
	}
	e := newEvaluator(t, k, store, p, capacity)
	r := run(t, e, randomBatches(p, seed+9, map[int]int{1: 3, 2: 2}))
	for _, h := range p.Heads {
		trained["evaluation, logits of "+idOf(h).String()] = r.Logits(idOf(h))
	}
	return trained
}

// onBitPhases runs a test on every device in every precision for every phase; phases share a device, or most of the time goes
// to compiling pipelines. key names the three.
func onBitPhases(t *testing.T, test func(t *testing.T, k *layers.Kernels, p Phase, key string)) {
	t.Helper()
	ondevice.RunAll(t, func(t *testing.T, k *layers.Kernels) {
		for name, p := range bitPhases() {
			t.Run(name, func(t *testing.T) { test(t, k, p, k.Device.Info.Name+k.Describe()+name) })
		}
	})
}

func TestBitsAreTheSameWhateverTheSwitches(t *testing.T) {
	want := map[string]numbers{}
	onBitPhases(t, func(t *testing.T, k *layers.Kernels, p Phase, key string) {
		first := train(t, k, p, 11)
		wantSameBits(t, "the same seed again", first, train(t, k, p, 11))
		if other := train(t, k, p, 12); len(differences(first, other)) == 0 {
			t.Error("another seed gives the same bits")
		}
		for _, seed := range []string{"1", "2", "30"} { // of the order of operations, among those that dependencies allow
			t.Setenv("DVNVK_SHUFFLE", seed)
			wantSameBits(t, "DVNVK_SHUFFLE="+seed, first, train(t, k, p, 11))
		}
		want[key] = first
	})
	// With red zones no tensor shares memory with another, and what nobody has written is NaN.
	for _, name := range []string{"DVNVK_FORCE_STAGING", "DVNVK_RED_ZONES"} {
		t.Setenv(name, "1")
		onBitPhases(t, func(t *testing.T, k *layers.Kernels, p Phase, key string) {
			wantSameBits(t, name+"=1", want[key], train(t, k, p, 11)) // its buffers live until the test ends
			if err := k.Device.CheckRedZones(); err != nil {
				t.Error(err)
			}
		})
	}
}

// A trainer goes through batches of changing size; each step must be that of a trainer made for that size.
func TestABatchsSizeLeavesNothingBehind(t *testing.T) {
	p := unevenPhase()
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		kept, fresh := newStore(t, k, 21, &p), newStore(t, k, 21, &p)
		trainer := newTrainer(t, k, kept, nil, p, map[int]int{1: 9, 2: 9})
		for s, n := range []map[int]int{{1: 9, 2: 9}, {1: 2, 2: 7}, {1: 1, 2: 1}, {1: 8, 2: 3}, {1: 9, 2: 9}} {
			batches := randomBatches(p, uint64(s), n)
			one := newTrainer(t, k, fresh, nil, p, n)
			a, b := step(t, trainer, batches, 0.01), step(t, one, batches, 0.01)
			one.Close()
			for _, h := range p.Heads {
				if a.Losses[idOf(h)] != b.Losses[idOf(h)] {
					t.Errorf("batches %v: the loss of %s is %v, of a trainer of that size %v", n, idOf(h), a.Losses[idOf(h)], b.Losses[idOf(h)])
				}
			}
			wantSameBits(t, fmt.Sprintf("batches %v", n), stateOf(t, fresh), stateOf(t, kept))
		}
	})
}
