package layers

import (
	"fmt"

	"github.com/dvn-vk/dvn-vk/gpu"
)

type gemmBackwardWeightsPush struct {
	Heads, Tiles, G                                       uint64
	HeadCount, TileCount, Splits, InSize, OutSize, InMaps uint32
	InBounds, OutBounds                                   [9]uint32
}

type gemmSumPartialsPush struct {
	Tiles, Partials, G        uint64
	TileCount, Splits, InMaps uint32
	InBounds, OutBounds       [9]uint32
}

// mostSplits bounds the parts that a weight gradient's images are split into.
const mostSplits = 64

// planTiles lists the tiles of the blocks that train and that some head holds: up to t.maps outputs x t.pixels columns, taps
// x inputs of the block. Few tiles are split over images until they fill a GPU. The number of splits depends on shapes only:
// it decides the order of the sums, and so the bits.
func planTiles(t productTile, c Conv, heads []ConvHead, blocks Blocks) weightsPlan {
	var p weightsPlan
	for u := 1; u <= c.Out.Units(); u++ {
		for v := 1; v <= c.In.Units(); v++ {
			if !blocks.Has(u, v) || !holds(heads, u, v) {
				continue
			}
			columns := c.Kernel * c.Kernel * (c.In.Padded[v] - c.In.Padded[v-1])
			for o := c.Out.Padded[u-1]; o < c.Out.Padded[u]; o += t.maps {
				for column := 0; column < columns; column += t.pixels {
					p.tiles = append(p.tiles, convTile{
						O: uint32(o), Outs: uint32(min(t.maps, c.Out.Padded[u]-o)),
						C: uint32(column), Ins: uint32(min(t.pixels, columns-column)), U: uint32(u - 1), V: uint32(v - 1),
					})
				}
			}
		}
	}
	images := 1
	for _, h := range heads {
		images = max(images, h.X.Images)
	}
	p.splits = max(1, min(fullTiles/max(1, len(p.tiles)), images, mostSplits))
	return p
}

// partialBytes is what the splits' partial sums take; 0 for one split.
func (t productTile) partialBytes(p weightsPlan) uint64 {
	if p.splits == 1 {
		return 0
	}
	return 4 * uint64(p.splits*len(p.tiles)*t.maps*t.pixels)
}

func (f tiledFamily) scratch(k *Kernels, p Pass, c Conv, heads []ConvHead, blocks Blocks) int {
	if p != BackwardWeights {
		return 0
	}
	t := f.tile(k, p, c)
	return int(t.partialBytes(planTiles(t, c, heads, blocks)) / 4)
}

func (f tiledFamily) backwardWeights(b *Builder, c Conv, g gpu.Range, heads []ConvHead, blocks Blocks) {
	t := f.tile(b.kernels, BackwardWeights, c)
	plan := planTiles(t, c, heads, blocks)
	if len(plan.tiles) == 0 {
		return
	}
	entries, _, _ := b.convTable(c, heads, func(ConvHead) int { return 0 })
	in, out := b.bounds(c)
	op := c.tiledOp(" backward weights", heads, len(plan.tiles)*plan.splits)
	for _, h := range heads {
		op.Reads = append(op.Reads, h.X.Range, h.Y.Range)
	}
	tiles, to := b.table(c.Name+" tiles", plan.tiles), g
	partialBytes, scratch := t.partialBytes(plan), c.Memory.Scratch[BackwardWeights]
	if plan.splits > 1 {
		if scratch.Size < partialBytes {
			b.fail(fmt.Errorf("%s: %w: partial sums need %d bytes of scratch, there are %d", c.Name, ErrShape, partialBytes, scratch.Size))
			return
		}
		to = scratch.Buffer.Part(scratch.Offset, partialBytes)
	}
	op.Writes = []gpu.Range{to}
	b.dispatchBy(t.threads, string(f.name)+"_backward_weights", op, gemmBackwardWeightsPush{
		Heads: b.table(c.Name, entries), Tiles: tiles, G: address(to),
		HeadCount: uint32(len(heads)), TileCount: uint32(len(plan.tiles)), Splits: uint32(plan.splits),
		InSize: uint32(c.InSize), OutSize: uint32(c.OutSize()), InMaps: uint32(c.In.Total()), InBounds: in, OutBounds: out,
	}, t.constants(c)...)
	if plan.splits == 1 {
		return
	}
	sum := gpu.Op{
		Name: c.Name + " sum of partials", Workgroups: len(plan.tiles) * t.maps, Reads: []gpu.Range{to}, Writes: []gpu.Range{g},
		Bytes: float64(partialBytes) + 4*float64(c.Weights()),
	}
	b.dispatch("gemm_sum_partials", sum, gemmSumPartialsPush{
		Tiles: tiles, Partials: address(to), G: address(g),
		TileCount: uint32(len(plan.tiles)), Splits: uint32(plan.splits), InMaps: uint32(c.In.Total()), InBounds: in, OutBounds: out,
	}, t.maps, t.pixels, c.Kernel)
}
