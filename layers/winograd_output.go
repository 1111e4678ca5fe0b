package layers

import "github.com/dvn-vk/dvn-vk/gpu"

// winogradGroup is the number of tiles that a workgroup of the output passes with sums takes, one after another.
const winogradGroup = 8

// As shaders/winograd_output_backward.comp declares it.
type winogradThrough struct {
	ShortcutDY, ShortcutY, Target, Z, Y, Norm, Partials uint64
	ShortcutMaps                                        uint32
	_                                                   uint32
}

type winogradOutputStatisticsPush winogradTilesPush

type winogradOutputBackwardPush struct {
	Heads, Through                          uint64
	Groups, HeadCount, GroupsPerBlock, Size uint32
}

// tilePartials counts the parts in which the output passes sum up a head's pixels.
func (k *Kernels) tilePartials(images, size int) int {
	_, rows := k.winogradRows(images, size)
	return rows / winogradGroup
}

// Through is what lies between a convolution and the one before, on the way back: the convolution's input came out of batch-norm
// and ReLU, and a shortcut may lead around the convolution.
type Through struct {
	// Shortcuts are the heads' shortcuts from the convolution's input, whose gradients are added at stride Stride; nil: none.
	Shortcuts []ShortcutHead
	Stride    int
	// Norms are the batch-norms that the convolution's input came out of: X, Y, DY (the gradient of the input), Table, Partials;
	// nil: the gradient is left as it is.
	Norms []NormHead
}

// ConvForwardStatistics records y = conv(x, W) and the statistics of y, for Merge of norms.
func (b *Builder) ConvForwardStatistics(c Conv, w gpu.Range, heads []ConvHead, norms []NormHead) {
	if c.Variants[Forward].Family() != Winograd {
		b.ConvForward(c, w, heads, nil)
		b.Statistics(c.Name, norms)
		return
	}
	for i := range norms {
		norms[i].ByTiles = true
	}
	for _, run := range b.kernels.winogradRuns(heads) {
		p := b.winogradProducts(c.Name+" forward", c, Forward, run.heads)
		b.winogradOutputStatistics(c, p, run, norms)
	}
}

func (b *Builder) winogradOutputStatistics(c Conv, p winogradPass, run winogradRun, norms []NormHead) {
	op := gpu.Op{Name: c.Name + " forward output", Reads: p.m}
	for i, h := range run.heads {
		partials := run.partials(b.kernels, i, norms[run.of[i]].Partials, normForwardRows, h.Y.Maps)
		p.entries[i].Norm = address(partials)
		op.Writes = append(op.Writes, h.Y.Range, partials)
		op.Bytes += h.Y.inside() + float64(p.m[i].Size)
	}
	perBlock := b.groupedOutput(&op, &p)
	b.dispatch("winograd_output_statistics", op, winogradOutputStatisticsPush{
		Heads: b.table(op.Name, p.entries), Groups: uint32(op.Workgroups), HeadCount: uint32(len(run.heads)), GroupsPerBlock: uint32(perBlock), Size: uint32(c.InSize),
	}, winogradBlock, winogradGroup, b.kernels.wideMaps(mapsOf(p)...))
}

// ConvBackwardDataThrough records ConvBackwardData and what comes next on the way back: the shortcuts' gradients, and the sums
// for BackwardMerge of norms.
func (b *Builder) ConvBackwardDataThrough(c Conv, w gpu.Range, heads []ConvHead, t Through) {
	if c.Variants[BackwardData].Family() != Winograd || t.Shortcuts != nil && t.Stride != 1 {
		b.ConvBackwardData(c, w, heads)
		if t.Shortcuts != nil {
			b.ShortcutBackward(c.Name, t.Shortcuts, t.Stride)
		}
		if t.Norms != nil {
			b.BackwardSums(c.Name, t.Norms)
		}
		return
	}
	for i := range t.Norms {
		t.Norms[i].ByTiles, t.Norms[i].Masked = true, true
	}
	c = c.turned()
	for _, run := range b.kernels.winogradRuns(turnedHeads(heads)) {
		p := b.winogradProducts(c.Name+" backward data", c, BackwardData, run.heads)
		b.winogradOutputBackward(c, p, run, t)
	}
}

func (b *Builder) winogradOutputBackward(c Conv, p winogradPass, run winogradRun, t Through) {
	op := gpu.Op{Name: c.Name + " backward data output", Reads: p.m}
	var through []winogradThrough
	shortcut, norm, whole := 0, 0, mapsOf(p)
	for i, h := range run.heads {
		var e winogradThrough
		op.Writes = append(op.Writes, h.Y.Range)
		op.Bytes += h.Y.inside() + float64(p.m[i].Size)
		if t.Shortcuts != nil {
			s := t.Shortcuts[run.of[i]]
			s.DY, s.Y = run.activations(i, s.DY), run.activations(i, s.Y)
			e.ShortcutDY, e.ShortcutY, e.Target, e.ShortcutMaps = address(s.DY.Range), address(s.Y.Range), address(s.Target.Range), uint32(s.DY.Maps)
			op.Reads = append(op.Reads, s.DY.Range, s.Y.Range, s.Target.Range)
			op.Bytes += s.DY.inside()
			shortcut = 1 + flag(s.Masked)
			whole = append(whole, max(1, s.Target.Run))
		}
		if t.Norms != nil {
			n := t.Norms[run.of[i]]
			n.X, n.Y = run.activations(i, n.X), run.activations(i, n.Y)
			n.Partials = run.partials(b.kernels, i, n.Partials, normBackwardRows, h.Y.Maps)
			e.Z, e.Y, e.Norm, e.Partials = address(n.X.Range), address(n.Y.Range), address(n.Table), address(n.Partials)
			op.Reads, op.Writes = append(op.Reads, n.X.Range, n.Y.Range, n.Table), append(op.Writes, n.Partials)
			op.Bytes += n.X.inside()
			norm = 1 + flag(n.Residual.Buffer != nil)
		}
		through = append(through, e)
	}
	perBlock := b.groupedOutput(&op, &p)
	b.dispatch("winograd_output_backward", op, winogradOutputBackwardPush{
		Heads: b.table(op.Name, p.entries), Through: b.table(op.Name+" through", through),
		Groups: uint32(op.Workgroups), HeadCount: uint32(len(run.heads)), GroupsPerBlock: uint32(perBlock), Size: uint32(c.InSize),
	}, winogradBlock, winogradGroup, shortcut, norm, b.kernels.wideMaps(whole...))
}

// mapsOf are the output maps of a pass's heads.
func mapsOf(p winogradPass) (maps []int) {
	for _, e := range p.entries {
		maps = append(maps, int(e.OutMaps))
	}
	return maps
}

// groupedOutput lays out the workgroups of an output pass with sums.
func (b *Builder) groupedOutput(op *gpu.Op, p *winogradPass) (perBlock int) {
	for i := range p.entries {
		p.entries[i].First = uint32(perBlock)
		perBlock += winogradBlock / winogradGroup * ceilDiv(int(p.entries[i].OutMaps)/2, b.kernels.lanes)
	}
	op.Workgroups = perBlock * ceilDiv(p.rows, winogradBlock)
	return perBlock
}

// winogradOutput records y, with an epilogue or without.
func (b *Builder) winogradOutput(name string, c Conv, p winogradPass, run winogradRun, epilogue *Epilogue) {
	op, whole := gpu.Op{Name: name, Reads: p.m}, mapsOf(p)
	for i, h := range run.heads {
		part := epilogue.of(run.of[i], run.first, h.X.Images)
		whole = append(whole, part.run)
		e := &p.entries[i]
		e.Norm, e.Residual, e.Source, e.ResidualSize, e.ResidualMaps = part.norm, part.residual, part.source, part.size, part.maps
		op.Reads, op.Writes = append(op.Reads, part.reads...), append(op.Writes, h.Y.Range)
		op.Bytes += h.Y.inside() + float64(p.m[i].Size)
	}
	mode, residualStride := epilogue.constants()
	perBlock, groups := p.blocked(func(h winogradHead) int { return ceilDiv(int(h.OutMaps)/2, b.kernels.lanes) })
	op.Workgroups = groups
	b.dispatch("winograd_output", op, winogradOutputPush{
		Heads: b.table(name, p.entries), Groups: uint32(groups), HeadCount: uint32(len(run.heads)), GroupsPerBlock: uint32(perBlock), Size: uint32(c.InSize),
	}, winogradBlock, mode, residualStride, b.kernels.wideMaps(whole...))
}
