package bench

import (
	"github.com/dvn-vk/dvn-vk/dvn"
	"github.com/dvn-vk/dvn-vk/layers"
)

// Convolutions lists the passes of all convolutions of the steps: what a tuner measures.
func (t Train) Convolutions(k *layers.Kernels) ([]layers.ConvCase, error) {
	phase := jointPhase(t.Backbone, t.Units, t.Classes, t.Size)
	var all []layers.ConvCase
	for _, batch := range t.Batches {
		capacity := map[int]int{}
		for j := range t.Classes {
			capacity[j+1] = batch
		}
		cases, err := dvn.TrainingConvolutions(k, phase, capacity)
		if err != nil {
			return nil, err
		}
		all = append(all, cases...)
	}
	return all, nil
}

// Convolutions lists those of all levels at all batch sizes: what a tuner measures.
func (l Levels) Convolutions(k *layers.Kernels) ([]layers.ConvCase, error) {
	var all []layers.ConvCase
	for _, h := range l.Phase.Heads {
		for _, batch := range l.Batches {
			if h.Task != l.Task {
				continue
			}
			cases, err := dvn.LevelConvolutions(k, l.Phase, dvn.HeadID{Task: h.Task, Level: h.Level}, batch)
			if err != nil {
				return nil, err
			}
			all = append(all, cases...)
		}
	}
	return all, nil
}

// Convolutions is Levels.Convolutions.
func (i Infer) Convolutions(k *layers.Kernels) ([]layers.ConvCase, error) {
	return i.levels().Convolutions(k)
}
