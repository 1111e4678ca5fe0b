package dvn

import (
	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// counts gives the number of images of every task's batch.
type counts map[int]int

// prepare computes what hangs on weights and running statistics alone, which stay as they are while an evaluation's graph is
// used: second layouts of the weights, and scale and shift of every batch-norm.
func (g *graph) prepare() error {
	b := g.kernels.NewBuilder()
	g.prepareConvs(b)
	if !g.batchStatistics() {
		b.Merge("running statistics", g.allNorms(), layers.RunningStatistics)
	}
	if b.Empty() {
		return nil
	}
	p, err := b.Finish("preparation of an evaluation", false)
	if err != nil {
		return err
	}
	defer p.Close()
	return p.Run()
}

// forward records stems, trunks and heads for batches of n. update lets running statistics follow the batch.
func (g *graph) forward(b *layers.Builder, n counts, update bool) {
	if g.use == forTraining && !g.batchStatistics() {
		b.Merge("running statistics", g.allNorms(), layers.RunningStatistics) // gamma and beta may train
	}
	for _, stems := range g.stemsByTask() {
		convs, norms := g.stemConvs(stems, n), stemNorms(stems, n)
		g.convNorm(b, stems[0].conv, convs, norms, 1, update)
	}
	for i := range g.blocks {
		g.forwardBlock(b, i, n, update)
	}
	var pools []layers.PoolHead
	for _, t := range g.trunks {
		pools = append(pools, layers.PoolHead{X: t.output().For(n[t.input]), Pooled: t.pooled})
	}
	b.PoolForward(pools)
	if adapted := g.adaptLayers(n, 0); len(adapted) > 0 {
		b.DenseForward("adapt1", adapted)
		b.DenseForward("adapt2", g.adaptLayers(n, 1))
	}
	b.DenseForward("fc", g.classifiers(n))
}

func (t *trunk) output() layers.Activations { return t.blocks[len(t.blocks)-1].y2 }

// input is what a trunk's block reads.
func (t *trunk) blockInput(i int) layers.Activations {
	if i == 0 {
		return t.stem.y
	}
	return t.blocks[i-1].y2
}

// stemConvs are the passes through one task's stem, forward.
func (g *graph) stemConvs(stems []*stem, n counts) []layers.ConvHead {
	var convs []layers.ConvHead
	for _, s := range stems {
		images := n[s.input]
		convs = append(convs, layers.ConvHead{In: 1, Out: g.allUnits(), X: g.inputs[s.input].activations(images), Y: s.z.For(images)})
	}
	return convs
}

func stemNorms(stems []*stem, n counts) []layers.NormHead {
	var norms []layers.NormHead
	for _, s := range stems {
		images := n[s.input]
		norms = append(norms, layers.NormHead{Norm: s.norm, X: s.z.For(images), Y: s.y.For(images), DY: s.dy.For(images), DX: s.dy.For(images)})
	}
	return norms
}

// forwardBlock records y1 = ReLU(BN1(conv1 x)), y2 = ReLU(BN2(conv2 y1) + shortcut(x)) for every trunk.
func (g *graph) forwardBlock(b *layers.Builder, i int, n counts, update bool) {
	convs1, convs2 := g.blockConvs(i, n)
	norms1, norms2 := g.blockNorms(i, n)
	g.convNorm(b, g.blocks[i].conv1, convs1, norms1, 1, update)
	g.convNorm(b, g.blocks[i].conv2, convs2, norms2, g.blocks[i].conv1.Stride, update)
}

// blockConvs are the heads of a block's convolutions, forward: X the inputs, Y the outputs.
func (g *graph) blockConvs(i int, n counts) (convs1, convs2 []layers.ConvHead) {
	for _, t := range g.trunks {
		images, m := n[t.input], &t.blocks[i]
		convs1 = append(convs1, layers.ConvHead{In: g.blockUnits(g.blocks[i], t), Out: t.units, X: t.blockInput(i).For(images), Y: m.z1.For(images)})
		convs2 = append(convs2, layers.ConvHead{In: t.units, Out: t.units, X: m.y1.For(images), Y: m.z2.For(images)})
	}
	return convs1, convs2
}

// blockNorms are the heads of a block's batch-norms with all that the forward and backward passes use.
func (g *graph) blockNorms(i int, n counts) (norms1, norms2 []layers.NormHead) {
	for _, t := range g.trunks {
		images, m := n[t.input], &t.blocks[i]
		norms1 = append(norms1, layers.NormHead{
			Norm: m.norm1, X: m.z1.For(images), Y: m.y1.For(images), DY: m.dy1.For(images), DX: m.dz1.For(images),
		})
		norms2 = append(norms2, layers.NormHead{
			Norm: m.norm2, X: m.z2.For(images), Y: m.y2.For(images), DY: m.dy2.For(images), DX: m.dz2.For(images),
			Residual: t.blockInput(i).For(images), Source: m.sources,
		})
	}
	return norms1, norms2
}

// convNorm records a convolution, batch-norm and ReLU, with a residual where the norms have one. Evaluation with running
// statistics does all of it in the convolution's epilogue.
func (g *graph) convNorm(b *layers.Builder, c layers.Conv, convs []layers.ConvHead, norms []layers.NormHead, residualStride int, update bool) {
	weights := g.store.value(c.Name + ".weight")
	if g.use == forEvaluation && !g.batchStatistics() {
		b.ConvForward(c, weights, convs, fusedInto(convs, norms, residualStride))
		return
	}
	if g.batchStatistics() {
		b.ConvForwardStatistics(c, weights, convs, norms)
		g.mergeStatistics(b, c, norms, update)
	} else {
		b.ConvForward(c, weights, convs, nil)
	}
	b.Apply(c.Name, norms, residualStride)
}

// fusedInto lets the convolutions write the activations themselves.
func fusedInto(convs []layers.ConvHead, norms []layers.NormHead, residualStride int) *layers.Epilogue {
	e := &layers.Epilogue{ResidualStride: residualStride}
	for i, h := range norms {
		convs[i].Y = h.Y
		e.Norms = append(e.Norms, h.Table)
		if h.Source.Buffer != nil {
			e.Residuals, e.Sources = append(e.Residuals, h.Residual), append(e.Sources, h.Source)
		}
	}
	return e
}

// allNorms lists the batch-norms of every stem and trunk.
func (g *graph) allNorms() []layers.NormHead {
	var all []layers.NormHead
	for _, s := range g.stems {
		all = append(all, layers.NormHead{Norm: s.norm})
	}
	for _, t := range g.trunks {
		for _, m := range t.blocks {
			all = append(all, layers.NormHead{Norm: m.norm1}, layers.NormHead{Norm: m.norm2})
		}
	}
	return all
}

// classifiers are the last layers of all heads.
func (g *graph) classifiers(n counts) []layers.Dense {
	var all []layers.Dense
	for _, h := range g.heads {
		x := h.trunk.pooled
		if h.Adapt {
			x = h.adapted[1]
		}
		d := g.dense(headName(h.Task, h.Level)+".fc", x, g.logitsOf(h), h.gradient, n[h.Input], h.classes)
		d.Ins = g.feature.Width(h.trunk.units)
		all = append(all, d)
	}
	return all
}

// adaptLayers are the added layers (0 or 1) of those heads that have them.
func (g *graph) adaptLayers(n counts, layer int) []layers.Dense {
	var all []layers.Dense
	for _, h := range g.heads {
		if !h.Adapt {
			continue
		}
		name, x := ".adapt1", h.trunk.pooled
		if layer == 1 {
			name, x = ".adapt2", h.adapted[0]
		}
		width := g.feature.Width(h.trunk.units)
		d := g.dense(headName(h.Task, h.Level)+name, x, h.adapted[layer], h.dAdapted[layer], n[h.Input], width)
		d.Ins, d.ReLU = width, true
		all = append(all, d)
	}
	return all
}

func (g *graph) dense(name string, x, y, dy gpu.Range, images, outs int) layers.Dense {
	return layers.Dense{
		X: x, W: g.store.value(name + ".weight"), B: g.store.value(name + ".bias"), Y: y, DY: dy,
		DW: g.store.gradient(name + ".weight"), DB: g.store.gradient(name + ".bias"), Outs: outs, Images: images,
	}
}

// logitsOf is where a head's logits lie, [N, classes] at most.
func (g *graph) logitsOf(h *head) gpu.Range {
	return g.logits.Buffer().Part(4*uint64(h.logitsAt), 4*uint64(g.inputs[h.Input].capacity*h.classes))
}
