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
	winogradPad       = 24      // pairs between planes: powers of two are slow
	winogradBlock     = 64      // rows of tiles after which heads alternate
	winogradTiles     = 32      // tiles in registers of the product, or as many as lanes
	winogradTurn      = 8       // tiles a turn of the weight gradient
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
	if k.sharedLoadsAreCheap() {
		return []Variant{WinogradShared, Winograd}
	}
	return []Variant{Winograd, WinogradShared}
}

// sharedLoadsAreCheap tells whether a load that all lanes share costs less than a load an own lane and a broadcast: lavapipe
// has one instruction for it from Mesa 26 on, and a gather before. Elsewhere nobody has measured it.
func (k *Kernels) sharedLoadsAreCheap() bool {
	major := 0
	_, err := fmt.Sscanf(k.Device.Info.Driver, "llvmpipe Mesa %d.", &major)
	return err == nil && major >= 26
}

// suits: found faster on devices of 8 lanes from 64 maps, with tiles enough to fill a product.
func (winogradFamily) suits(k *Kernels, _ Pass, c Conv, heads []ConvHead) bool {
	most := 0
	for _, h := range heads {
		tiles, _ := k.winogradRows(h.X.Images, c.InSize)
		most = max(most, tiles)
	}
	return k.lanes == 8 && c.InSize >= winogradTile && most >= winogradTiles && min(c.In.Total(), c.Out.Total()) >= winogradMaps
}

func (winogradFamily) readsWeights() bool { return false }

// prepared is U: forward, or of the gradient of the input; [36][ins/2][outs] pairs.
func (winogradFamily) prepared(_ *Kernels, p Pass, c Conv) int {
	if p == BackwardWeights {
		return 0
	}
	return 2 * winogradPositions * winogradUPlane(c)
}

func (winogradFamily) scratch(k *Kernels, p Pass, c Conv, heads []ConvHead, blocks Blocks) int {
	floats := k.winogradScratch(heads)
	if p == BackwardWeights {
		floats += k.planWinogradGradient(c, heads, blocks).floats(k.lanes)
	}
	return floats
}

func (winogradFamily) forward(b *Builder, c Conv, _ gpu.Range, heads []ConvHead, epilogue *Epilogue) {
	p := b.winogradProducts(c.Name+" forward", c, Forward, heads)
	b.winogradOutput(c.Name+" forward output", c, p, heads, epilogue)
}

func (winogradFamily) backwardData(b *Builder, c Conv, _ gpu.Range, heads []ConvHead) {
	c, heads = c.turned(), turnedHeads(heads)
	p := b.winogradProducts(c.Name+" backward data", c, BackwardData, heads)
	b.winogradOutput(c.Name+" backward data output", c, p, heads, nil)
}

// sharedLoads is the shaders' SHARED.
func (v Variant) sharedLoads() int {
	if v == WinogradShared {
		return 1
	}
	return 0
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

// winogradDepth is the number of pairs a turn of the product: a divisor of every unit's pairs, 4 or fewer, 2 where a lane has 8
// maps: longer bodies do not fit the cache of instructions.
func winogradDepth(m Maps, outs int) int {
	for depth := min(4, 16/outs); depth > 1; depth /= 2 {
		divides := true
		for u := 1; u <= m.Units(); u++ {
			divides = divides && (m.Padded[u]-m.Padded[u-1])/2%depth == 0
		}
		if divides {
			return depth
		}
	}
	return 1
}

// winogradOuts is the number of output maps a lane of the product: as many as the narrowest unit fills.
func winogradOuts(m Maps, lanes int) int {
	narrowest := m.Total()
	for u := 1; u <= m.Units(); u++ {
		if width := m.Padded[u] - m.Padded[u-1]; width > 0 {
			narrowest = min(narrowest, width)
		}
	}
	for _, outs := range []int{8, 4} {
		if narrowest >= outs*lanes {
			return outs
		}
	}
	return 2
}

// winogradUPlane is the number of pairs of one position of U.
func winogradUPlane(c Conv) int { return c.In.Total()/2*c.Out.Total() + winogradPad }

// winogradWorkgroups is no less than the workgroups of any pass.
func (k *Kernels) winogradWorkgroups(heads []ConvHead) int {
	transforms, products, most := 0, 0, 0
	for _, h := range heads {
		_, rows := k.winogradRows(h.X.Images, h.X.Size)
		chunks := ceilDiv(max(h.X.Maps, h.Y.Maps)/2, k.lanes)
		transforms += chunks
		products += winogradPositions * rows / k.winogradTiles() * chunks
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

// winogradTiles is the number of tiles that the product has in registers.
func (k *Kernels) winogradTiles() int { return max(winogradTiles, k.lanes) }

// winogradRows is the number of tiles of a head, and the rows of its planes: a multiple of what the product takes at a time.
func (k *Kernels) winogradRows(images, size int) (tiles, rows int) {
	side := ceilDiv(size, winogradTile)
	tiles = images * side * side
	return tiles, ceilDiv(tiles, k.winogradTiles()) * k.winogradTiles()
}

func planeFloats(rows, maps int) int { return 2 * winogradPositions * (rows*maps/2 + winogradPad) }

// winogradScratch is the number of floats that V and M of all heads take.
func (k *Kernels) winogradScratch(heads []ConvHead) int {
	floats := 0
	for _, h := range heads {
		_, rows := k.winogradRows(h.X.Images, h.X.Size)
		floats += planeFloats(rows, h.X.Maps) + planeFloats(rows, h.Y.Maps)
	}
	return floats
}

func (b *Builder) winogradPass(c Conv, pass Pass, heads []ConvHead) winogradPass {
	scratch := c.Memory.Scratch[pass]
	var p winogradPass
	at := scratch.Offset
	take := func(floats int) gpu.Range {
		r := gpu.Range{Buffer: scratch.Buffer, Offset: at, Size: 4 * uint64(floats)}
		at += r.Size
		return r
	}
	for _, h := range heads {
		if err := c.check(h); err != nil {
			b.fail(err)
		}
		tiles, rows := b.kernels.winogradRows(h.X.Images, h.X.Size)
		v, m := take(planeFloats(rows, h.X.Maps)), take(planeFloats(rows, h.Y.Maps))
		p.v, p.m, p.rows = append(p.v, v), append(p.m, m), max(p.rows, rows)
		p.entries = append(p.entries, winogradHead{
			X: address(h.X.Range), Y: address(h.Y.Range), V: address(v), M: address(m),
			InUnits: uint32(c.In.present(h.In)), OutUnits: uint32(c.Out.present(h.Out)), InMaps: uint32(h.X.Maps), OutMaps: uint32(h.Y.Maps),
			Tiles: uint32(tiles), Rows: uint32(rows),
			VPlane: uint32(rows*h.X.Maps/2 + winogradPad), MPlane: uint32(rows*h.Y.Maps/2 + winogradPad),
		})
	}
	if at > scratch.Offset+scratch.Size {
		b.fail(fmt.Errorf("%s: %w: Winograd needs %d bytes of scratch, there are %d", c.Name, ErrShape, at-scratch.Offset, scratch.Size))
	}
	return p
}

// blocked lays the heads' workgroups of one block of rows side by side.
func (p *winogradPass) blocked(groupsOfRow func(winogradHead) int) (perBlock, groups int) {
	for i := range p.entries {
		p.entries[i].First = uint32(perBlock)
		perBlock += winogradBlock * groupsOfRow(p.entries[i])
	}
	return perBlock, perBlock * ceilDiv(p.rows, winogradBlock)
}

// winogradProducts records V and M, to which an output pass belongs; for backward-data X and Y, In and Out are swapped.
func (b *Builder) winogradProducts(name string, c Conv, pass Pass, heads []ConvHead) winogradPass {
	k, u := b.kernels, c.Memory.Prepared[pass]
	p := b.winogradPass(c, pass, heads)
	b.winogradTransform(name+" tiles", p, heads, false)

	product := gpu.Op{Name: name + " product", Reads: append([]gpu.Range{u}, p.v...), Writes: p.m}
	outs, perPosition := winogradOuts(c.Out, k.lanes), 0
	entries := slices.Clone(p.entries)
	for i, h := range heads {
		entries[i].First = uint32(perPosition)
		perPosition += int(entries[i].Rows) / k.winogradTiles() * ceilDiv(h.Y.Maps/2, outs/2*k.lanes)
		product.FLOPs += c.flops(h)
	}
	product.Workgroups = winogradPositions * perPosition
	in, out := b.bounds(c)
	b.dispatch("winograd_product", product, winogradProductPush{
		Heads: b.table(product.Name, entries), U: address(u), Groups: uint32(product.Workgroups), HeadCount: uint32(len(heads)),
		GroupsPerPosition: uint32(perPosition), InMaps: uint32(c.In.Total()), OutMaps: uint32(c.Out.Total()), UPlane: uint32(winogradUPlane(c)),
		InBounds: in, OutBounds: out,
	}, outs, k.winogradTiles(), winogradDepth(c.In, outs), c.Variants[pass].sharedLoads())
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
	for i, h := range heads {
		source := h.X
		if gradient {
			source = h.Y
		}
		op.Reads = append(op.Reads, source.Range)
		op.Bytes += source.inside() + float64(op.Writes[i].Size)
	}
	perBlock, groups := p.blocked(func(h winogradHead) int { return ceilDiv(int(h.InMaps)/2, b.kernels.lanes) })
	op.Workgroups = groups
	b.dispatch("winograd_tiles", op, winogradTilesPush{
		Heads: b.table(name, p.entries), Groups: uint32(groups), HeadCount: uint32(len(heads)), GroupsPerBlock: uint32(perBlock), Size: uint32(heads[0].X.Size),
	}, winogradBlock, constant)
}
