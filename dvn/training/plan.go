package training

import (
	"fmt"
	"slices"

	"github.com/dvn-vk/dvn-vk/data"
	"github.com/dvn-vk/dvn-vk/dvn"
	"github.com/dvn-vk/dvn-vk/dvn/network"
	"github.com/dvn-vk/dvn-vk/dvn/scenario"
)

// taskData is what one task learns from and is tested on.
type taskData struct {
	train, test   *data.Set // train is nil where only the test set was asked for
	normalisation data.Normalisation
}

// source is where a task's images come from.
func source(c scenario.Config, t scenario.Task) data.Source {
	return data.Source{
		Kind: t.Kind, Labels: t.Labels, Path: t.Path, Size: t.Size, Channels: t.Channels, Train: t.Train, Test: t.Test,
		Seed: c.Seed, SkipBroken: c.Data.SkipBroken,
	}
}

// loadSplit reads one split of a task's data set: its classes first, then the limit.
func loadSplit(c scenario.Config, t scenario.Task, split data.Split, limit int) (*data.Set, error) {
	set, err := data.Load(c.Data.Dir, source(c, t), split)
	if err != nil {
		return nil, err
	}
	if len(t.Classes) == 2 {
		if set, err = set.SelectClasses(t.Classes[0], t.Classes[1]); err != nil {
			return nil, fmt.Errorf("task %s: %w", t.Name, err)
		}
	}
	if set = set.Limit(limit); set.Len() == 0 {
		return nil, fmt.Errorf("task %s: no %s images of the classes asked for", t.Name, split)
	}
	if set.Size != t.Size || set.Channels != t.Channels {
		return nil, fmt.Errorf("task %s: images of %d pixels and %d channels, the configuration says %d and %d", t.Name, set.Size, set.Channels, t.Size, t.Channels)
	}
	return set, nil
}

// loadTraining reads both splits of every task; the normalisation is measured on the training images that are used.
func loadTraining(c scenario.Config) ([]taskData, error) {
	var all []taskData
	for _, t := range c.Tasks {
		train, err := loadSplit(c, t, data.Train, c.Data.LimitTrain)
		if err != nil {
			return nil, err
		}
		test, err := loadSplit(c, t, data.Test, c.Data.LimitTest)
		if err != nil {
			return nil, err
		}
		if len(train.Classes) != len(test.Classes) {
			return nil, fmt.Errorf("task %s: %d classes in the training set, %d in the test set", t.Name, len(train.Classes), len(test.Classes))
		}
		all = append(all, taskData{train, test, data.MeasureNormalisation(train)})
	}
	return all, nil
}

// phasesOf lists the phases of a scenario (spec section 8, dvn): joint training is one; sequential training has one for each
// task, in which the heads of earlier tasks learn from the old network on the new task's images.
func phasesOf(c scenario.Config, classes []int) []*dvn.Phase {
	var heads [][]dvn.Head
	tasks := make([]dvn.Task, len(c.Tasks))
	for j, t := range c.Tasks {
		tasks[j] = dvn.Task{Classes: classes[j], Channels: t.Channels, Size: t.Size, Stride: t.Stride}
		order := network.DefaultOrder(j+1, len(c.Units))
		if len(c.Orders) > 0 {
			order = c.Orders[j]
		}
		var levels []dvn.Head
		for l, units := range network.Hierarchy(order, c.LevelUnits) {
			levels = append(levels, dvn.Head{Task: j + 1, Level: l + 1, Units: units, Loss: dvn.CrossEntropy, Input: j + 1})
		}
		heads = append(heads, levels)
	}
	phase := func(all []dvn.Head) *dvn.Phase {
		p := &dvn.Phase{
			Backbone: c.Backbone, Shares: c.Units, Tasks: tasks, Heads: all, BN: c.BN, TrunkMode: c.TrunkMode,
			LossReduction: c.LossReduction, Temperature: c.Temperature, Teacher: c.Teacher, Frozen: c.Frozen,
			LR: c.Learning.LR, Momentum: c.Learning.Momentum, WeightDecay: c.Learning.WeightDecay,
		}
		normalised := p.Normalised()
		return &normalised
	}
	if c.Objective == "joint" {
		var all []dvn.Head
		for _, levels := range heads {
			all = append(all, levels...)
		}
		return []*dvn.Phase{phase(all)}
	}
	var phases []*dvn.Phase
	for m := range heads {
		var all []dvn.Head
		for j := range m {
			for _, h := range heads[j] {
				h.Loss, h.Input = dvn.Distillation, m+1
				all = append(all, h)
			}
		}
		phases = append(phases, phase(append(all, heads[m]...)))
	}
	return phases
}

// checkFrozen refuses patterns that freeze nothing, which are mistakes, and such as leave nothing to train.
func checkFrozen(patterns []string, phases []*dvn.Phase) error {
	tensors, err := dvn.Tensors(phases...)
	if err != nil {
		return err
	}
	matched, trains := map[string]bool{}, false
	for _, t := range tensors {
		if !t.Trainable() {
			continue
		}
		frozen := false
		for _, pattern := range patterns {
			if dvn.Freezes(pattern, t.Name) {
				matched[pattern], frozen = true, true
			}
		}
		trains = trains || !frozen
	}
	idle := slices.DeleteFunc(slices.Clone(patterns), func(pattern string) bool { return matched[pattern] })
	if len(idle) > 0 {
		return fmt.Errorf("frozen: %q match no tensor that could train: names are like %s", idle, tensors[0].Name)
	}
	if !trains {
		return fmt.Errorf("frozen: %q match every tensor, so nothing would train", patterns)
	}
	return nil
}

// trainedTasks lists the tasks, from 1, whose images a phase sees.
func trainedTasks(p *dvn.Phase) []int {
	var tasks []int
	for j := range p.Tasks {
		for _, h := range p.Heads {
			if h.Input == j+1 {
				tasks = append(tasks, j+1)
				break
			}
		}
	}
	return tasks
}

// stepsPerEpoch: an epoch ends when the task with the most batches has been through once (spec section 5).
func stepsPerEpoch(streams []*data.Stream) int {
	steps := 0
	for _, s := range streams {
		steps = max(steps, s.Batches())
	}
	return steps
}

// streamSeed gives every task's stream a seed of its own; tasks that see the same images share one.
func streamSeed(c scenario.Config, task int) uint64 {
	if of := c.Tasks[task-1].ImagesOf; of != 0 {
		task = of
	}
	return c.Seed*1009 + uint64(task)
}
