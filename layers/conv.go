package layers

import (
	"errors"
	"fmt"

	"github.com/dvn-vk/dvn-vk/gpu"
)

// Conv is one physical convolution, without bias: 3x3 with padding 1, or 1x1. Its weights exist once,
// [Out, Kernel, Kernel, In] over the padded physical maps, and every head addresses its blocks in place (spec sections 1, 3).
type Conv struct {
	Name    string
	In, Out Maps
	Kernel  int // 1 or 3
	Stride  int // 1 to 3
	InSize  int // side of the square input
	// Variants says how each pass runs, and Memory holds what they need for it; the zero values run the direct kernels.
	Variants Variants
	Memory   ConvMemory
}

// ConvMemory is what the variants of a convolution need beside its tensors.
type ConvMemory struct {
	Prepared [passes]gpu.Range // by pass: PreparedFloats, the second layout of the weights that PrepareConvs refreshes
	Half     gpu.Range         // HalfWeights of the passes: the weights as these read them, which PrepareConvs refreshes
	Scratch  [passes]gpu.Range // by pass: ConvScratch floats while it runs, whatever they held; passes may share them
}

// OutSize is the side of the output: floor((InSize-1)/Stride) + 1.
func (c Conv) OutSize() int { return (c.InSize-1)/c.Stride + 1 }

// Weights is the number of weights on the device, padding included.
func (c Conv) Weights() int { return c.Out.Total() * c.Kernel * c.Kernel * c.In.Total() }

// ConvHead is what one head brings to a convolution. Backward, X and Y are the gradients.
type ConvHead struct {
	In, Out UnitSet
	X, Y    Activations
}

// Epilogue is what forward adds where batch-norm is known beforehand (evaluation): y = ReLU(scale y + shift [+ residual]).
type Epilogue struct {
	Norms          []gpu.Range   // a head: [7, maps] as Merge writes it
	Residuals      []Activations // a head: the block's input; nil without a residual
	Sources        []MapIndices  // a head: ShortcutSources
	ResidualStride int
}

// constants are the shaders' EPILOGUE and RESIDUAL_STRIDE; nil has none.
func (e *Epilogue) constants() (mode, residualStride int) {
	switch {
	case e == nil:
		return 0, 1
	case e.Residuals == nil:
		return 1, 1
	}
	return 2, e.ResidualStride
}

// epiloguePart is what an epilogue does with some images of one head: what its table entry holds, and what is read.
type epiloguePart struct {
	norm, residual, source uint64
	size, maps             uint32
	run                    int // of the residual's sources; without a residual what every chunk divides
	reads                  []gpu.Range
}

func (e *Epilogue) of(head, first, images int) (p epiloguePart) {
	if e == nil {
		return p
	}
	p.norm, p.reads = address(e.Norms[head]), []gpu.Range{e.Norms[head]}
	if e.Residuals != nil {
		r := e.Residuals[head].part(first, images)
		p.residual, p.source = address(r.Range), address(e.Sources[head].Range)
		p.size, p.maps, p.run = uint32(r.Size), uint32(r.Maps), max(1, e.Sources[head].Run)
		p.reads = append(p.reads, r.Range, e.Sources[head].Range)
	}
	return p
}

// As shaders/conv_heads.glsl declares it.
type convHead struct {
	X, Y, Norm, Residual, Source                                                  uint64
	InUnits, OutUnits, InMaps, OutMaps, Images, First, ResidualSize, ResidualMaps uint32
}

type convForwardPush struct {
	Heads, W                                                   uint64
	Groups, HeadCount, GroupsPerImage, InSize, OutSize, InMaps uint32
	InBounds, OutBounds                                        [9]uint32
}

type convBackwardDataPush convForwardPush

// ConvForward records y = conv(x, W) for every head in one dispatch: x [N, InSize+2, InSize+2, maps of In], y
// [N, OutSize+2, OutSize+2, maps of Out], w the one physical [Out, Kernel, Kernel, In]. epilogue may be nil.
func (b *Builder) ConvForward(c Conv, w gpu.Range, heads []ConvHead, epilogue *Epilogue) {
	c.Variants[Forward].kernels().forward(b, c, b.weightsOf(Forward, c, w), heads, epilogue)
}

// ConvBackwardData records x = the gradient of the input from y = the gradient of the output, for every head in one
// dispatch, on the same weights. y's halo is zero.
func (b *Builder) ConvBackwardData(c Conv, w gpu.Range, heads []ConvHead) {
	c.Variants[BackwardData].kernels().backwardData(b, c, b.weightsOf(BackwardData, c, w), heads)
}

// weightsOf is what a pass reads as weights: w, or its halves.
func (b *Builder) weightsOf(p Pass, c Conv, w gpu.Range) gpu.Range {
	halves := b.kernels.HalfWeights(p, c)
	if halves == 0 {
		return w
	}
	if c.Memory.Half.Size != 2*uint64(halves) {
		b.fail(fmt.Errorf("%s: %w: the weights in halves take %d bytes, there are %d", c.Name, ErrShape, 2*halves, c.Memory.Half.Size))
	}
	return c.Memory.Half
}

// ConvBackwardWeights records g = the gradient of the physical weights, summed over all heads (eq. 5): X are the inputs, Y
// the gradients of the outputs, with zero halos. Blocks that do not train, or that no head holds, are left as they are.
func (b *Builder) ConvBackwardWeights(c Conv, g gpu.Range, heads []ConvHead, blocks Blocks) {
	c.Variants[BackwardWeights].kernels().backwardWeights(b, c, g, heads, blocks)
}

// ConvScratch is the number of floats of scratch that a pass needs; it may be 0. blocks are those that train.
func (k *Kernels) ConvScratch(p Pass, c Conv, heads []ConvHead, blocks Blocks) int {
	return c.Variants[p].kernels().scratch(k, p, c, heads, blocks)
}

// PreparedFloats is the size of the second layout of the weights that a pass reads; it may be 0.
func (k *Kernels) PreparedFloats(p Pass, c Conv) int {
	return c.Variants[p].kernels().prepared(k, p, c)
}

// PreparedConv is a convolution whose second layouts of the weights are to be refreshed.
type PreparedConv struct {
	Conv Conv
	W    gpu.Range
}

// PrepareConvs records the refreshing of all second layouts from the one weight buffer, after it has changed.
func (b *Builder) PrepareConvs(convs []PreparedConv) {
	b.halfWeights(convs)
	b.turnWeights(convs)
	b.winogradWeights(convs, Forward)
	b.winogradWeights(convs, BackwardData)
}

// flatFamily are the direct kernels.
type flatFamily struct{}

func (flatFamily) candidates(*Kernels, Pass, Conv, []ConvHead) []Variant { return []Variant{Flat} }
func (flatFamily) suits(*Kernels, Pass, Conv, []ConvHead) bool           { return true }
func (flatFamily) readsWeights() bool                                    { return true }

// prepared are the weights turned: only forward in the wide form reads them.
func (flatFamily) prepared(k *Kernels, p Pass, c Conv) int {
	if p == Forward && k.turnsWeights(c) {
		return c.Weights()
	}
	return 0
}

func (flatFamily) scratch(k *Kernels, p Pass, c Conv, heads []ConvHead, blocks Blocks) int {
	if p != BackwardWeights {
		return 0
	}
	return k.partialFloats(c, k.planWeights(c, heads, blocks))
}

func (flatFamily) forward(b *Builder, c Conv, w gpu.Range, heads []ConvHead, epilogue *Epilogue) {
	t, wide := convShape{maps: 1, tile: forwardTile(b.kernels.lanes, c)}, b.kernels.wideForward(c, heads)
	if wide {
		t, w = b.kernels.wideForwardShape(c), c.Memory.Prepared[Forward]
	}
	entries, perImage, images := b.convTable(c, heads, func(h ConvHead) int {
		return ceilDiv(c.OutSize(), t.x) * ceilDiv(c.OutSize(), t.y) * ceilDiv(h.Y.Maps, t.maps*b.kernels.lanes)
	})
	op := gpu.Op{Name: c.Name + " forward", Workgroups: perImage * images, Reads: []gpu.Range{w}}
	for i, h := range heads {
		part := epilogue.of(i, 0, h.X.Images)
		e := &entries[i]
		e.Norm, e.Residual, e.Source, e.ResidualSize, e.ResidualMaps = part.norm, part.residual, part.source, part.size, part.maps
		op.Reads, op.Writes = append(append(op.Reads, h.X.Range), part.reads...), append(op.Writes, h.Y.Range)
		op.FLOPs += c.flops(h)
		op.Bytes += h.X.inside() + h.Y.inside()
	}
	mode, residualStride := epilogue.constants()
	push := b.convPush(c, op, b.table(c.Name, entries), w, len(heads), perImage)
	if wide {
		b.dispatch("conv_forward_wide", op, convForwardWidePush{
			Heads: push.Heads, W: push.W, Groups: push.Groups, HeadCount: push.HeadCount, GroupsPerImage: push.GroupsPerImage,
			InSize: push.InSize, OutSize: push.OutSize, OutMaps: uint32(c.Out.Total()), InBounds: push.InBounds, OutBounds: push.OutBounds,
		}, t.maps, t.x, t.y, t.depth, c.Stride, c.Kernel, mode, residualStride)
		return
	}
	b.dispatch("conv_forward", op, push, t.x, t.y, c.Stride, c.Kernel, mode, residualStride)
}

func (flatFamily) backwardData(b *Builder, c Conv, w gpu.Range, heads []ConvHead) {
	t, wide := convShape{maps: 2, tile: backwardTile(b.kernels.lanes, c)}, b.kernels.wideBackwardData(c, heads)
	if wide {
		t = b.kernels.wideDataShape(c)
	}
	entries, perImage, images := b.convTable(c, heads, func(h ConvHead) int {
		return ceilDiv(c.InSize, t.x) * ceilDiv(c.InSize, t.y) * ceilDiv(h.X.Maps, t.maps*b.kernels.lanes)
	})
	op := gpu.Op{Name: c.Name + " backward data", Workgroups: perImage * images, Reads: []gpu.Range{w}}
	for _, h := range heads {
		op.Reads, op.Writes = append(op.Reads, h.Y.Range), append(op.Writes, h.X.Range)
		op.FLOPs += c.flops(h)
		op.Bytes += h.X.inside() + h.Y.inside()
	}
	push := convBackwardDataPush(b.convPush(c, op, b.table(c.Name, entries), w, len(heads), perImage))
	if wide {
		b.dispatch("conv_backward_data_wide", op, push, t.maps, t.x, t.y, t.depth, c.Stride, c.Kernel)
		return
	}
	b.dispatch("conv_backward_data", op, push, t.x, t.y, c.Stride, c.Kernel)
}

// convTable lays the heads' workgroups of one image side by side, so that images vary slowest: the two halves of a dispatch
// are then equally heavy, and small heads do not idle big ones.
func (b *Builder) convTable(c Conv, heads []ConvHead, groups func(ConvHead) int) (entries []convHead, perImage, images int) {
	for _, h := range heads {
		if err := c.check(h); err != nil {
			b.fail(err)
		}
		entries = append(entries, convHead{
			X: address(h.X.Range), Y: address(h.Y.Range),
			InUnits: uint32(c.In.present(h.In)), OutUnits: uint32(c.Out.present(h.Out)), InMaps: uint32(h.X.Maps), OutMaps: uint32(h.Y.Maps),
			Images: uint32(h.X.Images), First: uint32(perImage),
		})
		perImage += groups(h)
		images = max(images, h.X.Images)
	}
	return entries, perImage, images
}

func (b *Builder) convPush(c Conv, op gpu.Op, heads uint64, w gpu.Range, count, perImage int) convForwardPush {
	in, out := b.bounds(c)
	return convForwardPush{
		Heads: heads, W: address(w), Groups: uint32(op.Workgroups), HeadCount: uint32(count), GroupsPerImage: uint32(perImage),
		InSize: uint32(c.InSize), OutSize: uint32(c.OutSize()), InMaps: uint32(c.In.Total()), InBounds: in, OutBounds: out,
	}
}

// bounds packs where the units of a convolution's maps begin.
func (b *Builder) bounds(c Conv) (in, out [9]uint32) {
	in, inErr := c.In.packed()
	out, outErr := c.Out.packed()
	if err := errors.Join(inErr, outErr); err != nil {
		b.fail(fmt.Errorf("%s: %w", c.Name, err))
	}
	return in, out
}

// ErrShape is wrapped by every complaint about tensors that do not fit an operation.
var ErrShape = errors.New("shapes do not fit")

func (c Conv) check(h ConvHead) error {
	in, out := c.In.Width(h.In), c.Out.Width(h.Out)
	if in == 0 || out == 0 || h.X.Maps != in || h.Y.Maps != out || h.X.Size != c.InSize || h.Y.Size != c.OutSize() || h.X.Images != h.Y.Images || h.X.Images < 1 {
		return fmt.Errorf("%s: %w: a head of units %b -> %b has %d and %d maps, its tensors are [%d, %d, %d] and [%d, %d, %d] (images, size, maps) for sizes %d and %d", c.Name, ErrShape,
			h.In, h.Out, in, out, h.X.Images, h.X.Size, h.X.Maps, h.Y.Images, h.Y.Size, h.Y.Maps, c.InSize, c.OutSize())
	}
	return nil
}

// flops of one head: twice the multiply-adds, padded positions counted, padding of units not.
func (c Conv) flops(h ConvHead) float64 {
	return 2 * float64(h.X.Images*c.OutSize()*c.OutSize()*c.Kernel*c.Kernel) * float64(c.In.RealWidth(h.In)) * float64(c.Out.RealWidth(h.Out))
}
