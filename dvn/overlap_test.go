package dvn

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dvn-vk/dvn-vk/dvn/internal/ondevice"
	"github.com/dvn-vk/dvn-vk/layers"
)

func TestLoadingWhileAStepRunsLeavesTheBitsAsTheyAre(t *testing.T) {
	p := unevenPhase()
	sizes := []map[int]int{{1: 4, 2: 4}, {1: 4, 2: 4}, {1: 2, 2: 4}, {1: 4, 2: 1}, {1: 4, 2: 4}}
	ondevice.RunAll(t, func(t *testing.T, k *layers.Kernels) {
		alone, overlapped := newStore(t, k, 5, &p), newStore(t, k, 5, &p)
		one, ahead := newTrainer(t, k, alone, nil, p, sizes[0]), newTrainer(t, k, overlapped, nil, p, sizes[0])
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(ahead.Load(randomBatches(p, 0, sizes[0])))
		for s, n := range sizes {
			want := step(t, one, randomBatches(p, uint64(s), n), 0.05)
			must(ahead.Start(0.05))
			if err := ahead.Load(map[int]Batch{1: {Images: make([]float32, 7)}}); err == nil {
				t.Fatal("a broken batch is loaded")
			}
			if s+1 < len(sizes) {
				must(ahead.Load(randomBatches(p, uint64(s+1), sizes[s+1])))
			}
			got, err := ahead.Wait()
			must(err)
			for _, h := range p.Heads {
				if i := firstDifference(want.Logits(idOf(h)), got.Logits(idOf(h))); i >= 0 {
					t.Errorf("step %d: logit %d of %s differs", s+1, i, idOf(h))
				}
			}
			wantSameBits(t, fmt.Sprintf("step %d", s+1), stateOf(t, alone), stateOf(t, overlapped))
		}
	})
}

func TestStepsOutOfOrderAreRefused(t *testing.T) {
	p := smallPhase()
	n := map[int]int{1: 2, 2: 2}
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		trainer := newTrainer(t, k, newStore(t, k, 1, &p), nil, p, n)
		refused := func(what string, err error, want string) {
			t.Helper()
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %q", what, err, want)
			}
		}
		_, err := trainer.Wait()
		refused("to wait for nothing", err, "no step is running")
		refused("to start without batches", trainer.Start(0.1), "load them first")
		if err := trainer.Load(randomBatches(p, 1, n)); err != nil {
			t.Fatal(err)
		}
		if err := trainer.Start(0.1); err != nil {
			t.Fatal(err)
		}
		if err := trainer.Load(randomBatches(p, 2, n)); err != nil {
			t.Fatal(err)
		}
		refused("to start twice", trainer.Start(0.1), "a step is running")
		if _, err := trainer.Wait(); err != nil {
			t.Fatal(err)
		}
		if err := trainer.Start(0.1); err != nil { // and close while it runs
			t.Error(err)
		}
	})
}
