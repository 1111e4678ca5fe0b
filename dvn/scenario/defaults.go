package scenario

import (
	"fmt"

	"github.com/dvn-vk/dvn-vk/dvn/network"
)

// fill sets what the document does not give to the defaults that the fields' comments promise.
func (c *Config) fill(given lines, name string) {
	orDefault(given, "name", &c.Name, name)
	orDefault(given, "units", &c.Units, []float64{1, 1})
	orDefault(given, "objective", &c.Objective, "joint")
	orDefault(given, "bn", &c.BN, "private")
	orDefault(given, "trunk_mode", &c.TrunkMode, "train")
	orDefault(given, "loss_reduction", &c.LossReduction, "sum")
	orDefault(given, "temperature", &c.Temperature, 2)
	orDefault(given, "teacher", &c.Teacher, "top")
	orDefault(given, "precision", &c.Precision, "fp32")
	orDefault(given, "seed", &c.Seed, 1)
	if k := len(c.Units); k >= 1 && k <= network.MaxUnits { // others are refused later
		orDefault(given, "level_units", &c.LevelUnits, network.DefaultLevelUnits(k))
		orDefault(given, "orders", &c.Orders, defaultOrders(len(c.Tasks), k))
	}
	c.Learning.fill(given)
	for i := range c.Tasks {
		c.Tasks[i].fill(given, i+1, c.Learning.Batch)
	}
	c.Frozen = nilIfEmpty(c.Frozen)
}

func defaultOrders(tasks, k int) [][]int {
	orders := make([][]int, tasks)
	for i := range orders {
		orders[i] = network.DefaultOrder(i+1, k)
	}
	return orders
}

func (l *Learning) fill(given lines) {
	orDefault(given, "learning.preset", &l.Preset, "wrn2016")
	preset, _ := presetOf(l.Preset) // an unknown one is refused later
	orDefault(given, "learning.epochs", &l.Epochs, preset.Epochs)
	orDefault(given, "learning.lr", &l.LR, preset.LR)
	orDefault(given, "learning.drops", &l.Drops, preset.Drops)
	orDefault(given, "learning.factor", &l.Factor, preset.Factor)
	orDefault(given, "learning.momentum", &l.Momentum, preset.Momentum)
	orDefault(given, "learning.weight_decay", &l.WeightDecay, preset.WeightDecay)
	orDefault(given, "learning.batch", &l.Batch, preset.Batch)
	l.Drops = nilIfEmpty(l.Drops)
}

// presetOf returns a schedule of spec section 5. Of "own" the zeros of Epochs, LR and Batch are refused unless the
// user replaces them.
func presetOf(name string) (preset Learning, ok bool) {
	switch name {
	case "wrn2016":
		return Learning{Epochs: 200, LR: 0.1, Drops: []float64{0.3, 0.6, 0.8}, Factor: 0.2, Momentum: 0.9, WeightDecay: 5e-4, Batch: 128}, true
	case "he2016":
		return Learning{Epochs: 100, LR: 0.1, Drops: []float64{0.5, 0.75}, Factor: 0.1, Momentum: 0.9, WeightDecay: 1e-4, Batch: 64}, true
	case "own":
		return Learning{Factor: 1}, true
	}
	return Learning{}, false
}

func (t *Task) fill(given lines, number, batch int) {
	task := fmt.Sprintf("tasks[%d]", number)
	set, _ := t.dataSet() // an unknown one is refused later
	if t.Kind == "cifar100" {
		orDefault(given, task+".labels", &t.Labels, "fine")
	}
	if set.generated {
		orDefault(given, task+".train", &t.Train, 2000)
		orDefault(given, task+".test", &t.Test, 500)
	}
	orDefault(given, task+".name", &t.Name, t.defaultName())
	orDefault(given, task+".images_of", &t.ImagesOf, number)
	orDefault(given, task+".size", &t.Size, set.size)
	orDefault(given, task+".channels", &t.Channels, 3)
	orDefault(given, task+".stride", &t.Stride, max(t.Size/32, 1))
	orDefault(given, task+".batch", &t.Batch, batch)
	t.Classes = nilIfEmpty(t.Classes)
}

// defaultName tells apart the tasks of one data set: cifar100, cifar100-coarse, cifar10-6-10.
func (t *Task) defaultName() string {
	name := t.Kind
	if t.Labels == "coarse" {
		name += "-coarse"
	}
	if len(t.Classes) == 2 {
		name += fmt.Sprintf("-%d-%d", t.Classes[0], t.Classes[1])
	}
	return name
}

// dataSet is what is known of a kind of data set before it is read.
type dataSet struct {
	size      int  // height and width in pixels; for folder 0: the user chooses
	chosen    bool // whether size and channels are the user's choice
	classes   int  // 0: known when it is read
	generated bool
}

func (t *Task) dataSet() (set dataSet, ok bool) {
	switch t.Kind {
	case "cifar10":
		return dataSet{size: 32, classes: 10}, true
	case "cifar100":
		if t.Labels == "coarse" {
			return dataSet{size: 32, classes: 20}, true
		}
		return dataSet{size: 32, classes: 100}, true
	case "stl10":
		return dataSet{size: 96, classes: 10}, true
	case "tiny-imagenet":
		return dataSet{size: 64, classes: 200}, true
	case "folder":
		return dataSet{chosen: true}, true
	case "shapes", "textures":
		return dataSet{size: 32, chosen: true, generated: true}, true
	}
	return dataSet{}, false
}

func orDefault[T any](given lines, path string, field *T, value T) {
	if !given.has(path) {
		*field = value
	}
}

// nilIfEmpty lets [] and an absent key be the same configuration.
func nilIfEmpty[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}
