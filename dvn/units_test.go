package dvn

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/dvn-vk/dvn-vk/dvn/internal/ondevice"
	"github.com/dvn-vk/dvn-vk/layers"
)

var nan = float32(math.NaN())

// spoil puts NaN wherever a head has no business: weight blocks of other units, and tensors of other tasks and levels.
func spoil(t *testing.T, p Phase, s *Store, h Head) {
	t.Helper()
	shape, err := newShape(&p)
	if err != nil {
		t.Fatal(err)
	}
	convs := map[string]layers.Conv{}
	for _, b := range shape.blocks {
		convs[b.conv1.Name+".weight"], convs[b.conv2.Name+".weight"] = b.conv1, b.conv2
	}
	first := shape.blocks[0].conv1.Name + ".weight"
	for _, name := range s.Names() {
		values, err := s.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		tensor, _ := s.Tensor(name)
		holds := func(int, int) bool {
			return strings.HasPrefix(name, stemName(h.Task)+".") || strings.HasPrefix(name, idOf(h).String()+".")
		}
		if c, ok := convs[name]; ok {
			holds = func(row, column int) bool {
				return slices.Contains(h.Units, unitOf(c.Out, row)+1) && (name == first || slices.Contains(h.Units, unitOf(c.In, column)+1))
			}
		}
		perRow := len(tensor.columns) * tensor.taps
		for i := range values {
			if !holds(i/perRow, i%perRow/tensor.taps) {
				values[i] = nan
			}
		}
		if err := s.Set(name, values); err != nil {
			t.Fatal(err)
		}
	}
}

// The whole network runs, but only one level's weights are numbers: the level sees nothing of the rest, and gives what it
// gives as a network of its own.
func TestALevelInABiggerNetworkEqualsTheLevelAlone(t *testing.T) {
	p := unevenPhase()
	batches := randomBatches(p, 1, map[int]int{1: 3, 2: 2})
	capacity := map[int]int{1: 4, 2: 4}
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		for _, h := range p.Heads {
			alone := p
			alone.Heads = []Head{h}
			clean := newStore(t, k, 7, &alone)
			want := run(t, newEvaluator(t, k, clean, alone, capacity), batches).Logits(idOf(h))
			if slices.Max(want) == slices.Min(want) {
				t.Fatalf("%s alone: all logits are %v", idOf(h), want[0])
			}
			whole := newStore(t, k, 7, &p)
			spoil(t, p, whole, h)
			got := run(t, newEvaluator(t, k, whole, p, capacity), batches).Logits(idOf(h))
			if i := firstDifference(want, got); i >= 0 {
				t.Errorf("%s: logit %d is %v, alone %v", idOf(h), i, got[i], want[i])
			}
		}
	})
}

func TestTheGradientOfAStepIsTheSumOverItsHeads(t *testing.T) {
	p := unevenPhase()
	batches := randomBatches(p, 2, map[int]int{1: 4, 2: 3})
	capacity := map[int]int{1: 4, 2: 3}
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		gradients := func(heads []Head) numbers {
			store, part := newStore(t, k, 3, &p), p
			part.Heads = heads
			trainer := newTrainer(t, k, store, nil, part, capacity)
			step(t, trainer, batches, 0) // the weights stay as they are
			g := numbers{}
			for _, name := range trainer.Trains() {
				values, err := trainer.Gradient(name)
				if err != nil {
					t.Fatal(err)
				}
				g[name] = values
			}
			return g
		}
		joint, sum := gradients(p.Heads), numbers{}
		for _, h := range p.Heads {
			for name, values := range gradients([]Head{h}) {
				if sum[name] == nil {
					sum[name] = make([]float32, len(values))
				}
				for i, v := range values {
					sum[name][i] += v
				}
			}
		}
		if len(joint) != len(sum) {
			t.Errorf("%d tensors train together, %d alone", len(joint), len(sum))
		}
		for name, want := range sum {
			wantNear(t, "gradient of "+name, want, joint[name], 2e-5)
		}
	})
}

func TestPermutingImagesPermutesLogits(t *testing.T) {
	p := smallPhase()
	order := []int{2, 0, 4, 3, 1}
	n := map[int]int{1: len(order), 2: len(order)}
	batches := randomBatches(p, 4, n)
	permuted := map[int]Batch{}
	for task, b := range batches {
		pixels := len(b.Images) / len(order)
		var other Batch
		for _, from := range order {
			other.Images = append(other.Images, b.Images[from*pixels:(from+1)*pixels]...)
			other.Labels = append(other.Labels, b.Labels[from])
		}
		permuted[task] = other
	}
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		store := newStore(t, k, 5, &p)
		e, trainer := newEvaluator(t, k, store, p, n), newTrainer(t, k, store, nil, p, n)
		for mode, logits := range map[string]func(map[int]Batch, HeadID) []float32{
			"evaluation": func(b map[int]Batch, id HeadID) []float32 { return run(t, e, b).Logits(id) },
			"training":   func(b map[int]Batch, id HeadID) []float32 { return step(t, trainer, b, 0).Logits(id) },
		} {
			for _, h := range p.Heads {
				plain, got := logits(batches, idOf(h)), logits(permuted, idOf(h))
				classes := len(plain) / len(order)
				var want []float32
				for _, from := range order {
					want = append(want, plain[from*classes:(from+1)*classes]...)
				}
				tolerance := 0.0 // an image alone decides in evaluation
				if mode == "training" {
					tolerance = 1e-4 // the batch's statistics are summed in another order
				}
				wantNear(t, mode+": logits of "+idOf(h).String(), want, got, tolerance)
			}
		}
	})
}
