package scenario

import "math"

// Config describes one training run completely. Tasks, levels, units and classes count from 1.
// The tags' comments say what each key means and its default; TOML writes them into the file.
type Config struct {
	Name            string    `toml:"name" comment:"Name of the run: letters, digits, . _ -. Default: the file's name."`
	Backbone        string    `toml:"backbone" comment:"wrn-n-s, resnet-n or resnet-n-w, for example wrn-32-4."`
	Units           []float64 `toml:"units" comment:"Share of each unit in the feature maps of every layer, 1 to 16 units. Default: [1, 1]."`
	LevelUnits      []int     `toml:"level_units" comment:"Number of units at each level, ascending. Default: 1, 2, ... up to all units."`
	Orders          [][]int   `toml:"orders" comment:"For each task the order in which its levels take the units.\nDefault: task j begins with unit j and goes on by distance."`
	Objective       string    `toml:"objective" comment:"joint: all tasks at once. sequential: one phase for each task in order, the old tasks kept by distillation.\nDefault: joint."`
	BN              string    `toml:"bn" comment:"Batch-norm. private: each head its own. shared: one for all heads. batch: private, but evaluated with the\nstatistics of the evaluated batch. Default: private."`
	TrunkMode       string    `toml:"trunk_mode" comment:"Batch-norm in training steps. train: statistics of the batch. eval: running statistics, not updated. Default: train."`
	LossReduction   string    `toml:"loss_reduction" comment:"sum or mean of the heads' losses. Default: sum."`
	Temperature     float64   `toml:"temperature" comment:"Temperature of the distillation loss. Default: 2."`
	Teacher         string    `toml:"teacher" comment:"Level of the old network that teaches an old task's heads. top: the last. same: each head's own. Default: top."`
	Frozen          []string  `toml:"frozen" comment:"Names of tensors that do not train; * matches anything. Default: none."`
	Precision       string    `toml:"precision" comment:"How activations lie in memory. fp32. fp16: half the memory, with a dynamic loss scale. Default: fp32."`
	Seed            uint64    `toml:"seed" comment:"Decides initialisation, order of the images and augmentation. Default: 1."`
	CheckpointEvery int       `toml:"checkpoint_every" comment:"Steps between checkpoints; one is written at each epoch's end in any case. Default: 0, there only."`
	Data            Data      `toml:"data" comment:"Where the images come from."`
	Learning        Learning  `toml:"learning" comment:"The optimiser (SGD with Nesterov momentum) and its schedule."`
	Tasks           []Task    `toml:"tasks" comment:"The tasks, in order."`
}

// Data says where the images of all tasks come from and how many of them are used.
type Data struct {
	Dir        string `toml:"dir" comment:"Folder with the data sets under their official names; generated ones need none. Default: none."`
	LimitTrain int    `toml:"limit_train" comment:"Train on the first images of each task only. Default: 0, all."`
	LimitTest  int    `toml:"limit_test" comment:"Test on the first images of each task only. Default: 0, all."`
	SkipBroken bool   `toml:"skip_broken" comment:"Leave out image files that cannot be decoded, where the kind is folder. Default: false."`
}

// Learning is the optimiser and its schedule (spec section 5).
type Learning struct {
	Preset      string    `toml:"preset" comment:"Where the defaults below come from: wrn2016, he2016, or own, which gives none: epochs, lr\nand batch are needed then, drops is [], factor 1, the others 0. Default: wrn2016."`
	Epochs      int       `toml:"epochs" comment:"Epochs (of each phase). An epoch ends when the task with the most batches has been through once."`
	LR          float64   `toml:"lr" comment:"Learning rate of the first epoch."`
	Drops       []float64 `toml:"drops" comment:"Fractions of the epochs after which the rate drops, ascending."`
	Factor      float64   `toml:"factor" comment:"What a drop multiplies the rate by."`
	Momentum    float64   `toml:"momentum" comment:"Nesterov momentum."`
	WeightDecay float64   `toml:"weight_decay" comment:"Decay of convolution, stem and fully connected weights."`
	Batch       int       `toml:"batch" comment:"Images of a task in a step, where the task does not say otherwise."`
}

// Task is one classification task: which images it sees, with which labels, through which stem.
type Task struct {
	Name     string `toml:"name" comment:"Name in tables, unlike the other tasks'. Default: made from kind, labels and classes."`
	Kind     string `toml:"kind" comment:"Data set: cifar10, cifar100, stl10, tiny-imagenet, folder, shapes or textures."`
	Labels   string `toml:"labels" comment:"Of cifar100 alone: fine (100 classes) or coarse (20). Default: fine."`
	Classes  []int  `toml:"classes" comment:"First and last class, in the order of the data set. Default: [], all."`
	Path     string `toml:"path" comment:"Of folder alone: the images' folder, relative to data.dir or absolute."`
	ImagesOf int    `toml:"images_of" comment:"Number of an earlier task of the same data set whose images, in its order and augmentation, this task sees too.\nDefault: the task's own number, images of its own."`
	Size     int    `toml:"size" comment:"Height and width of the images in pixels; folder scales and crops to it, and needs it.\nDefault: the data set's; of generated ones 32."`
	Channels int    `toml:"channels" comment:"3 colour, 1 grey. Default: 3."`
	Stride   int    `toml:"stride" comment:"Stride of the stem: all tasks' stems must give maps of one size. Default: size / 32, at least 1."`
	Batch    int    `toml:"batch" comment:"Images in a step. Default: learning.batch."`
	Train    int    `toml:"train" comment:"Of generated sets alone: number of training images. Default: 2000."`
	Test     int    `toml:"test" comment:"Of generated sets alone: number of test images. Default: 500."`
}

// RateAt is the learning rate of an epoch from 1 to Epochs. A drop at fraction x of E epochs happens before epoch
// floor(E x + 0.5) + 1 (spec section 5).
func (c Config) RateAt(epoch int) float64 {
	drops := 0
	for _, fraction := range c.Learning.Drops {
		// The conversion keeps the product apart from the sum: no platform may fuse them and round once.
		if before := math.Floor(float64(float64(c.Learning.Epochs)*fraction) + 0.5); float64(epoch) > before {
			drops++
		}
	}
	return c.Learning.LR * math.Pow(c.Learning.Factor, float64(drops))
}
