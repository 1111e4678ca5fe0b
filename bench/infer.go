package bench

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/dvn-vk/dvn-vk/dvn"
	"github.com/dvn-vk/dvn-vk/dvn/network"
	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// Infer describes the inference of one task's levels, each head alone with batch-norm from running statistics, on random
// weights and images.
type Infer struct {
	Backbone string
	Units    []float64 // shares
	Classes  int
	Size     int   // side of the images; the stem's stride follows as in Train
	Batches  []int // each is measured
	Duration time.Duration
}

// Run measures every level at every batch size: copies between host and device are part of it where the two do not share
// memory. Of each level's records the one with the most images a second is marked as the best.
func (i Infer) Run(d *gpu.Device, progress func(done, total int)) ([]Record, error) {
	k, err := layers.NewKernels(d, layers.FP32)
	if err != nil {
		return nil, err
	}
	phase := jointPhase(i.Backbone, i.Units, []int{i.Classes}, i.Size)
	store, err := dvn.NewStore(d, false, &phase)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	if err := store.Initialise(1); err != nil {
		return nil, err
	}
	var records []Record
	for level := range phase.Heads {
		var mine []Record
		for _, batch := range i.Batches {
			r, err := i.measure(k, store, phase, level, batch)
			if err != nil {
				return nil, fmt.Errorf("level %d, batch %d: %w", level+1, batch, err)
			}
			mine = append(mine, r)
			if progress != nil {
				progress(len(records)+len(mine), len(phase.Heads)*len(i.Batches))
			}
		}
		best := slices.MaxFunc(mine, func(a, b Record) int { return cmp.Compare(a.ImgPerS, b.ImgPerS) })
		for j := range mine {
			mine[j].Best = mine[j].Batch == best.Batch
		}
		records = append(records, mine...)
	}
	return records, nil
}

// measure runs one head alone.
func (i Infer) measure(k *layers.Kernels, store *dvn.Store, phase dvn.Phase, level, batch int) (Record, error) {
	r := Record{What: "infer", Level: level + 1, Batch: batch, Backbone: i.Backbone, Kernels: k.Describe()}
	alone := phase.Evaluation(1)
	alone.Heads = alone.Heads[level : level+1]
	backbone, err := network.ParseBackbone(i.Backbone)
	if err != nil {
		return r, err
	}
	parameters, err := backbone.HeadParameters(i.Units, alone.Heads[0].Units, i.Classes, 3)
	if err != nil {
		return r, err
	}
	r.Params = parameters.Weights()
	evaluator, err := dvn.NewEvaluator(k, store, alone, map[int]int{1: batch})
	if err != nil {
		return r, err
	}
	defer evaluator.Close()
	images := randomBatch(rand.New(rand.NewPCG(1, 2)), batch, i.Size, i.Classes)
	if _, err := evaluator.Run(map[int]dvn.Batch{1: images}); err != nil {
		return r, err
	}
	samples, err := sample(i.Duration, evaluator.Again)
	if err != nil {
		return r, err
	}
	r.summarise(samples, batch, k.Device.Info)
	return r, nil
}
