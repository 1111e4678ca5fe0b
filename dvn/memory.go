package dvn

import (
	"fmt"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// Memory is what a phase needs on a device, in bytes by purpose.
type Memory map[gpu.Purpose]uint64

// Total adds up.
func (m Memory) Total() (n uint64) {
	for _, bytes := range m {
		n += bytes
	}
	return n
}

func (m Memory) add(other map[gpu.Purpose]uint64) {
	for purpose, bytes := range other {
		m[purpose] += bytes
	}
}

// PredictMemory counts, by the code that allocates it, what training a phase and evaluating its tasks one after another
// takes; nothing is allocated. stored lists every phase whose tensors the store holds; capacity gives the batch of every
// task whose images are seen, evaluation that of the evaluator.
func PredictMemory(k *layers.Kernels, p Phase, stored []*Phase, capacity map[int]int, evaluation int) (Memory, error) {
	memory, err := PredictTrainer(k, p, stored, capacity)
	if err != nil {
		return nil, err
	}
	largest := Memory{}
	for task := range p.Tasks {
		e := p.Evaluation(task + 1)
		if len(e.Heads) == 0 {
			continue
		}
		m, err := PredictEvaluator(k, e, map[int]int{task + 1: evaluation})
		if err != nil {
			return nil, fmt.Errorf("evaluation of task %d: %w", task+1, err)
		}
		if m.Total() > largest.Total() {
			largest = m
		}
	}
	memory.add(largest)
	return memory, nil
}

// PredictTrainer counts what a trainer takes with its store and, where heads distill, the old network's.
func PredictTrainer(k *layers.Kernels, p Phase, stored []*Phase, capacity map[int]int) (Memory, error) {
	t, store, err := layOutTrainer(k, p, stored, capacity)
	if err != nil {
		return nil, err
	}
	memory := Memory{}
	memory.add(t.arena.bytes)
	memory.add(store.bytes(true))
	if t.teacher != nil {
		memory.add(store.bytes(false))
	}
	return memory, nil
}

// layOutTrainer is a trainer with its store, of which nothing is allocated.
func layOutTrainer(k *layers.Kernels, p Phase, stored []*Phase, capacity map[int]int) (*Trainer, *Store, error) {
	store, err := layOutStore(everyUnit, stored...)
	if err != nil {
		return nil, nil, err
	}
	t := &Trainer{phase: p.Normalised(), kernels: k, arena: newArena(nil, k.Precision())}
	return t, store, t.build(store, store, capacity)
}

// PredictEvaluator counts what an evaluator takes, its store left out.
func PredictEvaluator(k *layers.Kernels, p Phase, capacity map[int]int) (Memory, error) {
	g, err := layOutEvaluator(k, p, capacity)
	if err != nil {
		return nil, err
	}
	return g.bytes, nil
}

// layOutEvaluator is an evaluator's graph, of which nothing is allocated.
func layOutEvaluator(k *layers.Kernels, p Phase, capacity map[int]int) (*graph, error) {
	p.normalise()
	return layOutGraph(k, p, everyUnit, capacity)
}

// layOutGraph is a graph in evaluation mode over a store of some units, of which nothing is allocated.
func layOutGraph(k *layers.Kernels, p Phase, units layers.UnitSet, capacity map[int]int) (*graph, error) {
	store, err := layOutStore(units, &p)
	if err != nil {
		return nil, err
	}
	a := newArena(nil, k.Precision())
	inputs, err := newInputs(a, &p, capacity)
	if err != nil {
		return nil, err
	}
	return newGraph(a, k, store, &p, forEvaluation, inputs)
}
