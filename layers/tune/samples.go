package tune

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/dvn-vk/dvn-vk/layers"
)

// The reference takes seconds where a device takes milliseconds, so it is computed at a sample of the outputs: as many as
// sampleWork multiply-adds pay for, within bounds. A fixed seed draws them.
const (
	sampleWork = 4 << 20
	fewSamples = 64
	allSamples = 512
)

// sample is one number of an output, and what the reference says of it.
type sample struct {
	at              int    // in the output: the heads' tensors one after another, or the weights
	where           string // for messages
	want, magnitude float64
	terms           int
}

// samples draws numbers of the case's output and computes them. Every coordinate is the first or the last of its range in a
// quarter of the draws each: faults like edges.
func (o operands) samples() []sample {
	terms := 1
	for _, h := range o.Heads {
		terms = max(terms, o.terms(h))
	}
	random, blocks := rand.New(rand.NewPCG(seed, 2)), o.blocks()
	all := make([]sample, min(max(sampleWork/terms, fewSamples), allSamples))
	for i := range all {
		if o.Pass == layers.BackwardWeights {
			all[i] = o.sampleWeight(random, blocks)
		} else {
			all[i] = o.sampleTensor(random)
		}
	}
	return all
}

// terms is the number of products that a head adds up in one number.
func (o operands) terms(h layers.ConvHead) int {
	switch taps := o.Conv.Kernel * o.Conv.Kernel; o.Pass {
	case layers.Forward:
		return taps * h.X.Maps
	case layers.BackwardData:
		return taps * h.Y.Maps
	}
	return h.Y.Images * h.Y.Size * h.Y.Size
}

// draw is a number below n.
func draw(random *rand.Rand, n int) int {
	switch random.IntN(4) {
	case 0:
		return 0
	case 1:
		return n - 1
	}
	return random.IntN(n)
}

func (o operands) sampleTensor(random *rand.Rand) sample {
	outputs, start := o.outputs(), 0
	head := draw(random, len(outputs))
	for _, before := range outputs[:head] {
		start += before.Len()
	}
	a, h := outputs[head], o.Heads[head]
	n, i, j, c := draw(random, a.Images), draw(random, a.Size), draw(random, a.Size), draw(random, a.Maps)
	s := sample{at: start + place(a, n, i, j, c), where: fmt.Sprintf("head %d [%d,%d,%d,%d]", head, n, i, j, c), terms: o.terms(h)}
	if o.Pass == layers.Forward {
		s.want, s.magnitude = layers.ConvForwardAtRef(o.Conv, h.In, h.Out, o.x(head), o.weight, n, i, j, c)
	} else {
		s.want, s.magnitude = layers.ConvBackwardDataAtRef(o.Conv, h.In, h.Out, o.y(head), o.weight, n, i, j, c)
	}
	return s
}

// sampleWeight takes a weight of a block that trains, and sums over all heads that hold it (eq. 5).
func (o operands) sampleWeight(random *rand.Rand, blocks []block) sample {
	c, b := o.Conv, blocks[draw(random, len(blocks))]
	out, in := c.Out.Padded[b.u-1]+draw(random, width(c.Out, b.u)), c.In.Padded[b.v-1]+draw(random, width(c.In, b.v))
	ka, kb := draw(random, c.Kernel), draw(random, c.Kernel)
	s := sample{at: ((out*c.Kernel+ka)*c.Kernel+kb)*c.In.Total() + in, where: fmt.Sprintf("weight [%d,%d,%d,%d]", out, ka, kb, in)}
	for i, h := range o.Heads {
		if !h.Out.Has(b.u) || !h.In.Has(b.v) {
			continue
		}
		own, reads := slices.Index(c.Out.Physical(h.Out), out), slices.Index(c.In.Physical(h.In), in)
		sum, magnitude := layers.ConvBackwardWeightsAtRef(c, h.X.Images, o.x(i), o.y(i), own, ka, kb, reads)
		s.want, s.magnitude, s.terms = s.want+sum, s.magnitude+magnitude, s.terms+o.terms(h)
	}
	return s
}

// block is a block of weights between output unit u and input unit v, both from 1.
type block struct{ u, v int }

// blocks lists those that train and that some head holds.
func (o operands) blocks() []block {
	var all []block
	for u := 1; u <= o.Conv.Out.Units(); u++ {
		for v := 1; v <= o.Conv.In.Units(); v++ {
			held := slices.ContainsFunc(o.Heads, func(h layers.ConvHead) bool { return h.Out.Has(u) && h.In.Has(v) })
			if held && o.Blocks.Has(u, v) && width(o.Conv.Out, u) > 0 && width(o.Conv.In, v) > 0 {
				all = append(all, block{u, v})
			}
		}
	}
	return all
}

func width(m layers.Maps, unit int) int { return m.Padded[unit] - m.Padded[unit-1] }
