package bench

import (
	"math/rand/v2"
	"time"

	"github.com/dvn-vk/dvn-vk/dvn"
	"github.com/dvn-vk/dvn-vk/dvn/network"
	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// Train describes a joint training step on random images: one task for each number of classes, every level of each.
type Train struct {
	Backbone string
	Units    []float64 // shares
	Classes  []int
	Size     int // side of the images; the stem's stride follows: 32 pixels or less 1, 64 2, 96 3
	Batch    int // images of a task
	Duration time.Duration
	Profile  bool
}

// jointPhase has every level of every task: one task for each number of classes.
func jointPhase(backbone string, shares []float64, classes []int, size int) dvn.Phase {
	p := dvn.Phase{
		Backbone: backbone, Shares: shares, BN: dvn.BNPrivate, TrunkMode: dvn.TrunkTrain, LossReduction: dvn.ReduceSum,
		Temperature: 2, Teacher: dvn.TeacherTop, LR: 0.1, Momentum: 0.9, WeightDecay: 5e-4,
	}
	k := len(shares)
	for j, n := range classes {
		p.Tasks = append(p.Tasks, dvn.Task{Classes: n, Channels: 3, Size: size, Stride: max(1, size/32)})
		for l, units := range network.Hierarchy(network.DefaultOrder(j+1, k), network.DefaultLevelUnits(k)) {
			p.Heads = append(p.Heads, dvn.Head{Task: j + 1, Level: l + 1, Units: units, Loss: dvn.CrossEntropy})
		}
	}
	return p.Normalised()
}

// Run measures whole steps: stems, heads, losses, backward passes and the update, on images that stay on the device. With
// Profile it also returns the operations of the last step.
func (t Train) Run(d *gpu.Device) (Record, []gpu.Sample, error) {
	r := Record{What: "train", Batch: t.Batch, Backbone: t.Backbone}
	k, err := layers.NewKernels(d, layers.FP32)
	if err != nil {
		return r, nil, err
	}
	r.Kernels = k.Describe()
	phase := jointPhase(t.Backbone, t.Units, t.Classes, t.Size)
	store, err := dvn.NewStore(d, true, &phase)
	if err != nil {
		return r, nil, err
	}
	defer store.Close()
	if err := store.Initialise(1); err != nil {
		return r, nil, err
	}
	capacity, batches := map[int]int{}, map[int]dvn.Batch{}
	random := rand.New(rand.NewPCG(1, 2))
	for j, classes := range t.Classes {
		capacity[j+1] = t.Batch
		batches[j+1] = randomBatch(random, t.Batch, t.Size, classes)
	}
	trainer, err := dvn.NewTrainer(k, store, nil, phase, capacity, t.Profile)
	if err != nil {
		return r, nil, err
	}
	defer trainer.Close()
	if _, err := trainer.Step(batches, 1e-3); err != nil { // records the step, compiles its pipelines, loads the images
		return r, nil, err
	}
	samples, err := sample(t.Duration, trainer.Again)
	if err != nil {
		return r, nil, err
	}
	for _, name := range store.Names() {
		if tensor, _ := store.Tensor(name); tensor.Trainable() {
			r.Params += tensor.Len()
		}
	}
	r.summarise(samples, t.Batch*len(t.Classes), d.Info)
	if !t.Profile {
		return r, nil, nil
	}
	operations, _, err := trainer.Samples()
	return r, operations, err
}

func randomBatch(random *rand.Rand, n, size, classes int) dvn.Batch {
	b := dvn.Batch{Images: make([]float32, n*size*size*3), Labels: make([]int32, n)}
	for i := range b.Images {
		b.Images[i] = float32(random.NormFloat64())
	}
	for i := range b.Labels {
		b.Labels[i] = int32(random.IntN(classes))
	}
	return b
}
