package dvn

import (
	"slices"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// trainSegment is a tensor that trains in a phase.
type trainSegment struct {
	layers.Segment
	belowPool bool // in a stem or trunk
}

// segments lists the tensors of a phase that train, in the order of the store: those that its heads with a loss use, less
// frozen ones and convolutions of which no block trains (spec section 5).
func (g *graph) segments() []trainSegment {
	convs := map[string]trainSegment{}
	for _, b := range g.blocks {
		for _, c := range []*layers.Conv{&b.conv1, &b.conv2} {
			blocks := g.blocksThatTrain(*c, b.readsStem && c == &b.conv1)
			convs[c.Name+".weight"] = trainSegment{Segment: layers.Segment{Conv: c, Blocks: blocks}}
		}
	}
	withLoss := slices.DeleteFunc(slices.Clone(g.phase.Heads), func(h Head) bool { return h.Loss == NoLoss })
	used := map[string]bool{}
	for _, t := range g.tensors(withLoss) {
		used[t.Name] = true
	}
	var all []trainSegment
	for _, t := range g.store.order {
		if t.statistic || !used[t.Name] || !g.phase.trains(t.Name) {
			continue
		}
		s, isConv := convs[t.Name]
		if isConv && s.Blocks == (layers.Blocks{}) {
			continue
		}
		s.belowPool = !t.classifier
		s.Name, s.At, s.Rows, s.Width, s.Decays = t.Name, t.at, t.height, t.taps*t.width, t.decays()
		all = append(all, s)
	}
	return all
}

// update records the optimiser's step; in FP16 only if all gradients are finite.
func (g *graph) update(b *layers.Builder, hyper, scale gpu.Range) {
	var segments []layers.Segment // none where all is frozen
	for _, s := range g.segments() {
		segments = append(segments, s.Segment)
	}
	if len(segments) == 0 {
		return
	}
	gradients, mixed := g.store.gradients.All(), g.kernels.Precision() == layers.FP16
	if mixed {
		b.CheckGradients(segments, gradients, scale)
	}
	b.SGD(segments, g.store.weights.All(), gradients, g.store.momentum.All(), hyper, scale)
	if mixed {
		b.UpdateLossScale(scale)
	}
}

// Mask tells for each value of a tensor, in the order of files, whether it trains in this phase.
func (t *Trainer) Mask(name string) []bool {
	tensor := t.graph.store.mustHave(name)
	mask := make([]bool, tensor.Len())
	for _, s := range t.graph.segments() {
		if s.Name != name {
			continue
		}
		i := 0
		for row := range tensor.rows {
			for column := range tensor.columns {
				trains := s.Conv == nil || s.Blocks[unitOf(s.Conv.Out, row)]>>unitOf(s.Conv.In, column)&1 != 0
				for range tensor.taps {
					mask[i] = trains
					i++
				}
			}
		}
	}
	return mask
}

// unitOf is the unit, from 0, that holds a real physical map.
func unitOf(m layers.Maps, physical int) int {
	u := 0
	for physical >= m.Real[u+1] {
		u++
	}
	return u
}
