package dvn

import "github.com/dvn-vk/dvn-vk/layers"

// newEvaluation is a normalised phase's network in evaluation mode, with the weights as they are now, ready to record itself.
func newEvaluation(k *layers.Kernels, store *Store, p Phase, capacity map[int]int) (*graph, error) {
	plan, _, err := planEvaluation(k, store, p, capacity)
	if err != nil {
		return nil, err
	}
	a := newArena(k.Device, k.Precision(), plan)
	g, err := evaluationOn(a, k, store, p, capacity)
	if err == nil {
		err = g.prepare()
	}
	if err != nil {
		a.close()
		return nil, err
	}
	return g, nil
}

// planEvaluation plans for full batches; all that the graph takes is in memory.
func planEvaluation(k *layers.Kernels, store *Store, p Phase, capacity map[int]int) (plan *plan, memory Memory, err error) {
	g, err := evaluationOn(sketchArena(k.Precision()), k, store, p, capacity)
	if err != nil {
		return nil, nil, err
	}
	plan, err = planOf(k, g.arena, func(b *layers.Builder) { g.infer(b, g.capacity()) })
	if err != nil {
		return nil, nil, err
	}
	memory = plan.memory()
	memory.add(g.bytes)
	return plan, memory, nil
}

// evaluationOn lays the network out on an arena.
func evaluationOn(a *arena, k *layers.Kernels, store *Store, p Phase, capacity map[int]int) (*graph, error) {
	inputs, err := newInputs(a, &p, capacity, 1)
	if err != nil {
		return nil, err
	}
	return newGraph(a, k, store, &p, forEvaluation, inputs)
}

// infer records the way from images to logits.
func (g *graph) infer(b *layers.Builder, n counts) {
	g.upload(b, n)
	g.forward(b, n, false)
	b.Recorder().Download(g.logits, 0, g.logits.Buffer().Size())
}
