package layers

import "github.com/dvn-vk/dvn-vk/gpu"

// winogradGroup is the number of tiles that a workgroup of the output passes takes, one after another, and that share a part of
// the sums.
const winogradGroup = 8

// As shaders/winograd_output_backward.comp declares it.
type winogradThrough struct {
	ShortcutDY, ShortcutY, Target, Z, Y, Norm, Partials uint64
	ShortcutMaps                                        uint32
	_                                                   uint32
}

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
	b.winogradConv(c.Name+" forward", c, Forward, heads, func(run winogradRun, entries []winogradHead) winogradEnding {
		return statisticsEnding(b.kernels, run, entries, norms)
	})
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
	b.winogradConv(c.Name+" backward data", c.turned(), BackwardData, turnedHeads(heads), func(run winogradRun, _ []winogradHead) winogradEnding {
		return throughEnding(b.kernels, run, t)
	})
}

// winogradEnding is what a convolution's products go through on their way to its output. Whoever makes one fills the entries of
// its heads.
type winogradEnding struct {
	shader    string            // what the names of its shaders end in
	constants []int             // of these shaders
	through   []winogradThrough // of backward
	whole     []int             // what must be whole chunks for the wide form
	op        gpu.Op            // what it reads and writes, and the bytes
}

func newEnding(shader string, run winogradRun) winogradEnding {
	e := winogradEnding{shader: shader}
	for _, h := range run.heads {
		e.whole = append(e.whole, h.Y.Maps)
		e.op.Writes = append(e.op.Writes, h.Y.Range)
		e.op.Bytes += h.Y.inside()
	}
	return e
}

// plainEnding is y, with an epilogue or without.
func plainEnding(run winogradRun, entries []winogradHead, epilogue *Epilogue) winogradEnding {
	end := newEnding("", run)
	for i, h := range run.heads {
		part, e := epilogue.of(run.of[i], run.first, h.X.Images), &entries[i]
		e.Norm, e.Residual, e.Source, e.ResidualSize, e.ResidualMaps = part.norm, part.residual, part.source, part.size, part.maps
		end.whole, end.op.Reads = append(end.whole, part.run), append(end.op.Reads, part.reads...)
	}
	mode, residualStride := epilogue.constants()
	end.constants = []int{mode, residualStride}
	return end
}

// statisticsEnding is y and its statistics.
func statisticsEnding(k *Kernels, run winogradRun, entries []winogradHead, norms []NormHead) winogradEnding {
	end := newEnding("_statistics", run)
	for i, h := range run.heads {
		partials := run.partials(k, i, norms[run.of[i]].Partials, normForwardRows, h.Y.Maps)
		entries[i].Norm = address(partials)
		end.op.Writes = append(end.op.Writes, partials)
	}
	return end
}

// throughEnding is the gradient of the input, and what comes next on the way back.
func throughEnding(k *Kernels, run winogradRun, t Through) winogradEnding {
	end := newEnding("_backward", run)
	shortcut, norm, op := 0, 0, &end.op
	for i, h := range run.heads {
		var e winogradThrough
		if t.Shortcuts != nil {
			s := t.Shortcuts[run.of[i]]
			s.DY, s.Y = run.activations(i, s.DY), run.activations(i, s.Y)
			e.ShortcutDY, e.ShortcutY, e.Target, e.ShortcutMaps = address(s.DY.Range), address(s.Y.Range), address(s.Target.Range), uint32(s.DY.Maps)
			op.Reads = append(op.Reads, s.DY.Range, s.Y.Range, s.Target.Range)
			op.Bytes += s.DY.inside()
			shortcut = 1 + flag(s.Masked)
			end.whole = append(end.whole, max(1, s.Target.Run))
		}
		if t.Norms != nil {
			n := t.Norms[run.of[i]]
			n.X, n.Y = run.activations(i, n.X), run.activations(i, n.Y)
			n.Partials = run.partials(k, i, n.Partials, normBackwardRows, h.Y.Maps)
			e.Z, e.Y, e.Norm, e.Partials = address(n.X.Range), address(n.Y.Range), address(n.Table), address(n.Partials)
			op.Reads, op.Writes = append(op.Reads, n.X.Range, n.Y.Range, n.Table), append(op.Writes, n.Partials)
			op.Bytes += n.X.inside()
			norm = 1 + flag(n.Residual.Buffer != nil)
		}
		end.through = append(end.through, e)
	}
	end.constants = []int{shortcut, norm}
	return end
}

// winogradConv records a convolution: forward, or turned the gradient of the input.
func (b *Builder) winogradConv(name string, c Conv, pass Pass, heads []ConvHead, ending func(winogradRun, []winogradHead) winogradEnding) {
	for _, run := range b.kernels.winogradRuns(heads) {
		p := b.winogradProducts(name, c, pass, run.heads)
		b.winogradOutput(name+" output", c, p, ending(run, p.entries))
	}
}

func (b *Builder) winogradOutput(name string, c Conv, p winogradPass, end winogradEnding) {
	op, perBlock := end.op, 0
	op.Name, op.Reads = name, append(op.Reads, p.m...)
	for i := range p.entries {
		p.entries[i].First = uint32(perBlock)
		perBlock += winogradBlock / winogradGroup * ceilDiv(int(p.entries[i].OutMaps)/2, b.kernels.lanes)
		op.Bytes += float64(p.m[i].Size)
	}
	op.Workgroups = perBlock * ceilDiv(p.rows, winogradBlock)
	constants := append([]int{winogradBlock, winogradGroup}, end.constants...)
	push := winogradOutputPush{
		Heads: b.table(name, p.entries), Groups: uint32(op.Workgroups), HeadCount: uint32(len(p.entries)), GroupsPerBlock: uint32(perBlock), Size: uint32(c.InSize),
	}
	if end.through != nil {
		b.dispatchWide(end.whole, "winograd_output_backward", op, winogradOutputBackwardPush{push.Heads, b.table(name+" through", end.through), push.Groups, push.HeadCount, push.GroupsPerBlock, push.Size}, constants...)
		return
	}
	b.dispatchWide(end.whole, "winograd_output"+end.shader, op, push, constants...)
}
