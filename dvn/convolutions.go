package dvn

import "github.com/dvn-vk/dvn-vk/layers"

// TrainingConvolutions lists the passes of all convolutions of a phase's step, those of the old network that heads learn from
// included: what a tuner measures. Nothing is allocated. capacity is that of NewTrainer: kernels are chosen for full batches.
func TrainingConvolutions(k *layers.Kernels, p Phase, capacity map[int]int) ([]layers.ConvCase, error) {
	p.normalise()
	store, err := sketchStore(true, everyUnit, &p)
	if err != nil {
		return nil, err
	}
	t, err := sketchTrainer(k, store, store, p, capacity)
	if err != nil {
		return nil, err
	}
	cases := t.graph.convCases()
	if t.teacher != nil {
		cases = append(cases, t.teacher.convCases()...)
	}
	return cases, nil
}

// LevelConvolutions lists those of a level that is loaded alone, for inferences of a batch.
func LevelConvolutions(k *layers.Kernels, p Phase, id HeadID, batch int) ([]layers.ConvCase, error) {
	alone, err := p.Alone(id)
	if err != nil {
		return nil, err
	}
	store, err := sketchStore(false, layers.NewUnitSet(alone.Heads[0].Units...), &alone)
	if err != nil {
		return nil, err
	}
	g, err := evaluationOn(sketchArena(k.Precision()), k, store, alone, map[int]int{alone.Heads[0].Input: batch})
	if err != nil {
		return nil, err
	}
	return g.convCases(), nil
}

// convCases lists the passes that the graph runs.
func (g *graph) convCases() []layers.ConvCase {
	var cases []layers.ConvCase
	for _, u := range g.convUses() {
		conv := *u.conv
		conv.Variants, conv.Memory = layers.Variants{}, layers.ConvMemory{}
		for _, p := range u.passes {
			idle := p == layers.BackwardWeights && u.blocks == layers.Blocks{} || p != layers.Forward && !g.trunkLearns()
			if idle {
				continue
			}
			cases = append(cases, layers.ConvCase{Pass: p, Conv: conv, Heads: u.heads, Blocks: u.blocks, FixedWeights: g.use == forEvaluation})
		}
	}
	return cases
}
