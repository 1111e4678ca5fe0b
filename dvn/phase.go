package dvn

import (
	"errors"
	"fmt"
	"math"
	"path"
	"slices"

	"github.com/dvn-vk/dvn-vk/dvn/network"
)

// Task is what a task asks of a network. The images are square.
type Task struct {
	Classes  int `json:"classes"`
	Channels int `json:"channels"` // 1 or 3
	Size     int `json:"size"`     // side of the images
	Stride   int `json:"stride"`   // of the task's stem
}

// Losses of a head.
const (
	CrossEntropy = "ce"
	Distillation = "distill"
	NoLoss       = "none"
)

// Head is one output of a network: (task, level) on a set of units.
type Head struct {
	Task  int    `json:"task"`  // from 1
	Level int    `json:"level"` // from 1
	Units []int  `json:"units"` // from 1
	Loss  string `json:"loss"`
	Input int    `json:"input"` // the task whose images it sees; 0: its own
	// Trunk is the (task, level) whose stem and batch-norm the head uses; zero: its own. Heads of the same trunk and input
	// share one pass.
	Trunk [2]int `json:"trunk"`
	Adapt bool   `json:"adapt"` // two fully connected layers before the last (da-cnn)
}

// Phase is a network's configuration and what is trained (spec section 8). Its JSON is that of the fixtures.
type Phase struct {
	Backbone      string    `json:"backbone"`
	Shares        []float64 `json:"shares"`
	Tasks         []Task    `json:"tasks"`
	Heads         []Head    `json:"heads"`
	BN            string    `json:"bn"`             // private, shared or batch (spec section 4)
	TrunkMode     string    `json:"trunk_mode"`     // train or eval
	LossReduction string    `json:"loss_reduction"` // sum or mean
	Temperature   float64   `json:"temperature"`
	Teacher       string    `json:"teacher"`      // top or same
	Frozen        []string  `json:"frozen"`       // patterns of names; * matches anything
	FrozenUnits   int       `json:"frozen_units"` // weight blocks (u,v) with u and v up to it do not train
	LR            float64   `json:"lr"`
	Momentum      float64   `json:"momentum"`
	WeightDecay   float64   `json:"weight_decay"`
}

// Choices of a phase (spec sections 4 and 5).
const (
	BNPrivate   = "private"
	BNShared    = "shared"
	BNBatch     = "batch"
	TrunkTrain  = "train"
	TrunkEval   = "eval"
	ReduceSum   = "sum"
	ReduceMean  = "mean"
	TeacherTop  = "top"
	TeacherSame = "same"
)

// Limits of a phase, beyond any use: they keep what a configuration makes the program lay out in proportion to its text.
const (
	mostMaps    = 1<<16 - 1 // of a layer: kernels are told where units begin in 16 bits
	mostPasses  = 1 << 16   // convolutions of all heads together
	mostOutputs = 1 << 22   // classes of all heads together
	mostClasses = 1 << 20   // of a task
	mostSize    = 1024      // side of an image
)

// normalise fills in what heads leave out and sorts them by (task, level): the order in which everything runs.
func (p *Phase) normalise() {
	p.Heads = slices.Clone(p.Heads)
	for i := range p.Heads {
		h := &p.Heads[i]
		if h.Input == 0 {
			h.Input = h.Task
		}
		if h.Trunk == [2]int{} {
			h.Trunk = [2]int{h.Task, h.Level}
		}
		if h.Loss == "" {
			h.Loss = CrossEntropy
		}
	}
	slices.SortStableFunc(p.Heads, func(a, b Head) int {
		if a.Task != b.Task {
			return a.Task - b.Task
		}
		return a.Level - b.Level
	})
}

// Validate says in a sentence what is impossible about a phase. It allocates nothing in proportion to the phase's numbers.
func (p *Phase) Validate() error {
	backbone, err := network.ParseBackbone(p.Backbone)
	if err != nil {
		return err
	}
	if err := backbone.CheckUnits(p.Shares); err != nil {
		return err
	}
	if maps := max(backbone.Stem, backbone.Features()) + len(p.Shares); maps > mostMaps { // a unit may be padded by one map
		return fmt.Errorf("backbone %s: a layer of %d maps, padding included, is wider than the kernels can address, %d", p.Backbone, maps, mostMaps)
	}
	if passes := len(p.Heads) * (2*backbone.Blocks*len(backbone.Groups) + 1); passes > mostPasses {
		return fmt.Errorf("%d heads through backbone %s are %d convolutions, a phase has at most %d", len(p.Heads), p.Backbone, passes, mostPasses)
	}
	for _, choice := range []struct {
		key, value string
		of         []string
	}{
		{"bn", p.BN, []string{BNPrivate, BNShared, BNBatch}}, {"trunk_mode", p.TrunkMode, []string{TrunkTrain, TrunkEval}},
		{"loss_reduction", p.LossReduction, []string{ReduceSum, ReduceMean}}, {"teacher", p.Teacher, []string{TeacherTop, TeacherSame}},
	} {
		if !slices.Contains(choice.of, choice.value) {
			return fmt.Errorf("%s %q is not one of %q", choice.key, choice.value, choice.of)
		}
	}
	for name, x := range map[string]float64{"lr": p.LR, "momentum": p.Momentum, "weight_decay": p.WeightDecay} {
		if math.IsNaN(x) || math.IsInf(x, 0) || x < 0 {
			return fmt.Errorf("%s %v is not a number from 0", name, x)
		}
	}
	if !(p.Temperature > 0) || math.IsInf(p.Temperature, 0) {
		return fmt.Errorf("temperature %v is not positive", p.Temperature)
	}
	if p.FrozenUnits < 0 || p.FrozenUnits > len(p.Shares) {
		return fmt.Errorf("frozen_units %d is not from 0 to the %d units", p.FrozenUnits, len(p.Shares))
	}
	for _, pattern := range p.Frozen {
		if _, err := path.Match(pattern, ""); err != nil {
			return fmt.Errorf("frozen pattern %q is malformed", pattern)
		}
	}
	if err := p.validateTasks(); err != nil {
		return err
	}
	return p.validateHeads()
}

func (p *Phase) validateTasks() error {
	if len(p.Tasks) == 0 {
		return errors.New("no tasks")
	}
	for j, t := range p.Tasks {
		switch {
		case t.Classes < 1 || t.Classes > mostClasses:
			return fmt.Errorf("task %d: %d classes, it has 1 to %d", j+1, t.Classes, mostClasses)
		case t.Channels != 1 && t.Channels != 3:
			return fmt.Errorf("task %d: %d channels, images have 1 or 3", j+1, t.Channels)
		case t.Size < 1 || t.Size > mostSize:
			return fmt.Errorf("task %d: images of %d pixels, they have 1 to %d", j+1, t.Size, mostSize)
		case t.Stride < 1 || t.Stride > 3:
			return fmt.Errorf("task %d: stem stride %d, it is 1, 2 or 3", j+1, t.Stride)
		}
	}
	return nil
}

func (p *Phase) validateHeads() error {
	if len(p.Heads) == 0 {
		return errors.New("no heads")
	}
	type pass struct {
		trunk [2]int
		input int
	}
	seen, passes, stemSize, outputs := map[[2]int]bool{}, map[pass][]int{}, 0, 0
	for _, h := range p.Heads {
		name := fmt.Sprintf("head of task %d, level %d", h.Task, h.Level)
		input, trunk := h.Input, h.Trunk
		if input == 0 {
			input = h.Task
		}
		if trunk == [2]int{} {
			trunk = [2]int{h.Task, h.Level}
		}
		for _, task := range []int{h.Task, input, trunk[0]} {
			if task < 1 || task > len(p.Tasks) {
				return fmt.Errorf("%s: there is no task %d", name, task)
			}
		}
		switch {
		case h.Level < 1 || trunk[1] < 1:
			return fmt.Errorf("%s: levels count from 1", name)
		case seen[[2]int{h.Task, h.Level}]:
			return fmt.Errorf("%s: there are two", name)
		case !slices.Contains([]string{"", CrossEntropy, Distillation, NoLoss}, h.Loss):
			return fmt.Errorf("%s: loss %q is not ce, distill or none", name, h.Loss)
		case len(h.Units) == 0:
			return fmt.Errorf("%s: no units", name)
		}
		if outputs += p.Tasks[h.Task-1].Classes; outputs > mostOutputs {
			return fmt.Errorf("the heads up to that of task %d, level %d have %d classes, a phase has at most %d", h.Task, h.Level, outputs, mostOutputs)
		}
		seen[[2]int{h.Task, h.Level}] = true
		units := slices.Sorted(slices.Values(h.Units))
		if units[0] < 1 || units[len(units)-1] > len(p.Shares) || len(slices.Compact(slices.Clone(units))) != len(units) {
			return fmt.Errorf("%s: units %v are not different numbers from 1 to %d", name, h.Units, len(p.Shares))
		}
		key := pass{trunk, input}
		if p.BN != BNShared {
			key.input = 0 // the trunk's own batch-norm has one width
		}
		if other, ok := passes[key]; ok && !slices.Equal(other, units) {
			return fmt.Errorf("%s: units %v, but another head of trunk %v has %v", name, units, trunk, other)
		}
		passes[key] = units
		stemTask, images := p.Tasks[trunk[0]-1], p.Tasks[input-1]
		if stemTask.Size != images.Size || stemTask.Channels != images.Channels {
			return fmt.Errorf("%s: the stem of task %d takes images of %dx%d pixels and %d channels, those of task %d have %dx%d and %d: sequential training needs tasks of one image size", name, trunk[0],
				stemTask.Size, stemTask.Size, stemTask.Channels, input, images.Size, images.Size, images.Channels)
		}
		size := network.OutputSize(stemTask.Size, stemTask.Stride)
		if stemSize != 0 && size != stemSize {
			return fmt.Errorf("%s: the stem of task %d gives maps of %d pixels, another gives %d: choose strides that make them equal", name, trunk[0], size, stemSize)
		}
		stemSize = size
	}
	return nil
}

// trunkPasses counts the tasks whose images go through a trunk, stemPasses those through a task's stem.
func (p *Phase) trunkPasses(trunk [2]int) int {
	return p.passes(func(h Head) bool { return h.Trunk == trunk })
}

func (p *Phase) stemPasses(task int) int {
	return p.passes(func(h Head) bool { return h.Trunk[0] == task })
}

func (p *Phase) passes(through func(Head) bool) int {
	inputs := map[int]bool{}
	for _, h := range p.Heads {
		if through(h) {
			inputs[h.Input] = true
		}
	}
	return len(inputs)
}

// trains tells whether a tensor's name is not frozen; a convolution's blocks may be frozen all the same.
func (p *Phase) trains(name string) bool {
	return !slices.ContainsFunc(p.Frozen, func(pattern string) bool { return Freezes(pattern, name) })
}

// Freezes tells whether a frozen pattern matches a tensor's name: * stands for anything, ? for any character, [a-z] for one of
// a range.
func Freezes(pattern, name string) bool {
	match, err := path.Match(pattern, name)
	return err == nil && match
}

// Normalised is a copy in which every head says its input, trunk and loss, in order of (task, level).
func (p *Phase) Normalised() Phase {
	c := *p
	c.normalise()
	return c
}

// Evaluation is the phase's network for testing one task: its heads on its own images, without losses.
func (p *Phase) Evaluation(task int) Phase {
	e := p.Normalised()
	e.Heads = slices.DeleteFunc(e.Heads, func(h Head) bool { return h.Task != task })
	for i := range e.Heads {
		e.Heads[i].Input, e.Heads[i].Loss = task, NoLoss
	}
	return e
}
