package dvn

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestImpossiblePhasesAreRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(p *Phase)
		want string
	}{
		{"an unknown backbone", func(p *Phase) { p.Backbone = "vgg-16" }, `backbone "vgg-16" is unknown`},
		{"a layer that kernels cannot address", func(p *Phase) { p.Backbone = "wrn-8-1024" }, "a layer of 65538 maps, padding included"},
		{"no shares", func(p *Phase) { p.Shares = nil }, "0 units"},
		{"seventeen units", func(p *Phase) { p.Shares = make([]float64, 17) }, "17 units"},
		{"a share below zero", func(p *Phase) { p.Shares = []float64{1, -1} }, "share -1"},
		{"a unit without a map", func(p *Phase) { p.Shares = []float64{1, 0.01} }, "unit 2 (share 0.01) has no map in a layer of 4 maps"},
		{"an unknown batch-norm", func(p *Phase) { p.BN = "global" }, `bn "global" is not one of`},
		{"an unknown mode", func(p *Phase) { p.TrunkMode = "test" }, `trunk_mode "test"`},
		{"an unknown reduction", func(p *Phase) { p.LossReduction = "max" }, `loss_reduction "max"`},
		{"an unknown teacher", func(p *Phase) { p.Teacher = "" }, `teacher ""`},
		{"a rate that is no number", func(p *Phase) { p.LR = math.NaN() }, "lr NaN"},
		{"a momentum below zero", func(p *Phase) { p.Momentum = -0.1 }, "momentum -0.1"},
		{"endless decay", func(p *Phase) { p.WeightDecay = math.Inf(1) }, "weight_decay +Inf"},
		{"no temperature", func(p *Phase) { p.Temperature = 0 }, "temperature 0 is not positive"},
		{"more frozen units than there are", func(p *Phase) { p.FrozenUnits = 3 }, "frozen_units 3 is not from 0 to the 2 units"},
		{"a frozen pattern with an open bracket", func(p *Phase) { p.Frozen = []string{"task["} }, `frozen pattern "task[" is malformed`},
		{"no tasks", func(p *Phase) { p.Tasks = nil }, "no tasks"},
		{"no classes", func(p *Phase) { p.Tasks[1].Classes = 0 }, "task 2: 0 classes"},
		{"four channels", func(p *Phase) { p.Tasks[1].Channels = 4 }, "task 2: 4 channels"},
		{"images without pixels", func(p *Phase) { p.Tasks[1].Size = 0 }, "task 2: images of 0 pixels"},
		{"a stem that stands still", func(p *Phase) { p.Tasks[1].Stride = 0 }, "task 2: stem stride 0"},
		{"stems whose maps differ in size", func(p *Phase) { p.Tasks[1].Stride = 1 }, "the stem of task 2 gives maps of 16 pixels, another gives 8"},
		{"no heads", func(p *Phase) { p.Heads = nil }, "no heads"},
		{"a head of no task", func(p *Phase) { p.Heads[3].Task = 3 }, "there is no task 3"},
		{"a head that sees no task's images", func(p *Phase) { p.Heads[3].Input = -1 }, "there is no task -1"},
		{"a head on no task's trunk", func(p *Phase) { p.Heads[3].Trunk = [2]int{4, 1} }, "there is no task 4"},
		{"a level below one", func(p *Phase) { p.Heads[3].Level = 0 }, "head of task 2, level 0: levels count from 1"},
		{"a head twice", func(p *Phase) { p.Heads[3].Level = 1 }, "head of task 2, level 1: there are two"},
		{"an unknown loss", func(p *Phase) { p.Heads[3].Loss = "mse" }, `loss "mse" is not ce, distill or none`},
		{"a head without units", func(p *Phase) { p.Heads[3].Units = nil }, "head of task 2, level 2: no units"},
		{"a unit twice", func(p *Phase) { p.Heads[3].Units = []int{1, 1} }, "units [1 1] are not different numbers from 1 to 2"},
		{"a unit that is not there", func(p *Phase) { p.Heads[3].Units = []int{3} }, "units [3] are not different numbers from 1 to 2"},
		{"two widths of one trunk", func(p *Phase) { p.Heads[1].Trunk = [2]int{1, 1} }, "units [1 2], but another head of trunk [1 1] has [1]"},
		{"images that the stem cannot take", func(p *Phase) { p.Heads[0].Input = 2 }, "the stem of task 1 takes images of 8x8 pixels and 3 channels, those of task 2 have 16x16 and 1"},
		{"endless classes of many heads", func(p *Phase) {
			p.Tasks[0].Classes = mostClasses
			for l := 3; l < 8; l++ {
				p.Heads = append(p.Heads, Head{Task: 1, Level: l, Units: []int{1}})
			}
		}, "classes, a phase has at most 4194304"},
		{"endless heads", func(p *Phase) { p.Heads = make([]Head, 10_000) }, "10000 heads through backbone resnet-10-4 are 90000 convolutions"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := smallPhase()
			if err := p.Validate(); err != nil {
				t.Fatalf("before the edit: %v", err)
			}
			c.edit(&p)
			err := p.Validate()
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one line that says %q", err, c.want)
			}
		})
	}
}

// With shared batch-norm a trunk has no width of its own.
func TestHeadsOfOneTrunkMayDifferWhereBatchNormIsShared(t *testing.T) {
	p := sequentialPhase()
	p.Heads[2].Trunk, p.Heads[2].Input = [2]int{1, 1}, 1 // task 2, unit 2; task 1's level 1 has unit 1
	if err := p.Validate(); err == nil {
		t.Error("private batch-norm: accepted")
	}
	p.BN = BNShared
	if err := p.Validate(); err != nil {
		t.Error(err)
	}
}

func TestAPhaseIsNormalisedInACopy(t *testing.T) {
	p := Phase{Heads: []Head{{Task: 2, Level: 1}, {Task: 1, Level: 2, Input: 2, Trunk: [2]int{1, 1}, Loss: NoLoss}, {Task: 1, Level: 1}}}
	got := p.Normalised()
	want := []Head{
		{Task: 1, Level: 1, Input: 1, Trunk: [2]int{1, 1}, Loss: CrossEntropy},
		{Task: 1, Level: 2, Input: 2, Trunk: [2]int{1, 1}, Loss: NoLoss},
		{Task: 2, Level: 1, Input: 2, Trunk: [2]int{2, 1}, Loss: CrossEntropy},
	}
	if diff := cmp.Diff(want, got.Heads); diff != "" {
		t.Error(diff)
	}
	if p.Heads[0].Task != 2 || p.Heads[0].Input != 0 {
		t.Errorf("the phase itself was changed: %+v", p.Heads[0])
	}
}

func TestEvaluationHasOneTasksHeadsOnItsOwnImages(t *testing.T) {
	p := sequentialPhase()
	e := p.Evaluation(1)
	if len(e.Heads) != 2 || p.Heads[0].Input != 2 {
		t.Fatalf("%d heads; the phase's own first head sees task %d", len(e.Heads), p.Heads[0].Input)
	}
	for _, h := range e.Heads {
		if h.Task != 1 || h.Input != 1 || h.Loss != NoLoss {
			t.Errorf("got %+v, want a head of task 1 on its own images without a loss", h)
		}
	}
}
