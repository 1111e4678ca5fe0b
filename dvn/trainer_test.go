package dvn

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/dvn-vk/dvn-vk/dvn/internal/ondevice"
	"github.com/dvn-vk/dvn-vk/layers"
)

func TestADivergingStepNamesTheHead(t *testing.T) {
	p := smallPhase()
	n := map[int]int{1: 3, 2: 3}
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		trainer := newTrainer(t, k, newStore(t, k, 1, &p), nil, p, n)
		var err error
		var r *StepResult
		for s := 0; s < 10 && err == nil; s++ {
			r, err = trainer.Step(randomBatches(p, uint64(s), n), 1e30)
		}
		if !errors.Is(err, ErrDiverged) || !strings.Contains(err.Error(), "lr 1e+30") {
			t.Fatalf("got %v, want ErrDiverged with the rate", err)
		}
		named := 0
		for _, h := range p.Heads {
			if strings.Contains(err.Error(), idOf(h).String()) {
				named++
				if finite(r.Losses[idOf(h)]) {
					t.Errorf("%v, but the loss of %s is %v", err, idOf(h), r.Losses[idOf(h)])
				}
			}
		}
		if named != 1 || len(r.Losses) != len(p.Heads) {
			t.Errorf("%v: it names %d heads; the result has %d losses, want %d", err, named, len(r.Losses), len(p.Heads))
		}
	})
}

func TestTheTeacherIsTheOldNetworkInEvaluationMode(t *testing.T) {
	n := map[int]int{2: 4}
	for teacher, levels := range map[string]map[int]int{TeacherTop: {1: 2, 2: 2}, TeacherSame: {1: 1, 2: 2}} {
		t.Run(teacher, func(t *testing.T) {
			p := sequentialPhase()
			p.Teacher = teacher
			ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
				store := newStore(t, k, 2, &p)
				old := copyOf(t, k, store, &p)
				e := newEvaluator(t, k, old, p, n)
				trainer := newTrainer(t, k, store, old, p, n)
				for s := range 3 { // it stays what it was
					batches := randomBatches(p, uint64(s), n)
					r := step(t, trainer, batches, 0.05)
					evaluated := run(t, e, batches)
					for level, of := range levels {
						got, err := trainer.TeacherLogits(HeadID{1, level}, r)
						if err != nil {
							t.Fatal(err)
						}
						want := evaluated.Logits(HeadID{1, of})
						if i := firstDifference(want, got); i >= 0 {
							t.Errorf("step %d: logit %d of level %d's teacher is %v, level %d of the old network says %v", s+1, i, level, got[i], of, want[i])
						}
					}
				}
			})
		})
	}
}

// The loss of a head is what its logits and labels say.
func TestLossesAreThoseOfTheLogits(t *testing.T) {
	p := smallPhase()
	p.LossReduction = ReduceMean // the losses that are told are those before it
	n := map[int]int{1: 4, 2: 3}
	batches := randomBatches(p, 6, n)
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		r := step(t, newTrainer(t, k, newStore(t, k, 4, &p), nil, p, n), batches, 0)
		for _, h := range p.Heads {
			logits, labels, classes := r.Logits(idOf(h)), batches[h.Task].Labels, p.Tasks[h.Task-1].Classes
			want := 0.0
			for i, label := range labels {
				sum := 0.0
				for _, z := range logits[i*classes : (i+1)*classes] {
					sum += math.Exp(float64(z))
				}
				want += (math.Log(sum) - float64(logits[i*classes+int(label)])) / float64(len(labels))
			}
			if got := float64(r.Losses[idOf(h)]); math.Abs(got-want) > 1e-5*want {
				t.Errorf("the loss of %s is %v, its logits say %v", idOf(h), got, want)
			}
		}
	})
}

func TestWrongBatchesAreRefused(t *testing.T) {
	p := smallPhase()
	n := map[int]int{1: 3, 2: 3}
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		store := newStore(t, k, 1, &p)
		trainer := newTrainer(t, k, store, nil, p, n)
		before := stateOf(t, store)
		for _, c := range []struct {
			name string
			edit func(b map[int]Batch)
			want string
		}{
			{"a task is missing", func(b map[int]Batch) { delete(b, 2) }, "task 2: 0 numbers are not 1 to 3 images of 16x16 pixels and 1 channels"},
			{"too many images", func(b map[int]Batch) { b[1] = randomBatches(p, 1, map[int]int{1: 4})[1] }, "task 1: 768 numbers are not 1 to 3 images"},
			{"half an image", func(b map[int]Batch) { b[1] = Batch{Images: b[1].Images[:300], Labels: b[1].Labels} }, "task 1: 300 numbers"},
			{"no labels", func(b map[int]Batch) { b[1] = Batch{Images: b[1].Images} }, "task 1: 0 labels"},
			{"fewer labels than images", func(b map[int]Batch) { b[1] = Batch{b[1].Images, b[1].Labels[:2]} }, "task1.level1: 2 labels for 3 images"},
			{"a label too large", func(b map[int]Batch) { b[2] = Batch{b[2].Images, []int32{0, 3, 1}} }, "task 2: label 3 of image 1 is not from 0 to 2"},
			{"a label below zero", func(b map[int]Batch) { b[2] = Batch{b[2].Images, []int32{0, 1, -1}} }, "task 2: label -1 of image 2"},
		} {
			batches := randomBatches(p, 1, n)
			c.edit(batches)
			if _, err := trainer.Step(batches, 0.1); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: got %v, want %q", c.name, err, c.want)
			}
		}
		wantSameBits(t, "after steps that were refused", before, stateOf(t, store))
	})
}

func TestTrainersThatCannotWorkAreRefused(t *testing.T) {
	silent := smallPhase()
	for i := range silent.Heads {
		silent.Heads[i].Loss = NoLoss
	}
	impossible := smallPhase()
	impossible.BN = "global"
	for _, c := range []struct {
		name  string
		phase Phase
		n     map[int]int
		want  string
	}{
		{"nothing to learn", silent, map[int]int{1: 1, 2: 1}, "no head of the phase has a loss"},
		{"a task without a batch", smallPhase(), map[int]int{1: 1}, "task2.level1 sees the images of task 2, which has no batch"},
		{"no old network", sequentialPhase(), map[int]int{2: 1}, "heads with the loss distill need the old network"},
		{"an impossible phase", impossible, map[int]int{1: 1, 2: 1}, `bn "global"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
				of := c.phase
				of.BN = BNPrivate
				store := newStore(t, k, 1, &of)
				trainer, err := NewTrainer(k, store, nil, c.phase, c.n, false)
				if err == nil {
					trainer.Close()
				}
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v, want %q", err, c.want)
				}
			})
		})
	}
}

func TestOperationsOfAStepDoNotGrowWithTasksAndLevels(t *testing.T) {
	shares := []float64{1, 1, 1, 1}
	task := Task{3, 3, 8, 1}
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		count := func(tasks, levels int) int {
			all, n := make([]Task, tasks), map[int]int{}
			for j := range all {
				all[j], n[j+1] = task, 2
			}
			p := jointPhase("resnet-10-4", shares, []int{1, 2, 3, 4}[:levels], all...)
			trainer := newTrainer(t, k, newStore(t, k, 1, &p), nil, p, n)
			step(t, trainer, randomBatches(p, 1, n), 0.1)
			operations, _ := trainer.Operations()
			return operations
		}
		base := count(2, 2)
		if levels := count(2, 4); levels != base {
			t.Errorf("%d operations with 2 tasks and 4 levels, %d with 2", levels, base)
		}
		// A task's images are its own, and so is its stem: uploads, convolution, batch-norm, and their gradients.
		const mostStem = 14
		stem := count(3, 2) - base
		if stem < 1 || stem > mostStem {
			t.Errorf("a third task adds %d operations, want its stem's, at most %d", stem, mostStem)
		}
		if all := count(4, 4); all != base+2*stem {
			t.Errorf("%d operations with 4 tasks and 4 levels, want the %d of 2 and 2, and two stems of %d", all, base, stem)
		}
		t.Logf("%d operations with 2 tasks, %d more with each further one", base, stem)
	})
}

func TestEvaluationNeedsNoLabels(t *testing.T) {
	p := smallPhase()
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		alone := p.Evaluation(2)
		alone.Heads = alone.Heads[:1]
		e := newEvaluator(t, k, newStore(t, k, 1, &p), alone, map[int]int{2: 2})
		batch := randomBatches(p, 1, map[int]int{2: 2})[2]
		r := run(t, e, map[int]Batch{2: {Images: batch.Images}})
		if logits := r.Logits(HeadID{2, 1}); len(logits) != 2*3 || !finite(logits...) {
			t.Errorf("got %v, want 2 x 3 numbers", logits)
		}
	})
}

func ExampleHeadID() {
	fmt.Println(HeadID{Task: 1, Level: 2})
	// Output: task1.level2
}
