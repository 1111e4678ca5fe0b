package dvn

import (
	"slices"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// convUse is a convolution of a graph with the heads that run it, for the largest batches.
type convUse struct {
	conv   *layers.Conv
	heads  []layers.ConvHead
	blocks layers.Blocks // that train
	passes []layers.Pass
}

// convUses lists every convolution of the network: stems, then blocks.
func (g *graph) convUses() []convUse {
	var uses []convUse
	n, stemPasses, passes := g.capacity(), []layers.Pass{layers.Forward}, []layers.Pass{layers.Forward}
	if g.use == forTraining {
		stemPasses, passes = []layers.Pass{layers.Forward, layers.BackwardWeights}, layers.Passes()
	}
	for _, stems := range g.stemsByTask() {
		conv := &stems[0].conv
		uses = append(uses, convUse{conv, g.stemConvs(stems, n), g.stemBlocks(*conv), stemPasses})
	}
	for i := range g.blocks {
		convs1, convs2 := g.blockConvs(i, n)
		b := &g.blocks[i]
		uses = append(uses,
			convUse{&b.conv1, convs1, g.blocksThatTrain(b.conv1, b.readsStem), passes},
			convUse{&b.conv2, convs2, g.blocksThatTrain(b.conv2, false), passes})
	}
	return uses
}

// chooseVariants decides how every pass of every convolution runs, and gives it the memory for that: second layouts of the
// weights, and scratch.
func (g *graph) chooseVariants() {
	for _, u := range g.convUses() {
		for _, p := range u.passes {
			u.conv.Variants[p] = g.kernels.Choose(p, *u.conv, u.heads)
			if n := g.kernels.PreparedFloats(p, *u.conv); n > 0 {
				u.conv.Memory.Prepared[p] = g.floats(u.conv.Name+" weights prepared for "+p.String(), gpu.Weights, n)
			}
			if n := g.kernels.HalfWeights(p, *u.conv); n > 0 && u.conv.Memory.Half.Size == 0 {
				u.conv.Memory.Half = g.zeros(u.conv.Name+" weights in halves", gpu.Weights, 2, n)
			}
			u.conv.Memory.Scratch[p] = g.passingFloats(u.conv.Name+" scratch of "+p.String(), g.kernels.ConvScratch(p, *u.conv, u.heads, u.blocks))
		}
	}
}

// prepareConvs records the second layouts of all weights as they are.
func (g *graph) prepareConvs(b *layers.Builder) {
	var convs []layers.PreparedConv
	for _, u := range g.convUses() {
		convs = append(convs, layers.PreparedConv{Conv: *u.conv, W: g.store.value(u.conv.Name + ".weight")})
	}
	b.PrepareConvs(convs)
}

// variants lists the variants that some convolution uses.
func (g *graph) variants() []layers.Variant {
	var used []layers.Variant
	for _, u := range g.convUses() {
		for _, p := range u.passes {
			used = append(used, u.conv.Variants[p])
		}
	}
	slices.Sort(used)
	return slices.Compact(used)
}

// Variants lists the variants that the convolutions of the step use: Winograd rounds more than the direct kernels.
func (t *Trainer) Variants() []layers.Variant { return t.graph.variants() }

// Variants lists those of an evaluator.
func (e *Evaluator) Variants() []layers.Variant { return e.graph.variants() }
