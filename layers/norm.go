package layers

import (
	"fmt"

	"github.com/dvn-vk/dvn-vk/gpu"
)

// Constants of batch-norm (spec section 4); the shaders have the same.
const (
	NormEpsilon  = 1e-5
	NormMomentum = 0.1
)

// normRows is the number of rows of a head's table: scale, shift, mean, 1/deviation, unbiased variance, and backward's means
// of g and g xhat (shaders/norm.glsl).
const normRows = 7

// Norm is the batch-norm of one head after one convolution (spec section 4). Maps are the head's own, padding included.
type Norm struct {
	Maps                    int
	Gamma, Beta             gpu.Range // [Maps], or of the physical layer where Physical says which map
	RunningMean, RunningVar gpu.Range // the same
	DGamma, DBeta           gpu.Range // [Maps]: gradients, the head's own; empty without a backward pass
	Table                   gpu.Range // [7, Maps]: what Merge works out
	Partials                gpu.Range // NormPartials floats of scratch
	Physical                gpu.Range // [Maps] int32
}

// The rows of a part's sums: forward count, mean and M2, backward the sums of g and g xhat.
const normForwardRows, normBackwardRows = 3, 2

// NormTableFloats is the size of Norm.Table.
func NormTableFloats(maps int) int { return normRows * maps }

// NormHead is what one head brings to the passes around batch-norm. Tensors that a pass does not use may be empty.
type NormHead struct {
	Norm
	X, Y     Activations // convolution's output, activations
	DY, DX   Activations // their gradients; DX may be DY
	Residual Activations // the block's input (Apply), without one empty
	Source   MapIndices  // ShortcutSources of the residual
	// ByTiles: the sums in Partials are those of a convolution's output pass, Masked: DY is 0 already where Y is not positive.
	// ConvForwardStatistics and ConvBackwardDataThrough set them.
	ByTiles, Masked bool
}

// As shaders/norm.glsl declares it.
type normHead struct {
	X, Y, DY, DX, Norm, Partials, Residual, Source  uint64
	Maps, Images, First, ResidualSize, ResidualMaps uint32
	_                                               uint32
}

type normPush struct {
	Heads                                   uint64
	Groups, HeadCount, GroupsPerImage, Size uint32
}

// As shaders/norm_parameters.glsl declares it.
type normParameters struct {
	Partials, Norm, Gamma, Beta, RunningMean, RunningVar, DGamma, DBeta, Physical uint64
	Maps, PartialCount, Values, First                                             uint32
}

type normMergePush struct {
	Table           uint64
	Groups, Entries uint32
}

type normSharedPush struct {
	Table, Own, DGamma, DBeta uint64
	Groups, Entries, Maps     uint32
}

// A workgroup of a pass has normBlockRows rows of an image, and takes normTurns pixels a turn of its loop.
const (
	normBlockRows = 8
	normTurns     = 8
)

// partials counts the parts in which a head's pixels are summed up.
func (k *Kernels) partials(images, size, maps int) int {
	wide := min(k.lanes, maps/2)
	return images * ceilDiv(size, normBlockRows) * (k.lanes / wide)
}

// NormPartials is the number of floats of scratch that a head's sums take, forward or backward.
func (k *Kernels) NormPartials(images, size, maps int) int {
	return normForwardRows * maps * max(k.partials(images, size, maps), k.tilePartials(images, size))
}

// Statistics records the sums of X over parts of its pixels, for Merge.
func (b *Builder) Statistics(name string, heads []NormHead) {
	op, push := b.normPass(name+" statistics", heads, func(h NormHead, op *gpu.Op) {
		op.Reads, op.Writes = append(op.Reads, h.X.Range), append(op.Writes, h.Partials)
		op.Bytes += h.X.inside()
	}, func(h NormHead) Activations { return h.X })
	b.dispatchWide(wholeNorms(heads), "bn_statistics", op, push, normBlockRows, normTurns)
}

// Apply records Y = ReLU(scale X + shift), plus the residual at its stride if the heads have one: all or none.
func (b *Builder) Apply(name string, heads []NormHead, residualStride int) {
	residual := 0
	op, push := b.normPass(name+" apply", heads, func(h NormHead, op *gpu.Op) {
		op.Reads, op.Writes = append(op.Reads, h.X.Range, h.Table), append(op.Writes, h.Y.Range)
		op.Bytes += 2 * h.X.inside()
		if has := h.Residual.Buffer != nil; has != (heads[0].Residual.Buffer != nil) {
			b.fail(fmt.Errorf("%s apply: %w: some heads have a residual, others have none", name, ErrShape))
		} else if has {
			residual = 1
			op.Reads = append(op.Reads, h.Residual.Range)
			op.Bytes += h.Residual.inside()
		}
	}, func(h NormHead) Activations { return h.X })
	b.dispatchWide(wholeNorms(heads), "bn_apply", op, push, normBlockRows, normTurns, residual, residualStride)
}

// BackwardSums records the sums of g and g xhat over parts of the pixels, g = DY where Y > 0 else 0, for BackwardMerge.
func (b *Builder) BackwardSums(name string, heads []NormHead) {
	op, push := b.normPass(name+" backward sums", heads, func(h NormHead, op *gpu.Op) {
		op.Reads, op.Writes = append(op.Reads, h.X.Range, h.Y.Range, h.DY.Range, h.Table), append(op.Writes, h.Partials)
		op.Bytes += 3 * h.X.inside()
	}, func(h NormHead) Activations { return h.X })
	b.dispatchWide(wholeNorms(heads), "bn_backward_sums", op, push, normBlockRows, normTurns)
}

// BackwardApply records DX = scale (g - mean(g) - xhat mean(g xhat)).
func (b *Builder) BackwardApply(name string, heads []NormHead) {
	op, push := b.normPass(name+" backward apply", heads, func(h NormHead, op *gpu.Op) {
		op.Reads, op.Writes = append(op.Reads, h.X.Range, h.DY.Range, h.Table), append(op.Writes, h.DX.Range)
		op.Bytes += 3 * h.X.inside()
		if !h.Masked {
			op.Reads = append(op.Reads, h.Y.Range)
			op.Bytes += h.X.inside()
		}
		if h.Masked != heads[0].Masked {
			b.fail(fmt.Errorf("%s backward apply: %w: some gradients are masked, others not", name, ErrShape))
		}
	}, func(h NormHead) Activations { return h.X })
	b.dispatchWide(wholeNorms(heads), "bn_backward_apply", op, push, normBlockRows, normTurns, flag(heads[0].Masked))
}

// wholeNorms is what must be whole chunks for a pass's wide form.
func wholeNorms(heads []NormHead) (whole []int) {
	for _, h := range heads {
		whole = append(whole, h.Maps)
		if h.Residual.Buffer != nil {
			whole = append(whole, max(1, h.Source.Run))
		}
	}
	return whole
}

// flag is a specialization constant of yes or no.
func flag(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// normPass fills the table and push constants of a pass whose entries have the shape that own gives.
func (b *Builder) normPass(name string, heads []NormHead, each func(NormHead, *gpu.Op), own func(NormHead) Activations) (gpu.Op, normPush) {
	op := gpu.Op{Name: name}
	var entries []normHead
	size, images, perImage := own(heads[0]).Size, 0, 0
	for _, h := range heads {
		a := own(h)
		if a.Size != size || a.Maps%UnitPad != 0 || a.Maps < UnitPad {
			b.fail(fmt.Errorf("%s: %w: %d maps of size %d, the first head has size %d", name, ErrShape, a.Maps, a.Size, size))
			return op, normPush{}
		}
		entries = append(entries, normHead{
			X: address(h.X.Range), Y: address(h.Y.Range), DY: address(h.DY.Range), DX: address(h.DX.Range),
			Norm: address(h.Table), Partials: address(h.Partials), Residual: address(h.Residual.Range), Source: address(h.Source.Range),
			Maps: uint32(a.Maps), Images: uint32(a.Images), First: uint32(perImage),
			ResidualSize: uint32(h.Residual.Size), ResidualMaps: uint32(h.Residual.Maps),
		})
		perImage += ceilDiv(size, normBlockRows) * ceilDiv(a.Maps/2, b.kernels.lanes)
		images = max(images, a.Images)
		each(h, &op)
	}
	op.Workgroups = perImage * images
	return op, normPush{Heads: b.table(name, entries), Groups: uint32(op.Workgroups), HeadCount: uint32(len(heads)), GroupsPerImage: uint32(perImage), Size: uint32(size)}
}

// Source of the statistics that Merge turns into scale and shift.
type Source int

// Batch statistics without and with an update of the running ones, or the running ones.
const (
	BatchStatistics Source = iota
	BatchAndUpdate
	RunningStatistics
)

// Merge records scale and shift of every head from the batch's statistics (after Statistics) or from the running ones.
// Heads may be of different layers.
func (b *Builder) Merge(name string, heads []NormHead, source Source) {
	op, push := b.mergePass(name+" merge", heads)
	for _, h := range heads {
		op.Reads, op.Writes = append(op.Reads, h.Gamma, h.Beta), append(op.Writes, h.Table)
		switch source {
		case BatchAndUpdate:
			op.Writes = append(op.Writes, h.RunningMean, h.RunningVar)
		case RunningStatistics:
			op.Reads = append(op.Reads, h.RunningMean, h.RunningVar)
			continue
		}
		op.Reads = append(op.Reads, h.Partials)
		op.Bytes += float64(h.Partials.Size)
	}
	b.dispatch("bn_merge", op, push, int(source))
}

// BackwardMerge records dgamma and dbeta (after BackwardSums) and what BackwardApply needs; batch: the forward pass used the
// batch's statistics.
func (b *Builder) BackwardMerge(name string, heads []NormHead, batch bool) {
	op, push := b.mergePass(name+" backward merge", heads)
	for _, h := range heads {
		op.Reads, op.Writes = append(op.Reads, h.Partials), append(op.Writes, h.DGamma, h.DBeta, h.Table)
		op.Bytes += float64(h.Partials.Size)
	}
	constant := 0
	if batch {
		constant = 1
	}
	b.dispatch("bn_backward_merge", op, push, constant)
}

func (b *Builder) mergePass(name string, heads []NormHead) (gpu.Op, normMergePush) {
	op := gpu.Op{Name: name}
	var entries []normParameters
	for _, h := range heads {
		entries = append(entries, b.normEntry(h, op.Workgroups))
		op.Workgroups += ceilDiv(h.Maps, b.kernels.lanes)
	}
	return op, normMergePush{Table: b.table(name, entries), Groups: uint32(op.Workgroups), Entries: uint32(len(entries))}
}

func (b *Builder) normEntry(h NormHead, first int) normParameters {
	partials := 0
	switch {
	case h.ByTiles:
		partials = b.kernels.tilePartials(h.X.Images, h.X.Size)
	case h.X.Images > 0:
		partials = b.kernels.partials(h.X.Images, h.X.Size, h.Maps)
	}
	return normParameters{
		Partials: address(h.Partials), Norm: address(h.Table), Gamma: address(h.Gamma), Beta: address(h.Beta),
		RunningMean: address(h.RunningMean), RunningVar: address(h.RunningVar), DGamma: address(h.DGamma), DBeta: address(h.DBeta),
		Physical: address(h.Physical), Maps: uint32(h.Maps), PartialCount: uint32(partials),
		Values: uint32(h.X.Images * h.X.Size * h.X.Size), First: uint32(first),
	}
}

// SharedNorm is batch-norm whose parameters exist once a physical map and are used by several heads (bn = "shared").
type SharedNorm struct {
	Maps          int       // physical, padded
	DGamma, DBeta gpu.Range // [Maps]
	Own           gpu.Range // [heads, Maps] int32: each head's own map at a physical map, -1 for none
}

// SharedRunning records the running statistics' update by one head after another (after Merge with BatchStatistics).
func (b *Builder) SharedRunning(name string, s SharedNorm, heads []NormHead) {
	op, push := b.sharedPass(name+" running statistics", s, heads)
	for _, h := range heads {
		op.Reads = append(op.Reads, h.Table)
	}
	op.Writes = []gpu.Range{heads[0].RunningMean, heads[0].RunningVar}
	b.dispatch("bn_shared", op, push, 0)
}

// SharedGradients records dgamma and dbeta of the physical maps as sums over the heads (after BackwardMerge).
func (b *Builder) SharedGradients(name string, s SharedNorm, heads []NormHead) {
	op, push := b.sharedPass(name+" shared gradients", s, heads)
	for _, h := range heads {
		op.Reads = append(op.Reads, h.DGamma, h.DBeta)
	}
	op.Writes = []gpu.Range{s.DGamma, s.DBeta}
	b.dispatch("bn_shared", op, push, 1)
}

func (b *Builder) sharedPass(name string, s SharedNorm, heads []NormHead) (gpu.Op, normSharedPush) {
	var entries []normParameters
	for _, h := range heads {
		entries = append(entries, b.normEntry(h, 0))
	}
	groups := ceilDiv(s.Maps, b.kernels.lanes)
	return gpu.Op{Name: name, Workgroups: groups}, normSharedPush{
		Table: b.table(name, entries), Own: address(s.Own), DGamma: address(s.DGamma), DBeta: address(s.DBeta),
		Groups: uint32(groups), Entries: uint32(len(entries)), Maps: uint32(s.Maps),
	}
}
