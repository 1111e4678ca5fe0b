package dvn

import (
	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// loss records the losses of all heads that have one, and the gradients of the total to their logits, times the loss
// scale.
func (g *graph) loss(b *layers.Builder, n counts, scale gpu.Range) {
	heads := g.learners()
	weight := float32(1)
	if g.phase.LossReduction == ReduceMean {
		weight = 1 / float32(len(heads))
	}
	var all []layers.LossHead
	at := uint64(0)
	for _, h := range heads {
		bytes := 4 * uint64(g.inputs[h.Input].capacity)
		l := layers.LossHead{
			Logits: g.logitsOf(h), Gradient: h.gradient, Each: g.each.Buffer.Part(g.each.Offset+at, bytes),
			Loss:    g.losses.Buffer().Part(4*uint64(h.lossAt), 4),
			Classes: h.classes, Images: n[h.Input], Weight: weight,
		}
		if h.Loss == Distillation {
			l.Kind, l.Teacher = layers.Distillation, h.teacherLogits
		} else {
			l.Labels = g.inputs[h.Task].labels().Buffer().All()
		}
		at += 4 * uint64(even(g.inputs[h.Input].capacity)) // see newGraph
		all = append(all, l)
	}
	b.Loss(all, g.phase.Temperature, scale)
}

// learners are the heads that have a loss.
func (g *graph) learners() []*head {
	var all []*head
	for _, h := range g.heads {
		if h.Loss != NoLoss {
			all = append(all, h)
		}
	}
	return all
}

// backward records the gradients of everything that trains, head by head from the losses down to the stems. Gradients of
// all heads add up in the one physical gradient (eq. 5).
func (g *graph) backward(b *layers.Builder, n counts) {
	classifiers := g.classifiers(n)
	b.DenseBackwardWeights("fc", classifiers)
	readers := g.backwardAdapted(b, n, classifiers)
	if !g.trunkLearns() {
		return
	}
	var inputs []layers.DenseInput
	var pools []layers.PoolHead
	for _, t := range g.trunks {
		inputs = append(inputs, layers.DenseInput{DX: t.dPool, Heads: readers[t]})
		pools = append(pools, layers.PoolHead{X: t.blocks[len(t.blocks)-1].dy2.For(n[t.input]), Pooled: t.dPool})
	}
	b.DenseBackwardData("fc", inputs)
	b.PoolBackward(pools)
	top := len(g.blocks) - 1
	_, norms2 := g.blockNorms(top, n)
	b.BackwardSums(g.blocks[top].conv2.Name, norms2)
	for i := top; i >= 0; i-- {
		norms2 = g.backwardBlock(b, i, n, norms2)
	}
	for _, stems := range g.stemsByTask() {
		g.backwardStem(b, stems, n)
	}
}

// backwardAdapted goes through da-cnn's added layers and returns, for every trunk, the layers that read its features.
func (g *graph) backwardAdapted(b *layers.Builder, n counts, classifiers []layers.Dense) map[*trunk][]layers.Dense {
	adapt1, adapt2 := g.adaptLayers(n, 0), g.adaptLayers(n, 1)
	readers := map[*trunk][]layers.Dense{}
	var into1, into2 []layers.DenseInput
	k := 0
	for i, h := range g.heads {
		if !h.Adapt {
			readers[h.trunk] = append(readers[h.trunk], classifiers[i])
			continue
		}
		into2 = append(into2, layers.DenseInput{DX: h.dAdapted[1], Mask: h.adapted[1], Heads: []layers.Dense{classifiers[i]}})
		into1 = append(into1, layers.DenseInput{DX: h.dAdapted[0], Mask: h.adapted[0], Heads: []layers.Dense{adapt2[k]}})
		readers[h.trunk] = append(readers[h.trunk], adapt1[k])
		k++
	}
	if k > 0 {
		b.DenseBackwardData("fc into adapt2", into2)
		b.DenseBackwardWeights("adapt2", adapt2)
		b.DenseBackwardData("adapt2 into adapt1", into1)
		b.DenseBackwardWeights("adapt1", adapt1)
	}
	return readers
}

// trunkLearns tells whether anything below the pooled features trains.
func (g *graph) trunkLearns() bool {
	for _, s := range g.segments() {
		if s.belowPool {
			return true
		}
	}
	return false
}

// backwardBlock goes back through a block whose second batch-norms have their sums, up to the sums of the second batch-norms of
// the block before, which it returns; none before the first block.
func (g *graph) backwardBlock(b *layers.Builder, i int, n counts, norms2 []layers.NormHead) (before []layers.NormHead) {
	block := g.blocks[i]
	convs1, convs2 := g.blockConvs(i, n)
	norms1, _ := g.blockNorms(i, n)
	if i > 0 {
		_, before = g.blockNorms(i-1, n)
	}
	back1, back2 := make([]layers.ConvHead, len(g.trunks)), make([]layers.ConvHead, len(g.trunks))
	var shortcuts []layers.ShortcutHead
	for k, t := range g.trunks {
		m := &t.blocks[i]
		back1[k], back2[k] = convs1[k], convs2[k]
		back2[k].X, back2[k].Y = norms1[k].DY, norms2[k].DX
		convs2[k].Y = norms2[k].DX
		dx := t.dStem.For(n[t.input])
		if i > 0 {
			dx = before[k].DY
		}
		back1[k].X, back1[k].Y = dx, norms1[k].DX
		convs1[k].Y = norms1[k].DX
		shortcuts = append(shortcuts, layers.ShortcutHead{Y: norms2[k].Y, DY: norms2[k].DY, Masked: norms2[k].Masked, DX: dx, Target: m.targets})
	}
	g.normBackward(b, block.conv2, norms2)
	b.ConvBackwardDataThrough(block.conv2, g.store.value(block.conv2.Name+".weight"), back2, layers.Through{Norms: norms1})
	b.ConvBackwardWeights(block.conv2, g.store.gradient(block.conv2.Name+".weight"), convs2, g.blocksThatTrain(block.conv2, false))
	g.normBackward(b, block.conv1, norms1)
	b.ConvBackwardDataThrough(block.conv1, g.store.value(block.conv1.Name+".weight"), back1,
		layers.Through{Shortcuts: shortcuts, Stride: block.conv1.Stride, Norms: before})
	b.ConvBackwardWeights(block.conv1, g.store.gradient(block.conv1.Name+".weight"), convs1, g.blocksThatTrain(block.conv1, block.readsStem))
	return before
}

// normBackward records the gradients of parameters and of the input, from the sums.
func (g *graph) normBackward(b *layers.Builder, c layers.Conv, norms []layers.NormHead) {
	b.BackwardMerge(c.Name, norms, g.batchStatistics())
	for _, s := range g.shared[c.Name] {
		b.SharedGradients(c.Name, s.SharedNorm, s.of(norms))
	}
	b.BackwardApply(c.Name, norms)
}

// backwardStem adds up the gradients of the trunks that read a task's stem, in order, and goes on to its weights.
func (g *graph) backwardStem(b *layers.Builder, stems []*stem, n counts) {
	for _, s := range stems {
		images := n[s.input]
		var parts []layers.Activations
		for _, t := range g.trunks {
			if t.stem == s {
				parts = append(parts, t.dStem.For(images))
			}
		}
		b.HeadSum(s.conv.Name, parts, s.dy.For(images))
	}
	conv, convs, norms := stems[0].conv, g.stemConvs(stems, n), stemNorms(stems, n)
	b.BackwardSums(conv.Name, norms)
	g.normBackward(b, conv, norms)
	for i := range convs {
		convs[i].Y = norms[i].DX
	}
	b.ConvBackwardWeights(conv, g.store.gradient(conv.Name+".weight"), convs, g.stemBlocks(conv))
}

// stemBlocks: all of a stem trains, or nothing.
func (g *graph) stemBlocks(c layers.Conv) layers.Blocks {
	var blocks layers.Blocks
	if g.phase.trains(c.Name + ".weight") {
		for u := range c.Out.Units() {
			blocks[u] = 1
		}
	}
	return blocks
}

// allocateLosses makes room for the losses of every image.
func (g *graph) allocateLosses() {
	images := 0
	for _, h := range g.heads {
		images += even(g.capacity()[h.Input])
	}
	g.each = g.passingFloats("losses by image", images)
}
