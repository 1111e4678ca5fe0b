package conformance

import (
	"fmt"
	"slices"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// Multiply-adds that a case's reference may take; every so often one may take more.
const (
	convWork     = 2e6
	convBigWork  = 20e6
	convBigEvery = 20
)

// Floats that the tensors of a case may take; with batch-norm, shortcuts come on top.
const (
	convFloats     = largestCase / 2
	epilogueFloats = largestCase / 16
	scratchFloats  = largestCase / 3
)

// convCase is a convolution and the heads that run it.
type convCase struct {
	layers.Conv
	heads []convSets
}

type convSets struct {
	in, out layers.UnitSet
	images  int
}

// drawConv draws until work and memory are small enough, from ranges that shrink. A side of the layer and its size walk
// through all their values.
func (t *trial) drawConv(strides int, fits func(convCase) bool) convCase {
	limit := convWork
	if t.index%convBigEvery == 0 {
		limit = convBigWork
	}
	for attempt := 0; ; attempt++ {
		within := func(n int) int { return t.between(1, max(1, n*(20-attempt)/20)) }
		c := convCase{Conv: layers.Conv{Name: "conv", Kernel: 3, Stride: t.between(1, strides), InSize: t.spread(mostSize, 5)}}
		if t.chance(4) {
			c.Kernel = 1
		}
		ins, outs := t.spread(mostMaps, 27), within(mostMaps)
		if t.chance(2) {
			ins, outs = outs, ins
		}
		units := t.between(1, mostUnits)
		c.In, c.Out = t.divide(ins, units), t.divide(outs, units)
		if t.chance(4) {
			c.In, c.Out = t.wholeUnits(units), t.wholeUnits(units)
			if t.chance(2) {
				c.Out = c.In
			}
		}
		fromStem := t.chance(4) // the layer that reads the stem: inputs are one unit
		if fromStem {
			c.In = t.divide(ins, 1)
		}
		for range within(mostHeads) {
			h := convSets{in: 1, images: within(mostImages)}
			if fromStem {
				h.out = t.units(c.Out)
			} else {
				h.out = t.units(c.In, c.Out)
				h.in = h.out
			}
			c.heads = append(c.heads, h)
		}
		if c.work() <= limit && fits(c) {
			t.describe("%dx%d stride %d, size %d, maps %s -> %s, heads %s", c.Kernel, c.Kernel, c.Stride, c.InSize, describeMaps(c.In), describeMaps(c.Out), c.describeHeads())
			return c
		}
	}
}

func (c convCase) work() float64 {
	work := 0
	for _, h := range c.heads {
		work += h.images * c.OutSize() * c.OutSize() * c.Kernel * c.Kernel * c.In.Width(h.in) * c.Out.Width(h.out)
	}
	return float64(work)
}

func fitsConv(c convCase) bool     { return c.floats() <= convFloats }
func fitsEpilogue(c convCase) bool { return c.floats() <= epilogueFloats }

// floats is about what the case's tensors take, residuals apart.
func (c convCase) floats() int {
	n := c.Weights()
	for _, h := range c.heads {
		n += h.images * ((c.InSize+2)*(c.InSize+2)*c.In.Width(h.in) + 2*(c.OutSize()+2)*(c.OutSize()+2)*c.Out.Width(h.out))
	}
	return n
}

func (c convCase) describeHeads() string {
	text := ""
	for _, h := range c.heads {
		text += fmt.Sprintf(" %b->%b of %d images", h.in, h.out, h.images)
	}
	return text[1:]
}

// weights draws the weights of a convolution; read is what its kernels take them for.
func (t *trial) weights(p layers.Pass, c convCase) (weights gpu.Range, read []float64) {
	w := t.numbers(c.Weights())
	weights = t.input("w", w)
	if t.kernels.HalfWeights(p, c.Conv) > 0 {
		w = halves(w)
	}
	return weights, w
}

// convForward makes a case of the forward pass; roundings are those of a product.
func (t *trial) convForward(c convCase, roundings int) {
	weights, read := t.weights(layers.Forward, c)
	var heads []layers.ConvHead
	for _, h := range c.heads {
		x := t.tensor(h.images, c.InSize, c.In.Width(h.in))
		head := layers.ConvHead{In: h.in, Out: h.out, X: t.activations("x", x), Y: t.blank("y", h.images, c.OutSize(), c.Out.Width(h.out))}
		heads = append(heads, head)
		want := layers.ConvForwardRef(c.Conv, h.in, h.out, x, read)
		magnitude := layers.ConvForwardRef(c.Conv, h.in, h.out, absoluteTensor(x), absolute(read))
		t.expectActivations("y", head.Y, want, magnitude, allowed(roundings, c.Kernel*c.Kernel*x.Maps))
	}
	t.prepare(layers.Forward, &c, weights, layers.Blocks{})
	t.builder.ConvForward(c.Conv, weights, heads, nil)
}

// convEpilogue makes a case of the forward pass with batch-norm and residual behind it.
func (t *trial) convEpilogue(c convCase, roundings int) {
	weights, read := t.weights(layers.Forward, c)
	epilogue := layers.Epilogue{ResidualStride: t.between(1, 2)}
	withResidual := t.chance(2)
	var heads []layers.ConvHead
	for _, h := range c.heads {
		x := t.tensor(h.images, c.InSize, c.In.Width(h.in))
		head := layers.ConvHead{In: h.in, Out: h.out, X: t.activations("x", x), Y: t.blank("y", h.images, c.OutSize(), c.Out.Width(h.out))}
		heads = append(heads, head)
		scale, shift := t.numbers(head.Y.Maps), t.numbers(head.Y.Maps)
		epilogue.Norms = append(epilogue.Norms, t.table(head.Y.Maps, layers.NormRows{Scale: scale, Shift: shift}))
		var residual *layers.Shortcut
		if withResidual {
			residual = t.shortcut(shape{h.images, c.OutSize(), head.Y.Maps, c.Out, h.out}, epilogue.ResidualStride)
			epilogue.Residuals = append(epilogue.Residuals, t.activations("residual", residual.X))
			epilogue.Sources = append(epilogue.Sources, t.mapIndices("source", residual.Source))
		}
		sum := layers.ConvForwardRef(c.Conv, h.in, h.out, x, read)
		want := layers.ApplyRef(sum, scale, shift, residual)
		sum = layers.ConvForwardRef(c.Conv, h.in, h.out, absoluteTensor(x), absolute(read))
		magnitude := layers.ApplyRef(sum, absolute(scale), absolute(shift), absoluteShortcut(residual))
		t.expectActivations("y", head.Y, want, magnitude, allowed(roundings, c.Kernel*c.Kernel*x.Maps))
	}
	t.prepare(layers.Forward, &c, weights, layers.Blocks{})
	t.builder.ConvForward(c.Conv, weights, heads, &epilogue)
}

// convBackwardData makes a case of the gradient of the input.
func (t *trial) convBackwardData(c convCase, roundings int) {
	weights, read := t.weights(layers.BackwardData, c)
	var heads []layers.ConvHead
	for _, h := range c.heads {
		y := t.tensor(h.images, c.OutSize(), c.Out.Width(h.out))
		head := layers.ConvHead{In: h.in, Out: h.out, X: t.blank("x", h.images, c.InSize, c.In.Width(h.in)), Y: t.activations("y", y)}
		heads = append(heads, head)
		want := layers.ConvBackwardDataRef(c.Conv, h.in, h.out, y, read)
		magnitude := layers.ConvBackwardDataRef(c.Conv, h.in, h.out, absoluteTensor(y), absolute(read))
		t.expectActivations("x", head.X, want, magnitude, allowed(roundings, c.Kernel*c.Kernel*y.Maps))
	}
	t.prepare(layers.BackwardData, &c, weights, layers.Blocks{})
	t.builder.ConvBackwardData(c.Conv, weights, heads)
}

// convBackwardWeights makes a case of the gradient of the weights.
func (t *trial) convBackwardWeights(c convCase, blocks layers.Blocks, roundings int) {
	want, magnitude, terms := make([]float64, c.Weights()), make([]float64, c.Weights()), 0
	var heads []layers.ConvHead
	for _, h := range c.heads {
		x, y := t.tensor(h.images, c.InSize, c.In.Width(h.in)), t.tensor(h.images, c.OutSize(), c.Out.Width(h.out))
		heads = append(heads, layers.ConvHead{In: h.in, Out: h.out, X: t.activations("x", x), Y: t.activations("y", y)})
		layers.ConvBackwardWeightsRef(c.Conv, h.in, h.out, blocks, x, y, want)
		layers.ConvBackwardWeightsRef(c.Conv, h.in, h.out, blocks, absoluteTensor(x), absoluteTensor(y), magnitude)
		terms += y.Images * y.Size * y.Size
	}
	if c.Variants[layers.BackwardWeights].Family() == layers.Winograd {
		magnitude = c.mixTaps(magnitude)
	}
	g := t.output("g", c.Weights())
	t.expectSome("g", g, c.written(blocks), want, magnitude, allowed(roundings, terms))
	t.prepare(layers.BackwardWeights, &c, gpu.Range{}, blocks)
	t.builder.ConvBackwardWeights(c.Conv, g, heads, blocks)
}

// mixTaps gives every tap the largest magnitude of its kernel: Winograd computes all of them from the same sums.
func (c convCase) mixTaps(magnitude []float64) []float64 {
	mixed, ins := make([]float64, len(magnitude)), c.In.Total()
	for k := range magnitude {
		row, in := k/(9*ins)*9*ins, k%ins
		for tap := range 9 {
			mixed[k] = max(mixed[k], magnitude[row+tap*ins+in])
		}
	}
	return mixed
}

// blocks draws which blocks train; one that some head holds does.
func (t *trial) blocks(c convCase) layers.Blocks {
	var blocks layers.Blocks
	some := t.chance(2)
	for u := range c.Out.Units() {
		blocks[u] = uint16(layers.AllUnits(c.In.Units()))
		if some {
			blocks[u] &= uint16(t.Uint32())
		}
		if c.heads[0].out.Has(u + 1) {
			blocks[u] |= uint16(c.heads[0].in)
			some = some || t.chance(2)
		}
	}
	return blocks
}

// written lists the weights of blocks that train and that some head holds.
func (c convCase) written(blocks layers.Blocks) []int {
	var some []int
	row := c.Weights() / c.Out.Total()
	for k := range c.Weights() {
		u, v := c.Out.UnitOf(k/row), c.In.UnitOf(k%c.In.Total())
		held := func(h convSets) bool { return h.out.Has(u) && h.in.Has(v) }
		if blocks.Has(u, v) && slices.ContainsFunc(c.heads, held) {
			some = append(some, k)
		}
	}
	return some
}
