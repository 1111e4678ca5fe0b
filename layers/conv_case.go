package layers

import (
	"cmp"
	"slices"
)

// ConvCase is a pass of a convolution as a network runs it, without memory: what a tuner measures.
type ConvCase struct {
	Pass   Pass
	Conv   Conv       // by the direct kernels
	Heads  []ConvHead // units, and the shapes of inputs X and outputs Y; their gradients have the same
	Blocks Blocks     // that train
	// FixedWeights: the weights stay as they are while the pass is repeated, so a second layout of them costs no time.
	FixedWeights bool
}

// Key is the case's name in a Plan.
func (c ConvCase) Key() string { return PlanKey(c.Pass, c.Conv, c.Heads) }

// Precision is that of the tensors.
func (c ConvCase) Precision() Precision { return cmp.Or(c.Heads[0].X.Precision, FP32) }

// FLOPs of all heads: twice the multiply-adds of the direct sum.
func (c ConvCase) FLOPs() float64 {
	n := 0.0
	for _, h := range c.Heads {
		n += c.Conv.flops(h)
	}
	return n
}

// By is the convolution with the case's pass by a variant.
func (c ConvCase) By(v Variant) Conv {
	c.Conv.Variants[c.Pass] = v
	return c.Conv
}

// Resized is the case with other batches: images gives a head's from the one that it has.
func (c ConvCase) Resized(images func(n int) int) ConvCase {
	c.Heads = slices.Clone(c.Heads)
	for i := range c.Heads {
		h := &c.Heads[i]
		n := images(h.X.Images)
		h.X, h.Y = h.X.For(n), h.Y.For(n)
	}
	return c
}
