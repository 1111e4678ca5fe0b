package layers

import (
	"slices"

	"github.com/dvn-vk/dvn-vk/gpu"
)

// The families gemm and matrix compute every pass as a product of matrices by tiles in shared memory, and differ in how a
// workgroup multiplies two tiles: by itself (shaders/gemm.glsl), or by matrix units (shaders/matrix.glsl).

type gemmForwardPush struct {
	Heads, W                                                             uint64
	Groups, HeadCount, InSize, OutSize, InMaps, Epilogue, ResidualStride uint32
	InBounds, OutBounds                                                  [9]uint32
}

type gemmBackwardDataPush struct {
	Heads, W                                   uint64
	Groups, HeadCount, InSize, OutSize, InMaps uint32
	InBounds, OutBounds                        [9]uint32
}

// tiledFamily is gemm or matrix.
type tiledFamily struct {
	name Variant // its shaders begin with it
	// tiles lists the tiles that a pass can run by on a device, in the order of preference; none where it lacks something.
	tiles func(k *Kernels, p Pass) []productTile
}

// candidates: everything, by each tile; the one that the rule of docs/kernels.md takes first. Devices on which a family was
// never faster list it where it is forced only, since trying it would cost more than it can gain.
func (f tiledFamily) candidates(k *Kernels, p Pass, c Conv, heads []ConvHead) []Variant {
	if k.selection.Variant.Family() != f.name && !f.offered(k) {
		return nil
	}
	tiles := f.tiles(k, p)
	if len(tiles) == 0 {
		return nil
	}
	first := defaultTile(tiles, p, c, heads)
	variants := []Variant{f.variant(tiles[first])}
	for _, t := range slices.Delete(slices.Clone(tiles), first, first+1) {
		variants = append(variants, f.variant(t))
	}
	return variants
}

// offered: on GPUs. Matrix rounds its operands to 16 bits, so it is for kernels in halves alone.
func (f tiledFamily) offered(k *Kernels) bool {
	return k.onGPU() && (f.name == Gemm || k.precision == FP16)
}

func (k *Kernels) onGPU() bool {
	kind := k.Device.Info.Type
	return kind == gpu.Discrete || kind == gpu.Integrated || kind == gpu.Virtual
}

// suits: an estimate, from what others have measured on GPUs (docs/kernels.md).
func (f tiledFamily) suits(k *Kernels, _ Pass, _ Conv, _ []ConvHead) bool { return f.offered(k) }

func (tiledFamily) readsWeights() bool { return true }

func (tiledFamily) prepared(*Kernels, Pass, Conv) int { return 0 }

func (f tiledFamily) forward(b *Builder, c Conv, w gpu.Range, heads []ConvHead, epilogue *Epilogue) {
	t := f.tile(b.kernels, Forward, c)
	entries, groups, _ := b.convTable(c, heads, func(h ConvHead) int { return t.cover(h.Y.Maps, c.forwardPixels(h)) })
	op := c.tiledOp(" forward", heads, groups)
	op.Reads = append(op.Reads, w)
	for i, h := range heads {
		part, e := epilogue.of(i, 0, heads[i].X.Images), &entries[i]
		e.Norm, e.Residual, e.Source, e.ResidualSize, e.ResidualMaps = part.norm, part.residual, part.source, part.size, part.maps
		op.Reads, op.Writes = append(append(op.Reads, h.X.Range), part.reads...), append(op.Writes, h.Y.Range)
	}
	mode, residualStride := epilogue.constants()
	in, out := b.bounds(c)
	b.dispatchBy(t.threads, string(f.name)+"_forward", op, gemmForwardPush{
		Heads: b.table(c.Name, entries), W: address(w), Groups: uint32(groups), HeadCount: uint32(len(heads)),
		InSize: uint32(c.InSize), OutSize: uint32(c.OutSize()), InMaps: uint32(c.In.Total()),
		Epilogue: uint32(mode), ResidualStride: uint32(residualStride), InBounds: in, OutBounds: out,
	}, t.constants(c)...)
}

func (f tiledFamily) backwardData(b *Builder, c Conv, w gpu.Range, heads []ConvHead) {
	t := f.tile(b.kernels, BackwardData, c)
	entries, groups, _ := b.convTable(c, heads, func(h ConvHead) int { return c.backwardTiles(t, h) })
	op := c.tiledOp(" backward data", heads, groups)
	op.Reads = append(op.Reads, w)
	for _, h := range heads {
		op.Reads, op.Writes = append(op.Reads, h.Y.Range), append(op.Writes, h.X.Range)
	}
	in, out := b.bounds(c)
	b.dispatchBy(t.threads, string(f.name)+"_backward_data", op, gemmBackwardDataPush{
		Heads: b.table(c.Name, entries), W: address(w), Groups: uint32(groups), HeadCount: uint32(len(heads)),
		InSize: uint32(c.InSize), OutSize: uint32(c.OutSize()), InMaps: uint32(c.In.Total()), InBounds: in, OutBounds: out,
	}, t.constants(c)...)
}

// tiledOp is a pass over heads without the ranges that it reads and writes.
func (c Conv) tiledOp(pass string, heads []ConvHead, groups int) gpu.Op {
	op := gpu.Op{Name: c.Name + pass, Workgroups: groups}
	for _, h := range heads {
		op.FLOPs += c.flops(h)
		op.Bytes += h.X.inside() + h.Y.inside()
	}
	return op
}
