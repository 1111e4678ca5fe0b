package dvn

import (
	"github.com/dvn-vk/dvn-vk/layers"
)

// Evaluator runs heads in evaluation mode: batch-norm with running statistics, in the convolutions' epilogues.
type Evaluator struct {
	graph    *graph
	programs map[string]*layers.Program
	kernels  *layers.Kernels
	result   StepResult
}

// NewEvaluator prepares the heads of a phase with the weights as they are now; capacity is the largest batch of every task whose images are seen.
func NewEvaluator(k *layers.Kernels, store *Store, p Phase, capacity map[int]int) (*Evaluator, error) {
	g, err := newEvaluation(k, store, p.Normalised(), capacity)
	if err != nil {
		return nil, err
	}
	return &Evaluator{kernels: k, graph: g, programs: map[string]*layers.Program{}}, nil
}

// Run computes the logits of every head on one batch of every task. The result is valid until the next run.
func (e *Evaluator) Run(batches map[int]Batch) (*StepResult, error) {
	n, err := e.graph.load(batches, false)
	if err != nil {
		return nil, err
	}
	program, err := e.program(n)
	if err != nil {
		return nil, err
	}
	if err := program.Run(); err != nil {
		return nil, err
	}
	e.result = StepResult{graph: e.graph, counts: n}
	return &e.result, nil
}

func (e *Evaluator) program(n counts) (*layers.Program, error) {
	key := n.key()
	if p, ok := e.programs[key]; ok {
		return p, nil
	}
	b := e.kernels.NewBuilder()
	e.graph.infer(b, n)
	p, err := b.Finish("evaluation, batches "+key, false)
	if err == nil {
		e.programs[key] = p
	}
	return p, err
}

// Close releases what the evaluator allocated, not its store.
func (e *Evaluator) Close() {
	for _, p := range e.programs {
		p.Close()
	}
	e.programs = nil
	e.graph.close()
}
