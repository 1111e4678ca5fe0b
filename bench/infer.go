package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/dvn-vk/dvn-vk/dvn"
	"github.com/dvn-vk/dvn-vk/dvn/network"
	"github.com/dvn-vk/dvn-vk/gpu"
)

// Infer describes the inference of one task's levels, each head alone with batch-norm from running statistics, on random
// weights and images.
type Infer struct {
	Backbone string
	Units    []float64 // shares
	Classes  int
	Size     int   // side of the images; the stem's stride follows as in Train
	Batches  []int // each is measured
}

// Run measures every level at every batch size against each other: copies between host and device are part of it where the
// two do not share memory. Of each level's records the one with the most images a second is marked as the best.
func (i Infer) Run(ctx context.Context, m *Machine) ([]Record, error) {
	m.expect(1)
	phase := jointPhase(i.Backbone, i.Units, []int{i.Classes}, i.Size)
	store, err := dvn.NewStore(m.Device, false, &phase)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	if err := store.Initialise(1); err != nil {
		return nil, err
	}
	var works []Work
	for level := range phase.Heads {
		for _, batch := range i.Batches {
			evaluator, err := i.evaluator(m, store, phase, level, batch)
			if err != nil {
				return nil, fmt.Errorf("level %d, batch %d: %w", level+1, batch, err)
			}
			defer evaluator.Close()
			r, err := i.record(m, phase.Heads[level])
			if err != nil {
				return nil, err
			}
			r.Batch = batch
			works = append(works, Work{Record: r, Images: batch, Run: evaluator.Again})
		}
	}
	records, err := m.Measure(ctx, works)
	if err != nil {
		return nil, err
	}
	markBest(records, len(i.Batches))
	top := records[len(records)-1].Params
	for j := range records {
		records[j].Density = float64(records[j].Params) / float64(top)
	}
	return records, nil
}

// record is what is known of a level before it is measured.
func (i Infer) record(m *Machine, h dvn.Head) (Record, error) {
	r := Record{
		What: WhatInfer, Level: h.Level, Backbone: i.Backbone, Units: i.Units, Classes: []int{i.Classes}, Size: i.Size, Kernels: m.Kernels.Describe(),
	}
	backbone, err := network.ParseBackbone(i.Backbone)
	if err != nil {
		return r, err
	}
	parameters, err := backbone.HeadParameters(i.Units, h.Units, i.Classes, channels)
	r.Params = parameters.Weights()
	return r, err
}

// evaluator has run one head alone: everything is compiled and recorded.
func (i Infer) evaluator(m *Machine, store *dvn.Store, phase dvn.Phase, level, batch int) (*dvn.Evaluator, error) {
	alone := phase.Evaluation(1)
	alone.Heads = alone.Heads[level : level+1]
	evaluator, err := dvn.NewEvaluator(m.Kernels, store, alone, map[int]int{1: batch})
	if err != nil {
		return nil, err
	}
	images := randomBatch(rand.New(rand.NewPCG(1, 2)), batch, i.Size, i.Classes)
	if _, err := evaluator.Run(map[int]dvn.Batch{1: images}); err != nil {
		evaluator.Close()
		return nil, err
	}
	return evaluator, nil
}

// markBest marks of each level's records the one with the most images a second; batches is the number of records of a level.
func markBest(records []Record, batches int) {
	for level := range slices.Chunk(records, batches) {
		best := 0
		for j := range level {
			if level[j].ImgPerS > level[best].ImgPerS {
				best = j
			}
		}
		level[best].Best = true
	}
}

// memoryInUse is what is allocated on a device.
func memoryInUse(d *gpu.Device) (bytes uint64) {
	for _, n := range d.Usage() {
		bytes += n
	}
	return bytes
}
