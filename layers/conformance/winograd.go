package conformance

import (
	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// Roundings of a product by Winograd's F(4x4): the transforms multiply by up to 8 and cancel, so that errors are tens of
// times those of the direct sum (Barabasz and others, 2020, give 10 to 30 for this size; the largest seen here is in
// docs/kernels.md).
const winogradRoundings = 400

// drawWinograd draws a convolution that Winograd can do.
func (t *trial) drawWinograd(fits func(convCase) bool) convCase {
	return t.drawConv(1, func(c convCase) bool { return c.Kernel == 3 && fits(c) && t.winogradScratch(c) <= scratchFloats })
}

func (t *trial) winogradScratch(c convCase) int {
	return t.kernels.WinogradScratch(c.Conv, c.shapes(), allBlocks(), true) + 2*layers.WinogradUFloats(c.Conv)
}

// shapes are the case's heads without memory.
func (c convCase) shapes() []layers.ConvHead {
	var heads []layers.ConvHead
	for _, h := range c.heads {
		heads = append(heads, layers.ConvHead{
			In: h.in, Out: h.out,
			X: layers.Activations{Images: h.images, Size: c.InSize, Maps: c.In.Width(h.in)},
			Y: layers.Activations{Images: h.images, Size: c.OutSize(), Maps: c.Out.Width(h.out)},
		})
	}
	return heads
}

func allBlocks() layers.Blocks {
	var all layers.Blocks
	for u := range all {
		all[u] = 0xffff
	}
	return all
}

// refresh records the transformed weights of a case that runs by Winograd.
func (t *trial) refresh(c convCase, w gpu.Range) {
	if u := c.Winograd.U; u.Buffer != nil {
		t.builder.WinogradWeights([]layers.WinogradLayer{{Conv: c.Conv, W: w, U: u}}, false)
	}
	if u := c.Winograd.UBackward; u.Buffer != nil {
		t.builder.WinogradWeights([]layers.WinogradLayer{{Conv: c.Conv, W: w, U: u}}, true)
	}
}

func winogradForward(t *trial) {
	c := t.drawWinograd(fitsConv)
	t.prepareForward(&c)
	t.convForward(c, winogradRoundings)
}

func winogradEpilogue(t *trial) {
	c := t.drawWinograd(fitsEpilogue)
	t.prepareForward(&c)
	t.convEpilogue(c, winogradRoundings)
}

func (t *trial) prepareForward(c *convCase) {
	c.Winograd.U = t.scratch("U", layers.WinogradUFloats(c.Conv))
	c.Winograd.Scratch = t.scratch("tiles", t.kernels.WinogradScratch(c.Conv, c.shapes(), layers.Blocks{}, false))
}

func winogradBackwardData(t *trial) {
	c := t.drawWinograd(fitsConv)
	c.Winograd.UBackward = t.scratch("U", layers.WinogradUFloats(c.Conv))
	c.Winograd.Scratch = t.scratch("tiles", t.kernels.WinogradScratch(c.Conv, c.shapes(), layers.Blocks{}, false))
	t.convBackwardData(c, winogradRoundings)
}

func winogradBackwardWeights(t *trial) {
	c := t.drawWinograd(t.fitsScratch)
	blocks := t.blocks(c)
	c.Winograd.Gradient = true
	c.Winograd.Scratch = t.scratch("tiles", t.kernels.WinogradScratch(c.Conv, c.shapes(), blocks, true))
	t.convBackwardWeights(c, blocks, winogradRoundings)
}
