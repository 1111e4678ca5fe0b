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
	store, err := sketchStore(true, everyUnit, stored...)
	if err != nil {
		return nil, err
	}
	t, err := sketchTrainer(k, store, store, p, capacity)
	if err != nil {
		return nil, err
	}
	plan, err := t.plan()
	if err != nil {
		return nil, err
	}
	memory := plan.memory()
	memory[gpu.Staging] += (slots - 1) * plan.tableBytes
	memory.add(t.arena.bytes)
	memory.add(store.bytes(true))
	if t.teacher != nil {
		memory.add(store.bytes(false))
	}
	return memory, nil
}

// PredictEvaluator counts what an evaluator takes, its store left out.
func PredictEvaluator(k *layers.Kernels, p Phase, capacity map[int]int) (Memory, error) {
	p = p.Normalised()
	store, err := sketchStore(false, everyUnit, &p)
	if err != nil {
		return nil, err
	}
	_, memory, err := planEvaluation(k, store, p, capacity)
	return memory, err
}

// PredictLevel counts what a level alone takes and inference in batches of a size.
func PredictLevel(k *layers.Kernels, p Phase, id HeadID, batch int) (Memory, error) {
	alone, err := p.Alone(id)
	if err != nil {
		return nil, err
	}
	store, err := sketchStore(false, layers.NewUnitSet(alone.Heads[0].Units...), &alone)
	if err != nil {
		return nil, err
	}
	_, memory, err := planEvaluation(k, store, alone, map[int]int{alone.Heads[0].Input: batch})
	if err != nil {
		return nil, err
	}
	memory.add(store.bytes(false))
	return memory, nil
}
