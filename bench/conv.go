package bench

import (
	"fmt"
	"math/rand/v2"

	"github.com/dvn-vk/dvn-vk/dvn/network"
	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// convBench is one convolution on a device, with random weights, activations and gradients. Passes write to memory of its own,
// or numbers would grow from run to run.
type convBench struct {
	workbench
	shape Shape
	units []float64 // shares
	batch int

	conv           layers.Conv
	x, y           layers.Activations // what passes read: input and gradient of the output
	xOut, yOut     layers.Activations // what they write
	weights, wGrad gpu.Range
}

// allocate lays out the convolution and its tensors.
func (c *convBench) allocate() {
	c.conv = layers.Conv{Name: c.shape.String(), Kernel: 3, Stride: c.shape.Stride, InSize: c.shape.Size}
	c.conv.In, c.conv.Out = c.maps(c.shape.In, c.shape.Stem), c.maps(c.shape.Out, false)
	if c.err != nil {
		return
	}
	r := rand.New(rand.NewPCG(1, 2))
	c.x, c.y = c.activations(c.conv.InSize, c.conv.In), c.activations(c.conv.OutSize(), c.conv.Out)
	c.xOut, c.yOut = c.x, c.y
	p := c.Kernels.Precision()
	c.x.Range, c.y.Range = c.random("input", p, r, c.x.Len()), c.random("gradient of the output", p, r, c.y.Len())
	c.xOut.Range, c.yOut.Range = c.numbers("gradient of the input", p, c.x.Len()), c.numbers("output", p, c.y.Len())
	c.weights, c.wGrad = c.random("weights", layers.FP32, r, c.conv.Weights()), c.floats("gradient of the weights", c.conv.Weights())
}

// maps divides n maps into units; whole: into one, as an image's channels.
func (c *convBench) maps(n int, whole bool) layers.Maps {
	shares := c.units
	if whole {
		shares = []float64{1}
	}
	boundaries, err := network.Boundaries(n, shares)
	if err != nil {
		c.fail(err)
		return layers.Maps{}
	}
	return layers.NewMaps(boundaries, layers.UnitPad)
}

func (c *convBench) activations(size int, m layers.Maps) layers.Activations {
	return layers.Activations{Precision: c.Kernels.Precision(), Images: c.batch, Size: size, Maps: m.Total()}
}

// heads is the one head over all units, with what a pass reads and writes.
func (c *convBench) heads(pass layers.Pass) []layers.ConvHead {
	h := layers.ConvHead{In: layers.AllUnits(c.conv.In.Units()), Out: layers.AllUnits(c.conv.Out.Units()), X: c.x, Y: c.y}
	switch pass {
	case layers.Forward:
		h.Y = c.yOut
	case layers.BackwardData:
		h.X = c.xOut
	}
	return []layers.ConvHead{h}
}

// blocks are all weight blocks: everything trains.
func (c *convBench) blocks() (blocks layers.Blocks) {
	for u := range c.conv.Out.Units() {
		blocks[u] = 1<<c.conv.In.Units() - 1
	}
	return blocks
}

// work is a pass by a variant.
func (c *convBench) work(pass layers.Pass, variant layers.Variant) Work {
	conv, heads := c.conv, c.heads(pass)
	conv.Variants[pass] = variant
	conv.Memory.Prepared[pass] = c.floats("prepared weights", c.Kernels.PreparedFloats(pass, conv))
	conv.Memory.Scratch[pass] = c.floats("scratch", c.Kernels.ConvScratch(pass, conv, heads, c.blocks()))
	halves := c.Kernels.HalfWeights(pass, conv)
	conv.Memory.Half = c.numbers("weights in halves", layers.FP16, halves)
	if conv.Memory.Prepared[pass].Size+conv.Memory.Half.Size > 0 {
		c.run(c.program(conv.Name+" weights", func(b *layers.Builder) { b.PrepareConvs([]layers.PreparedConv{{Conv: conv, W: c.weights}}) }))
	}
	p := c.program(conv.Name, func(b *layers.Builder) {
		switch pass {
		case layers.Forward:
			b.ConvForward(conv, c.weights, heads, nil)
		case layers.BackwardData:
			b.ConvBackwardData(conv, c.weights, heads)
		case layers.BackwardWeights:
			b.ConvBackwardWeights(conv, c.wGrad, heads, c.blocks())
		}
	})
	weights := 9 * c.shape.In * c.shape.Out
	r := Record{
		What: "conv-" + pass.String(), Shape: c.shape.String(), Variant: string(variant), Units: c.units, Params: weights, Batch: c.batch,
		Kernels: fmt.Sprintf("lanes=%d", c.Device.Info.Limits.SubgroupSize),
	}
	weightBytes := layers.FP32.Bytes() * weights
	if halves > 0 {
		weightBytes = layers.FP16.Bytes() * weights
	}
	return Work{
		Record: r, FLOPs: 2 * float64(weights) * float64(conv.OutSize()*conv.OutSize()*c.batch),
		Bytes: float64(c.x.Precision.Bytes()*(c.x.Len()+c.y.Len()) + weightBytes), Run: p.Run,
	}
}
