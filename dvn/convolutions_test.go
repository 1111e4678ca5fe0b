package dvn

import (
	"slices"
	"testing"

	"github.com/dvn-vk/dvn-vk/dvn/internal/ondevice"
	"github.com/dvn-vk/dvn-vk/layers"
)

func TestTheConvolutionsOfAStepAreListed(t *testing.T) {
	joint := jointPhase("wrn-8-1", []float64{1, 1}, []int{1, 2}, Task{10, 3, 16, 1}, Task{5, 3, 16, 1})
	frozen := joint.Normalised()
	frozen.Frozen = []string{"group1.*"}
	classifier := joint.Normalised()
	classifier.Frozen = []string{"group*", "task*.stem*", "task*.bn*", "task*.group*"}
	sequential := joint.Normalised()
	for i := range sequential.Heads {
		if sequential.Heads[i].Task == 1 {
			sequential.Heads[i].Loss, sequential.Heads[i].Input = Distillation, 2
		}
	}
	type count struct {
		passes [3]int
		fixed  int
	}
	// Two stems and six convolutions; stems have no gradient of their input.
	for name, test := range map[string]struct {
		phase Phase
		want  count
	}{
		"joint":                    {joint, count{[3]int{8, 6, 8}, 0}},
		"a frozen group":           {frozen, count{[3]int{8, 6, 6}, 0}},
		"classifiers alone":        {classifier, count{[3]int{8, 0, 0}, 0}},
		"with the old task's stem": {sequential, count{[3]int{8 + 7, 6, 8}, 7}},
	} {
		t.Run(name, func(t *testing.T) {
			ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
				cases, err := TrainingConvolutions(k, test.phase, map[int]int{1: 3, 2: 2})
				if err != nil {
					t.Fatal(err)
				}
				if used := k.Device.Usage(); len(used) > 0 {
					t.Errorf("%v are allocated", used)
				}
				var got count
				for _, c := range cases {
					got.passes[c.Pass]++
					if c.FixedWeights {
						got.fixed++
					}
				}
				if got != test.want {
					t.Errorf("got %+v, want %+v", got, test.want)
				}
			})
		})
	}
}

// A plan by the keys of the listed cases is what a trainer and an inference run by.
func TestNetworksFollowAPlan(t *testing.T) {
	t.Setenv("DVNVK_CONV_VARIANT", "") // a forced variant goes before any plan
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		p := jointPhase("wrn-8-1", []float64{1, 1}, []int{1, 2}, Task{10, 3, 16, 1})
		n := map[int]int{1: 3}
		training, err := TrainingConvolutions(k, p, n)
		if err != nil {
			t.Fatal(err)
		}
		inference, err := LevelConvolutions(k, p, HeadID{1, 1}, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, wanted := range []layers.Variant{layers.Flat, layers.Winograd} {
			plan := layers.Plan{}
			for _, c := range slices.Concat(training, inference) {
				plan[c.Key()] = layers.Flat
				if slices.Contains(k.Candidates(c.Pass, c.Conv, c.Heads), wanted) {
					plan[c.Key()] = wanted
				}
			}
			planned, err := k.WithPlan(plan)
			if err != nil {
				t.Fatal(err)
			}
			store := newStore(t, planned, 1, &p)
			level, err := LoadLevel(planned, p, HeadID{1, 1}, Random(1))
			if err != nil {
				t.Fatal(err)
			}
			defer level.Close()
			alone, err := level.NewInference(2, false)
			if err != nil {
				t.Fatal(err)
			}
			defer alone.Close()
			trainer := newTrainer(t, planned, store, nil, p, n)
			for what, g := range map[string]*graph{"trainer": trainer.graph, "inference": alone.graph} {
				for _, u := range g.convUses() {
					for _, pass := range u.passes {
						if got, want := u.conv.Variants[pass], plan[layers.PlanKey(pass, *u.conv, u.heads)]; got != want || want == "" {
							t.Errorf("%s, %s %s runs by %q, the plan says %q", what, u.conv.Name, pass, got, want)
						}
					}
				}
			}
		}
	})
}
