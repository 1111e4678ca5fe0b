package bench

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/dvn-vk/dvn-vk/dvn"
	"github.com/dvn-vk/dvn-vk/dvn/network"
)

// Train describes joint training steps on random images: one task for each number of classes, every level of each.
type Train struct {
	Backbone string
	Units    []float64 // shares
	Classes  []int
	Size     int   // side of the images; the stem's stride follows: 32 pixels or less 1, 64 2, 96 3
	Batches  []int // images of a task; each is measured, one against the other
}

// Run measures whole steps, without timestamps: stems, heads, losses, backward passes and the update, on images that stay on
// the device. Then, apart from that, it profiles each: operations holds a record of WhatOp for every kind of operation, the
// heaviest first, and the steps' records say which part of their time the operations account for.
func (t Train) Run(ctx context.Context, m *Machine) (steps, operations []Record, err error) {
	phase, before := jointPhase(t.Backbone, t.Units, t.Classes, t.Size), memoryInUse(m.Device)
	store, err := dvn.NewStore(m.Device, true, &phase)
	if err != nil {
		return nil, nil, err
	}
	defer store.Close()
	if err := store.Initialise(1); err != nil {
		return nil, nil, err
	}
	if steps, err = t.measure(ctx, m, store, memoryInUse(m.Device)-before, phase); err != nil {
		return nil, nil, err
	}
	ceilings, err := m.Ceilings(ctx)
	if err != nil {
		return nil, nil, err
	}
	for i := range steps {
		p, err := t.profile(m, store, phase, steps[i].Batch)
		if err != nil {
			return nil, nil, fmt.Errorf("profile of batch %d: %w", steps[i].Batch, err)
		}
		p.account(&steps[i], ceilings)
		operations = append(operations, p.records(steps[i], ceilings)...)
	}
	return steps, operations, nil
}

// measure times the steps of all batches against each other; stored is what the store takes on the device.
func (t Train) measure(ctx context.Context, m *Machine, store *dvn.Store, stored uint64, phase dvn.Phase) ([]Record, error) {
	m.expect(1)
	var works []Work
	for _, batch := range t.Batches {
		before := memoryInUse(m.Device)
		trainer, err := t.trainer(m, store, phase, batch, false)
		if err != nil {
			return nil, fmt.Errorf("batch %d: %w", batch, err)
		}
		defer trainer.Close()
		r := t.record(m, store)
		r.Batch, r.MemoryBytes = batch, stored+memoryInUse(m.Device)-before
		works = append(works, Work{Record: r, Images: batch * len(t.Classes), Run: trainer.Again})
	}
	return m.Measure(ctx, works)
}

// record is what is known of a step before it is measured.
func (t Train) record(m *Machine, store *dvn.Store) Record {
	r := Record{What: WhatTrain, Backbone: t.Backbone, Units: t.Units, Classes: t.Classes, Size: t.Size, Kernels: m.Kernels.Describe()}
	for _, name := range store.Names() {
		if tensor, _ := store.Tensor(name); tensor.Trainable() {
			r.Params += tensor.Len()
		}
	}
	return r
}

// trainer has made one step on random images: everything is compiled and recorded.
func (t Train) trainer(m *Machine, store *dvn.Store, phase dvn.Phase, batch int, profile bool) (*dvn.Trainer, error) {
	capacity, batches := map[int]int{}, map[int]dvn.Batch{}
	random := rand.New(rand.NewPCG(1, 2))
	for j, classes := range t.Classes {
		capacity[j+1] = batch
		batches[j+1] = randomBatch(random, batch, t.Size, classes)
	}
	trainer, err := dvn.NewTrainer(m.Kernels, store, nil, phase, capacity, profile)
	if err != nil {
		return nil, err
	}
	if _, err := trainer.Step(batches, rate); err != nil {
		trainer.Close()
		return nil, err
	}
	return trainer, nil
}

// rate of learning: so low that weights stay as they are however long it is measured. Random labels can be learnt by heart, and
// then gradients get so small (denormal) that processors are slow on them.
const rate = 1e-6

// jointPhase has every level of every task: one task for each number of classes.
func jointPhase(backbone string, shares []float64, classes []int, size int) dvn.Phase {
	p := dvn.Phase{
		Backbone: backbone, Shares: shares, BN: dvn.BNPrivate, TrunkMode: dvn.TrunkTrain, LossReduction: dvn.ReduceSum,
		Temperature: 2, Teacher: dvn.TeacherTop, LR: 0.1, Momentum: 0.9, WeightDecay: 5e-4,
	}
	k := len(shares)
	for j, n := range classes {
		p.Tasks = append(p.Tasks, dvn.Task{Classes: n, Channels: channels, Size: size, Stride: stemStride(size)})
		for l, units := range network.Hierarchy(network.DefaultOrder(j+1, k), network.DefaultLevelUnits(k)) {
			p.Heads = append(p.Heads, dvn.Head{Task: j + 1, Level: l + 1, Units: units, Loss: dvn.CrossEntropy})
		}
	}
	return p.Normalised()
}

// channels of an image.
const channels = 3

// stemStride makes maps of 32 pixels of larger images.
func stemStride(size int) int { return max(1, size/32) }

func randomBatch(random *rand.Rand, n, size, classes int) dvn.Batch {
	b := dvn.Batch{Images: make([]float32, n*size*size*channels), Labels: make([]int32, n)}
	for i := range b.Images {
		b.Images[i] = float32(random.NormFloat64())
	}
	for i := range b.Labels {
		b.Labels[i] = int32(random.IntN(classes))
	}
	return b
}
