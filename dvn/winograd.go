package dvn

import (
	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// allocateWinograd gives those convolutions that run by Winograd a second layout of their weights, and one scratch for all.
func (g *graph) allocateWinograd() {
	n, floats := g.capacity(), 0
	for i := range g.blocks {
		convs1, convs2 := g.blockConvs(i, n)
		b := &g.blocks[i]
		floats = max(floats, g.planWinograd(&b.conv1, convs1, b.readsStem), g.planWinograd(&b.conv2, convs2, false))
	}
	scratch := g.floats("Winograd's tiles", gpu.Activations, floats)
	for i := range g.blocks {
		g.blocks[i].conv1.Winograd.Scratch, g.blocks[i].conv2.Winograd.Scratch = scratch, scratch
	}
}

// planWinograd allocates U where a convolution runs by Winograd, and returns the scratch that it needs.
func (g *graph) planWinograd(c *layers.Conv, heads []layers.ConvHead, readsStem bool) int {
	if !g.kernels.UsesWinograd(*c, heads) {
		return 0
	}
	c.Winograd.U = g.floats(c.Name+" U", gpu.Weights, layers.WinogradUFloats(*c))
	if g.use == forTraining {
		c.Winograd.UBackward = g.floats(c.Name+" U backward", gpu.Weights, layers.WinogradUFloats(*c))
		c.Winograd.Gradient = true
	}
	return g.kernels.WinogradScratch(*c, heads, g.blocksThatTrain(*c, readsStem), c.Winograd.Gradient)
}

// refreshWinograd records U of every convolution that has one from the weights as they are.
func (g *graph) refreshWinograd(b *layers.Builder) {
	var forward, backward []layers.WinogradLayer
	for _, block := range g.blocks {
		for _, c := range []layers.Conv{block.conv1, block.conv2} {
			w := g.store.value(c.Name + ".weight")
			if c.Winograd.U.Buffer != nil {
				forward = append(forward, layers.WinogradLayer{Conv: c, W: w, U: c.Winograd.U})
			}
			if c.Winograd.UBackward.Buffer != nil {
				backward = append(backward, layers.WinogradLayer{Conv: c, W: w, U: c.Winograd.UBackward})
			}
		}
	}
	if len(forward) > 0 {
		b.WinogradWeights(forward, false)
	}
	if len(backward) > 0 {
		b.WinogradWeights(backward, true)
	}
}

// usesWinograd tells whether some convolution runs by Winograd.
func (g *graph) usesWinograd() bool {
	for _, b := range g.blocks {
		if b.conv1.Winograd.U.Buffer != nil || b.conv2.Winograd.U.Buffer != nil {
			return true
		}
	}
	return false
}

// UsesWinograd tells whether some convolution of the step runs by Winograd, which rounds more than the direct kernels.
func (t *Trainer) UsesWinograd() bool { return t.graph.usesWinograd() }

// UsesWinograd tells the same of an evaluator.
func (e *Evaluator) UsesWinograd() bool { return e.graph.usesWinograd() }
