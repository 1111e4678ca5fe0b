package layers

import (
	"fmt"
	"slices"

	"github.com/dvn-vk/dvn-vk/gpu"
)

// Winograd's F(4x4, 3x3): three passes for forward and backward-data, four for backward-weights (shaders/winograd.glsl). The
// transformed weights U are a second layout of the whole physical layer, refreshed once a step, and heads address their
// blocks in it in place.
const (
	winogradPositions = 36
	winogradTile      = 4
	winogradPad       = 48      // floats between planes: powers of two are slow
	winogradBlock     = 64      // rows of tiles after which heads alternate
	winogradRows      = 32      // rows of tiles are a multiple of, or of as many as lanes
	winogradMaps      = 64      // of the narrower side, from which it is faster than the direct kernels on lavapipe (docs/kernels.md)
	divideLimit       = 1 << 22 // of what the shaders' division is exact for
)

// As shaders/winograd.glsl declares it.
type winogradHead struct {
	X, Y, V, M, Norm, Residual, Source                uint64
	InUnits, OutUnits, InMaps, OutMaps, Tiles, Rows   uint32
	VPlane, MPlane, First, ResidualSize, ResidualMaps uint32
	_                                                 uint32
}

type winogradTilesPush struct {
	Heads                                   uint64
	Groups, HeadCount, GroupsPerBlock, Size uint32
}

type winogradOutputPush winogradTilesPush

type winogradProductPush struct {
	Heads, U                                                      uint64
	Groups, HeadCount, GroupsPerPosition, InMaps, OutMaps, UPlane uint32
	InBounds, OutBounds                                           [9]uint32
}

type winogradLayer struct {
	W, U                     uint64
	Ins, Outs, UPlane, First uint32
}

type winogradWeightsPush struct {
	Layers             uint64
	Groups, LayerCount uint32
}

// winogradFamily is Winograd's F(4x4, 3x3).
type winogradFamily struct{}

// candidates: kernels of 3x3 at stride 1, as far as the shaders' divisions are exact.
func (winogradFamily) candidates(k *Kernels, _ Pass, c Conv, heads []ConvHead) []Variant {
	if c.Kernel != 3 || c.Stride != 1 || k.winogradWorkgroups(heads) >= divideLimit {
		return nil
	}
	return []Variant{Winograd}
}

// suits: found faster on devices of 8 lanes from 64 maps, with tiles enough to fill a product.
func (winogradFamily) suits(k *Kernels, _ Pass, c Conv, heads []ConvHead) bool {
	most := 0
	for _, h := range heads {
		tiles, _ := k.winogradRows(h.X.Images, c.InSize)
		most = max(most, tiles)
	}
	return (k.lanes == 8 || k.wide) && c.InSize >= winogradTile && most >= winogradRows && min(c.In.Total(), c.Out.Total()) >= winogradMaps
}

func (winogradFamily) readsWeights() bool { return false }

// prepared is U: forward, or of the gradient of the input; [36][ins][outs].
func (winogradFamily) prepared(_ *Kernels, p Pass, c Conv) int {
	if p == BackwardWeights {
		return 0
	}
	return winogradPositions * winogradUPlane(c)
}

func (winogradFamily) scratch(k *Kernels, p Pass, c Conv, heads []ConvHead, blocks Blocks) int {
	floats := k.winogradScratch(heads)
	if p == BackwardWeights {
		floats += k.planWinogradGradient(c, heads, blocks).floats(k.lanes)
	}
	return floats
}

func (winogradFamily) forward(b *Builder, c Conv, _ gpu.Range, heads []ConvHead, epilogue *Epilogue) {
	b.winogradConv(c.Name+" forward", c, Forward, heads, func(run winogradRun, entries []winogradHead) winogradEnding {
		return plainEnding(run, entries, epilogue)
	})
}

func (winogradFamily) backwardData(b *Builder, c Conv, _ gpu.Range, heads []ConvHead) {
	b.winogradConv(c.Name+" backward data", c.turned(), BackwardData, turnedHeads(heads), func(run winogradRun, entries []winogradHead) winogradEnding {
		return plainEnding(run, entries, nil)
	})
}

// turned swaps inputs and outputs: the gradient of the input is a convolution with the turned weights.
func (c Conv) turned() Conv {
	c.In, c.Out = c.Out, c.In
	return c
}

func turnedHeads(heads []ConvHead) []ConvHead {
	turned := make([]ConvHead, len(heads))
	for i, h := range heads {
		turned[i] = ConvHead{In: h.Out, Out: h.In, X: h.Y, Y: h.X}
	}
	return turned
}

// winogradShape is how a product's work lies in registers: a lane's output maps (of the weight gradient: input maps), tiles (of
// the weight gradient: output maps), and how much of the sum a turn takes (pairs of input maps, in the wide form maps; of the
// weight gradient: tiles).
type winogradShape struct {
	outs, tiles, depth int
	wide               bool
}

// form is what the names of the product's shaders end in.
func (s winogradShape) form() string {
	if s.wide {
		return "_wide"
	}
	return ""
}

// winogradLeastTiles is the least that a product has in registers.
const winogradLeastTiles = 16

// winogradProduct is the shape of a product. Vector loads cost so little that few accumulators do, so that 32 registers of 16
// lanes hold them; gathers want as many as possible. Depth divides every unit's pairs.
func (k *Kernels) winogradProduct(c Conv) winogradShape {
	wide := winogradShape{outs: 2, tiles: 16, depth: 16, wide: true}
	if k.lanes <= 8 {
		wide = winogradShape{outs: 4, tiles: 32, depth: 4, wide: true}
	}
	if k.wholeChunks(wide.outs*k.lanes, c.Out.widths()...) && k.wholeChunks(wide.depth, c.In.widths()...) {
		return wide
	}
	outs := 2 // as many as the narrowest unit fills
	for _, more := range []int{4, 8} {
		if c.Out.narrowest() >= more*k.lanes {
			outs = more
		}
	}
	depth := min(4, 16/outs) // longer bodies do not fit the cache of instructions
	for depth > 1 && !divides(2*depth, c.In.widths()) {
		depth /= 2
	}
	return winogradShape{outs: outs, tiles: max(winogradRows, k.lanes), depth: depth}
}

// winogradUPlane is the number of floats of one position of U.
func winogradUPlane(c Conv) int { return c.In.Total()*c.Out.Total() + winogradPad }

// winogradWorkgroups is no less than the workgroups of any pass.
func (k *Kernels) winogradWorkgroups(heads []ConvHead) int {
	transforms, products, most := 0, 0, 0
	for _, h := range heads {
		_, rows := k.winogradRows(h.X.Images, h.X.Size)
		chunks := ceilDiv(max(h.X.Maps, h.Y.Maps)/2, k.lanes)
		transforms += chunks
		products += winogradPositions * rows / winogradLeastTiles * chunks
		most = max(most, ceilDiv(rows, winogradBlock)*winogradBlock)
	}
	return max(transforms*most, products)
}

// winogradWeights records U of those convolutions whose pass has one, from the one weight buffer.
func (b *Builder) winogradWeights(convs []PreparedConv, p Pass) {
	op := gpu.Op{Name: "winograd weights"}
	var entries []winogradLayer
	for _, l := range convs {
		u := l.Conv.Memory.Prepared[p]
		if l.Conv.Variants[p].Family() != Winograd {
			continue
		}
		ins, outs := l.Conv.In.Total(), l.Conv.Out.Total()
		entries = append(entries, winogradLayer{W: address(l.W), U: address(u), Ins: uint32(ins), Outs: uint32(outs), UPlane: uint32(winogradUPlane(l.Conv)), First: uint32(op.Workgroups)})
		inputs, outputs := ins, outs
		if p == BackwardData {
			inputs, outputs = outs, ins
		}
		op.Workgroups += inputs / 2 * ceilDiv(outputs, b.kernels.lanes)
		op.Reads, op.Writes = append(op.Reads, l.W), append(op.Writes, u)
		op.Bytes += float64(l.W.Size + u.Size)
	}
	if len(entries) == 0 {
		return
	}
	constant := 0
	if p == BackwardData {
		op.Name, constant = "winograd weights backward", 1
	}
	b.dispatch("winograd_weights", op, winogradWeightsPush{b.table(op.Name, entries), uint32(op.Workgroups), uint32(len(entries))}, constant)
}

// winogradPass is one grouped pass: its table and where V and M lie in scratch.
type winogradPass struct {
	entries []winogradHead
	v, m    []gpu.Range
	rows    int // most of any head
}

// winogradRows is the number of tiles of a head, and the rows of its planes: a multiple of what the product takes at a time.
func (k *Kernels) winogradRows(images, size int) (tiles, rows int) {
	side := ceilDiv(size, winogradTile)
	tiles = images * side * side
	multiple := max(winogradRows, k.lanes)
	return tiles, ceilDiv(tiles, multiple) * multiple
}

// winogradPlane is the number of floats of one position of V or M.
func winogradPlane(rows, maps int) int { return rows*maps + winogradPad }

// winogradScratch is the number of floats that V and M of all heads of a run take; the first run is the longest.
func (k *Kernels) winogradScratch(heads []ConvHead) int {
	floats := 0
	for _, h := range k.winogradRuns(heads)[0].heads {
		_, rows := k.winogradRows(h.X.Images, h.X.Size)
		floats += winogradPositions * (winogradPlane(rows, h.X.Maps) + winogradPlane(rows, h.Y.Maps))
	}
	return floats
}

func (b *Builder) winogradPass(c Conv, pass Pass, heads []ConvHead) winogradPass {
	scratch := c.Memory.Scratch[pass]
	var p winogradPass
	at := scratch.Offset
	take := func(floats int) gpu.Range {
		r := gpu.Range{Buffer: scratch.Buffer, Offset: at, Size: floatBytes * uint64(floats)}
		at += r.Size
		return r
	}
	for _, h := range heads {
		tiles, rows := b.kernels.winogradRows(h.X.Images, h.X.Size)
		vPlane, mPlane := winogradPlane(rows, h.X.Maps), winogradPlane(rows, h.Y.Maps)
		v, m := take(winogradPositions*vPlane), take(winogradPositions*mPlane)
		p.v, p.m, p.rows = append(p.v, v), append(p.m, m), max(p.rows, rows)
		e := b.winogradEntry(c, h)
		e.V, e.M, e.VPlane, e.MPlane = address(v), address(m), uint32(vPlane), uint32(mPlane)
		e.Tiles, e.Rows = uint32(tiles), uint32(rows)
		p.entries = append(p.entries, e)
	}
	if at > scratch.Offset+scratch.Size {
		b.fail(fmt.Errorf("%s: %w: Winograd needs %d bytes of scratch, there are %d", c.Name, ErrShape, at-scratch.Offset, scratch.Size))
	}
	return p
}

// winogradEntry is a head's entry but for its scratch.
func (b *Builder) winogradEntry(c Conv, h ConvHead) winogradHead {
	if err := c.check(h); err != nil {
		b.fail(err)
	}
	return winogradHead{
		X: address(h.X.Range), Y: address(h.Y.Range),
		InUnits: uint32(c.In.present(h.In)), OutUnits: uint32(c.Out.present(h.Out)), InMaps: uint32(h.X.Maps), OutMaps: uint32(h.Y.Maps),
	}
}

// winogradProducts records V and M, to which an output pass belongs; for backward-data X and Y, In and Out are swapped.
func (b *Builder) winogradProducts(name string, c Conv, pass Pass, heads []ConvHead) winogradPass {
	k, u := b.kernels, c.Memory.Prepared[pass]
	p := b.winogradPass(c, pass, heads)
	b.winogradTransform(name+" tiles", p, heads, false)

	product := gpu.Op{Name: name + " product", Reads: append([]gpu.Range{u}, p.v...), Writes: p.m}
	shape, perPosition := k.winogradProduct(c), 0
	entries := slices.Clone(p.entries)
	for i, h := range heads {
		entries[i].First = uint32(perPosition)
		perPosition += int(entries[i].Rows) / shape.tiles * ceilDiv(h.Y.Maps, shape.outs*k.lanes)
		product.FLOPs += c.flops(h)
	}
	product.Workgroups = winogradPositions * perPosition
	in, out := b.bounds(c)
	b.dispatch("winograd_product"+shape.form(), product, winogradProductPush{
		Heads: b.table(product.Name, entries), U: address(u), Groups: uint32(product.Workgroups), HeadCount: uint32(len(heads)),
		GroupsPerPosition: uint32(perPosition), InMaps: uint32(c.In.Total()), OutMaps: uint32(c.Out.Total()), UPlane: uint32(winogradUPlane(c)),
		InBounds: in, OutBounds: out,
	}, shape.outs, shape.tiles, shape.depth)
	return p
}

// winogradTransform records V of the inputs, or with gradient D of the outputs' gradients into M.
func (b *Builder) winogradTransform(name string, p winogradPass, heads []ConvHead, gradient bool) {
	op := gpu.Op{Name: name, Writes: p.v}
	constant := 0
	if gradient {
		op.Writes, constant = p.m, 1
		p.entries = slices.Clone(p.entries)
		for i := range p.entries {
			e := &p.entries[i]
			e.X, e.V, e.InMaps, e.VPlane = e.Y, e.M, e.OutMaps, e.MPlane
		}
	}
	var maps []int
	for i, h := range heads {
		source := h.X
		if gradient {
			source = h.Y
		}
		maps = append(maps, source.Maps)
		op.Reads = append(op.Reads, source.Range)
		op.Bytes += source.inside() + float64(op.Writes[i].Size)
	}
	perBlock := 0
	for i := range p.entries {
		p.entries[i].First = uint32(perBlock)
		perBlock += winogradBlock * ceilDiv(int(p.entries[i].InMaps)/2, b.kernels.lanes)
	}
	op.Workgroups = perBlock * ceilDiv(p.rows, winogradBlock)
	b.dispatchWide(maps, "winograd_tiles", op, winogradTilesPush{
		Heads: b.table(name, p.entries), Groups: uint32(op.Workgroups), HeadCount: uint32(len(heads)), GroupsPerBlock: uint32(perBlock), Size: uint32(heads[0].X.Size),
	}, winogradBlock, constant)
}
