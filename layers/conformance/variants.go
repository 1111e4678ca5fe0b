package conformance

import (
	"slices"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// Roundings of a product by Winograd's F(4x4): the transforms multiply by up to 8 and cancel, so that errors are tens of
// times those of the direct sum (Barabasz and others, 2020, give 10 to 30 for this size; the largest seen here is in
// docs/kernels.md).
const winogradRoundings = 400

// Allowed is by how much a variant's sum of terms products may differ from the reference, relative to the sum of their absolute
// values (tolerance.go).
func Allowed(v layers.Variant, terms int) float64 {
	if v.Family() == layers.Winograd {
		return allowed(winogradRoundings, terms)
	}
	return allowed(plain, terms)
}

// variantFamilies are the passes of convolutions by a variant, on cases that it can run.
func variantFamilies(name string, v layers.Variant, cases, roundings int) []family {
	return []family{
		{op: name + " forward", cases: cases, variant: v, make: func(t *trial) {
			c := t.drawFor(v, layers.Forward, fitsConv)
			t.convForward(c, roundings)
		}},
		{op: name + " forward with batch-norm", cases: cases * 2 / 3, variant: v, make: func(t *trial) {
			c := t.drawFor(v, layers.Forward, fitsEpilogue)
			t.convEpilogue(c, roundings)
		}},
		{op: name + " backward data", cases: cases, variant: v, make: func(t *trial) {
			c := t.drawFor(v, layers.BackwardData, fitsConv)
			t.convBackwardData(c, roundings)
		}},
		{op: name + " backward weights", cases: cases, variant: v, make: func(t *trial) {
			c := t.drawFor(v, layers.BackwardWeights, fitsConv)
			t.convBackwardWeights(c, t.blocks(c), roundings)
		}},
	}
}

// wholeFamilies are the passes of convolutions by the direct kernels on units of as many maps as lanes load in rows.
func wholeFamilies(cases int) []family {
	return []family{
		{op: "conv forward of whole rows", cases: cases, variant: layers.Flat, make: func(t *trial) {
			t.convForward(t.drawWhole(), plain)
		}},
		{op: "conv backward data of whole rows", cases: cases, variant: layers.Flat, make: func(t *trial) {
			t.convBackwardData(t.drawWhole(), plain)
		}},
		{op: "conv backward weights of whole rows", cases: cases, variant: layers.Flat, make: func(t *trial) {
			c := t.drawWhole()
			t.convBackwardWeights(c, t.blocks(c), plain)
		}},
	}
}

// wholeMaps divides the widths of drawWhole's units.
const wholeMaps = 8

// drawWhole draws a convolution of few units of 8 to 32 maps, and heads that mostly hold the first of them, as levels do.
func (t *trial) drawWhole() convCase {
	for {
		units := t.between(1, 3)
		whole := func() layers.Maps {
			boundaries := []int{0}
			for u := range units {
				boundaries = append(boundaries, boundaries[u]+wholeMaps<<t.IntN(3))
			}
			return layers.NewMaps(boundaries, layers.UnitPad)
		}
		c := convCase{Conv: layers.Conv{Name: "conv", Kernel: 3, Stride: t.spread(3, 1), InSize: t.between(1, 18), In: whole(), Out: whole()}}
		for range t.between(1, 3) {
			set := layers.AllUnits(t.between(1, units))
			if t.chance(4) {
				set = t.units(c.In, c.Out)
			}
			c.heads = append(c.heads, convSets{in: set, out: set, images: t.between(1, 5)})
		}
		if c.work() <= convBigWork && fitsConv(c) {
			t.describe("%dx%d stride %d, size %d, maps %s -> %s, heads %s", c.Kernel, c.Kernel, c.Stride, c.InSize, describeMaps(c.In), describeMaps(c.Out), c.describeHeads())
			return c
		}
	}
}

// matrixFamilies are those of matrix, within the tolerance of 32-bit floats on operands that lose nothing by its rounding.
func matrixFamilies(cases int) []family {
	all := variantFamilies("matrix", layers.Matrix, cases, plain)
	for i := range all {
		all[i].halves = true
	}
	return all
}

// drawFor draws a convolution of which a family of kernels can run a pass with little scratch. Cases take the family's tiles
// in turn.
func (t *trial) drawFor(v layers.Variant, p layers.Pass, fits func(convCase) bool) convCase {
	possible := func(c convCase) (layers.Variant, bool) {
		all := t.kernels.Candidates(p, c.Conv, t.heads(c))
		all = slices.DeleteFunc(all, func(candidate layers.Variant) bool { return candidate.Family() != v })
		slices.Sort(all) // the default depends on the shape
		if len(all) == 0 {
			return "", false
		}
		return all[t.index%len(all)], true
	}
	c := t.drawConv(3, func(c convCase) bool {
		found, ok := possible(c)
		c.Variants[p] = found
		return ok && fits(c) && t.scratchFloats(p, c) <= scratchFloats
	})
	c.Variants[p], _ = possible(c)
	return c
}

// prepare gives a case the memory of its variant, and records the second layout of its weights.
func (t *trial) prepare(p layers.Pass, c *convCase, w gpu.Range, blocks layers.Blocks) {
	if floats := t.kernels.ConvScratch(p, c.Conv, t.heads(*c), blocks); floats > 0 {
		c.Memory.Scratch[p] = t.scratch("scratch", floats)
	}
	if floats := t.kernels.PreparedFloats(p, c.Conv); floats > 0 {
		c.Memory.Prepared[p] = t.scratch("prepared", floats)
	}
	if n := t.kernels.HalfWeights(p, c.Conv); n > 0 {
		c.Memory.Half = t.scratch("weights in halves", n/2)
	}
	t.builder.PrepareConvs([]layers.PreparedConv{{Conv: c.Conv, W: w}})
}

// scratchFloats is what a case takes beside its tensors.
func (t *trial) scratchFloats(p layers.Pass, c convCase) int {
	return t.kernels.ConvScratch(p, c.Conv, t.heads(c), allBlocks()) + t.kernels.PreparedFloats(p, c.Conv) + t.kernels.HalfWeights(p, c.Conv)/2
}

// heads are a case's heads without memory.
func (t *trial) heads(c convCase) []layers.ConvHead {
	p := t.kernels.Precision()
	var heads []layers.ConvHead
	for _, h := range c.heads {
		heads = append(heads, layers.ConvHead{
			In: h.in, Out: h.out,
			X: layers.Activations{Precision: p, Images: h.images, Size: c.InSize, Maps: c.In.Width(h.in)},
			Y: layers.Activations{Precision: p, Images: h.images, Size: c.OutSize(), Maps: c.Out.Width(h.out)},
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
