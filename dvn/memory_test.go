package dvn

import (
	"maps"
	"math"
	"runtime"
	"testing"

	"github.com/dvn-vk/dvn-vk/dvn/internal/ondevice"
	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

func TestMemoryIsPredicted(t *testing.T) {
	joint := jointPhase("wrn-8-1", []float64{1, 1}, []int{1, 2}, Task{10, 3, 32, 1}, Task{100, 3, 32, 1})
	sequential := joint.Normalised()
	for i := range sequential.Heads {
		if sequential.Heads[i].Task == 1 {
			sequential.Heads[i].Loss, sequential.Heads[i].Input = Distillation, 2
		}
	}
	shared := joint
	shared.BN = BNShared
	ondevice.RunAll(t, func(t *testing.T, k *layers.Kernels) {
		for name, p := range map[string]Phase{"joint": joint, "sequential": sequential, "shared batch-norm": shared} {
			t.Run(name, func(t *testing.T) {
				const evaluation = 24
				n := map[int]int{1: 8, 2: 6}
				predicted, err := PredictMemory(k, p, []*Phase{&p}, n, evaluation)
				if err != nil {
					t.Fatal(err)
				}
				if used := k.Device.Usage(); len(used) > 0 {
					t.Errorf("a prediction allocates %v", used)
				}
				store := newStore(t, k, 1, &p)
				var old *Store
				if name == "sequential" {
					old = copyOf(t, k, store, &p)
				}
				trainer := newTrainer(t, k, store, old, p, n)
				step(t, trainer, randomBatches(p, 1, n), 0.1)
				e := newEvaluator(t, k, store, p.Evaluation(2), map[int]int{2: evaluation})
				run(t, e, randomBatches(p, 1, map[int]int{2: evaluation}))
				used := Memory(k.Device.Usage())
				for _, purpose := range []gpu.Purpose{gpu.Weights, gpu.Activations, gpu.Gradients, gpu.Optimiser} {
					if predicted[purpose] != used[purpose] {
						t.Errorf("%s: %d bytes are predicted, %d are used", purpose, predicted[purpose], used[purpose])
					}
				}
				if !k.Device.Info.Features.Unified {
					return // staging has another side in the host's memory
				}
				if off := math.Abs(float64(predicted.Total())/float64(used.Total()) - 1); off > 0.01 {
					t.Errorf("%d bytes are predicted, %d are used: %.1f %% off", predicted.Total(), used.Total(), 100*off)
				}
			})
		}
	})
}

// What is predicted is what the device is asked for, idle parts of its blocks included.
func TestMemoryIsPredictedWithinFivePercentOfWhatTheDeviceIsAskedFor(t *testing.T) {
	const most = 0.05
	compare := func(t *testing.T, what string, predicted Memory, k *layers.Kernels) {
		t.Helper()
		asked := k.Device.Allocated()
		off := math.Abs(float64(predicted.Total())/float64(asked) - 1)
		t.Logf("%s: %s are predicted, %s asked for: %.1f %% off", what, gpu.Bytes(predicted.Total()), gpu.Bytes(asked), 100*off)
		if off > most {
			t.Errorf("%s: %d bytes are predicted, %d are asked for", what, predicted.Total(), asked)
		}
	}
	for _, c := range []struct {
		backbone string
		batch    int
	}{{"wrn-8-1", 16}, {"wrn-14-1", 8}, {"wrn-20-4", 6}} {
		t.Run(c.backbone, func(t *testing.T) {
			p := jointPhase(c.backbone, []float64{1, 1}, []int{1, 2}, Task{10, 3, 32, 1}, Task{100, 3, 32, 1})
			n := map[int]int{1: c.batch, 2: c.batch}
			ondevice.RunAll(t, func(t *testing.T, k *layers.Kernels) {
				if !k.Device.Info.Features.Unified {
					t.Skip("staging has another side in the host's memory")
				}
				must := func(m Memory, err error) Memory {
					t.Helper()
					if err != nil {
						t.Fatal(err)
					}
					return m
				}
				predicted := must(PredictTrainer(k, p, []*Phase{&p}, n))
				store := newStore(t, k, 1, &p)
				trainer := newTrainer(t, k, store, nil, p, n)
				if _, err := trainer.program(n); err != nil {
					t.Fatal(err)
				}
				compare(t, "training", predicted, k)
				trainer.Close()

				predicted = must(PredictEvaluator(k, p, n))
				predicted.add(store.bytes(true))
				e := newEvaluator(t, k, store, p, n)
				if _, err := e.program(n); err != nil {
					t.Fatal(err)
				}
				compare(t, "evaluation", predicted, k)
				e.Close()
				store.Close()

				predicted = must(PredictLevel(k, p, HeadID{2, 1}, 4))
				newInference(t, k, p, HeadID{2, 1}, Random(1), 4)
				compare(t, "inference of a level", predicted, k)
			})
		})
	}
}

func TestMemoryDoesNotGrowOverSteps(t *testing.T) {
	const (
		steps           = 300
		mostGrowthBytes = steps * 100
	)
	p := jointPhase("resnet-10-2", []float64{1, 1}, []int{1, 2}, Task{3, 3, 4, 1}, Task{2, 3, 4, 1})
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		n := map[int]int{1: 2, 2: 2}
		store := newStore(t, k, 1, &p)
		trainer, e := newTrainer(t, k, store, nil, p, n), newEvaluator(t, k, store, p, n)
		some := func(steps int) {
			for s := range steps {
				batches := randomBatches(p, uint64(s), map[int]int{1: 1 + s%2, 2: 2})
				step(t, trainer, batches, 0.01)
				run(t, e, batches)
			}
		}
		some(20) // every batch shape is recorded
		usage, heap := k.Device.Usage(), heapBytes()
		some(steps)
		if after := k.Device.Usage(); !maps.Equal(usage, after) {
			t.Errorf("on the device %v were in use, after %d steps %v", usage, steps, after)
		}
		if growth := heapBytes() - heap; growth > mostGrowthBytes {
			t.Errorf("Go's heap grew by %d bytes over %d steps", growth, steps)
		}
	})
}

func heapBytes() int64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC() // the second frees what finalizers held
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

func TestNothingIsLeftOnTheDeviceAfterClose(t *testing.T) {
	p := sequentialPhase()
	n := map[int]int{2: 2}
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		transfers := k.Device.Usage()[gpu.Staging]
		store, err := NewStore(k.Device, true, &p)
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Initialise(1); err != nil {
			t.Fatal(err)
		}
		trainer, err := NewTrainer(k, store, store, p, n, true)
		if err != nil {
			t.Fatal(err)
		}
		step(t, trainer, randomBatches(p, 1, n), 0.1)
		if samples, _, err := trainer.Samples(); err != nil || len(samples) == 0 {
			t.Errorf("%d samples of a profile, %v", len(samples), err)
		}
		e, err := NewEvaluator(k, store, p.Evaluation(1), map[int]int{1: 3})
		if err != nil {
			t.Fatal(err)
		}
		run(t, e, randomBatches(p, 1, map[int]int{1: 3}))
		for range 2 { // the second time is harmless
			e.Close()
			trainer.Close()
			store.Close()
		}
		used := k.Device.Usage()
		if k.Device.Info.Features.Unified && len(used) > 0 {
			t.Errorf("%v is in use", used)
		}
		delete(used, gpu.Staging) // the device's own transfer buffer stays with it
		if len(used) > 0 || transfers > 0 {
			t.Errorf("%v is in use, %d bytes were before", used, transfers)
		}
	})
}
