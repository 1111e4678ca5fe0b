package bench

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/dvn-vk/dvn-vk/dvn"
	"github.com/dvn-vk/dvn-vk/dvn/network"
)

// Levels describes the inference of one task's levels, each loaded and run alone, on random images.
type Levels struct {
	Phase   dvn.Phase
	Task    int        // from 1
	From    dvn.Source // of the weights
	Batches []int      // images at a time; each is measured
}

// RandomLevels are the levels of a network of one task that has learned nothing: a unit more a level. The stem's stride follows
// the images' side, as in Train.
func RandomLevels(backbone string, shares []float64, classes, size int) Levels {
	return Levels{Phase: jointPhase(backbone, shares, []int{classes}, size), Task: 1, From: dvn.Random(1)}
}

// loaded is a level on the device with what is known of it before it is measured.
type loaded struct {
	*dvn.Level
	record Record
	flops  float64 // of an image
	pixels int     // numbers of an image
}

// Run measures every level at every batch size, the levels of a batch against each other: from images in the host's memory to
// logits there. Records come by level, then batch; of each level's the one with the most images a second is marked as the best.
func (l Levels) Run(ctx context.Context, m *Machine) ([]Record, error) {
	m.expect(len(l.Batches))
	levels, err := l.load(m)
	defer func() {
		for _, level := range levels {
			level.Close()
		}
	}()
	if err != nil {
		return nil, err
	}
	var records []Record
	for _, batch := range l.Batches {
		measured, err := measureBatch(ctx, m, levels, batch)
		if err != nil {
			return nil, fmt.Errorf("batch %d: %w", batch, err)
		}
		records = append(records, measured...)
	}
	slices.SortStableFunc(records, func(a, b Record) int { return cmp.Or(a.Level-b.Level, a.Batch-b.Batch) })
	markBest(records, len(l.Batches))
	return records, nil
}

// load loads every level of the task; those that are loaded come back with an error too.
func (l Levels) load(m *Machine) (levels []loaded, err error) {
	backbone, err := network.ParseBackbone(l.Phase.Backbone)
	if err != nil {
		return nil, err
	}
	for _, h := range l.Phase.Heads {
		if h.Task != l.Task {
			continue
		}
		t := l.Phase.Tasks[h.Task-1]
		parameters, err := backbone.HeadParameters(l.Phase.Shares, h.Units, t.Classes, t.Channels)
		if err != nil {
			return levels, err
		}
		flops, err := backbone.HeadFLOPs(l.Phase.Shares, h.Units, t.Classes, t.Channels, t.Size, t.Stride)
		if err != nil {
			return levels, err
		}
		level, err := dvn.LoadLevel(m.Kernels, l.Phase, dvn.HeadID{Task: h.Task, Level: h.Level}, l.From)
		if err != nil {
			return levels, err
		}
		levels = append(levels, loaded{level, Record{
			What: WhatInfer, Level: h.Level, Backbone: l.Phase.Backbone, Units: l.Phase.Shares, Classes: []int{t.Classes}, Size: t.Size,
			Params: parameters.Weights(), Kernels: m.Kernels.Describe(),
		}, float64(flops), t.Size * t.Size * t.Channels})
	}
	if len(levels) == 0 {
		return nil, fmt.Errorf("the network has no task %d: it has %d", l.Task, len(l.Phase.Tasks))
	}
	for i := range levels {
		levels[i].record.Density = float64(levels[i].record.Params) / float64(levels[len(levels)-1].record.Params)
	}
	return levels, nil
}

// measureBatch times the levels against each other; the last one is the top level, which speed-ups are counted from.
func measureBatch(ctx context.Context, m *Machine, levels []loaded, batch int) ([]Record, error) {
	var works []Work
	random := rand.New(rand.NewPCG(1, 2))
	for _, level := range levels {
		inference, err := level.NewInference(batch, false)
		if err != nil {
			return nil, err
		}
		defer inference.Close()
		images, logits := randomImages(random, batch*level.pixels), make([]float32, inference.Outputs())
		r := level.record
		r.Batch, r.MemoryBytes = batch, inference.Memory().Total()
		works = append(works, Work{Record: r, Images: batch, FLOPs: float64(batch) * level.flops, Run: func() error { return inference.Run(images, logits) }})
	}
	records, err := m.Measure(ctx, works)
	if err != nil {
		return nil, err
	}
	top := records[len(records)-1].MedianMS
	for i := range records {
		records[i].SpeedUp = top / records[i].MedianMS
	}
	return records, nil
}

func randomImages(random *rand.Rand, n int) []float32 {
	images := make([]float32, n)
	for i := range images {
		images[i] = float32(random.NormFloat64())
	}
	return images
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
