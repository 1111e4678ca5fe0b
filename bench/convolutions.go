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

// Convolutions lists those of the levels, each alone at every batch size.
func (i Infer) Convolutions(k *layers.Kernels) ([]layers.ConvCase, error) {
	phase := jointPhase(i.Backbone, i.Units, []int{i.Classes}, i.Size)
	var all []layers.ConvCase
	for level := range phase.Heads {
		for _, batch := range i.Batches {
			cases, err := dvn.EvaluationConvolutions(k, alone(phase, level), map[int]int{1: batch})
			if err != nil {
				return nil, err
			}
			all = append(all, cases...)
		}
	}
	return all, nil
}

// alone is the evaluation of one head of the only task.
func alone(phase dvn.Phase, level int) dvn.Phase {
	p := phase.Evaluation(1)
	p.Heads = p.Heads[level : level+1]
	return p
}
