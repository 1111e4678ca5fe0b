package layers

import (
	"fmt"

	"github.com/dvn-vk/dvn-vk/gpu"
)

// Blocks says which weight blocks (output unit, input unit) of a convolution train: bit v of Blocks[u], both from 0.
type Blocks [16]uint16

// Has tells whether the block of output unit u and input unit v, both from 1, trains.
func (b Blocks) Has(u, v int) bool { return b[u-1]>>(v-1)&1 != 0 }

// As shaders/conv_tiles.glsl declares it.
type convTile struct{ O, Outs, C, Ins, U, V uint32 }

type convBackwardWeightsPush struct {
	Heads, Tiles, G                                       uint64
	HeadCount, TileCount, Splits, InSize, OutSize, InMaps uint32
	InBounds, OutBounds                                   [9]uint32
}

type convSumPartialsPush struct {
	Tiles, Partials, G        uint64
	TileCount, Splits, InMaps uint32
}

// cacheBytes is the part of a core's second-level cache that the images of one split should fit.
const cacheBytes = 512 << 10

// weightsPlan is how a weight gradient is computed: its tiles, and over how many parts of the images its sums are split.
type weightsPlan struct {
	tiles  []convTile
	splits int
}

// planWeights lists the tiles of the blocks that train and that some head holds. The number of splits depends on shapes and
// device only: it decides the order of the sums, and so the bits.
func (k *Kernels) planWeights(c Conv, heads []ConvHead, blocks Blocks) weightsPlan {
	var p weightsPlan
	for u := 1; u <= c.Out.Units(); u++ {
		for v := 1; v <= c.In.Units(); v++ {
			if !blocks.Has(u, v) || !holds(heads, u, v) {
				continue
			}
			for o := c.Out.Padded[u-1]; o < c.Out.Padded[u]; o += weightsOuts {
				for i := c.In.Padded[v-1]; i < c.In.Padded[v]; i += k.lanes {
					p.tiles = append(p.tiles, convTile{
						O: uint32(o), Outs: uint32(min(weightsOuts, c.Out.Padded[u]-o)),
						C: uint32(i), Ins: uint32(min(k.lanes, c.In.Padded[v]-i)), U: uint32(u - 1), V: uint32(v - 1),
					})
				}
			}
		}
	}
	images, imageBytes := 0, 1
	for _, h := range heads {
		images = max(images, h.X.Images)
		imageBytes = max(imageBytes, h.X.Precision.Bytes()*((c.InSize+2)*(c.InSize+2)*h.X.Maps+(c.OutSize()+2)*(c.OutSize()+2)*h.Y.Maps))
	}
	each := max(1, min(4, cacheBytes/imageBytes))
	if k.wide { // sums are so fast there that partials, written and read again, weigh most where a split reads less than twice as much
		each = max(each, ceilDiv(2*k.splitBytes(c, p), imageBytes))
	}
	p.splits = ceilDiv(images, each)
	return p
}

func holds(heads []ConvHead, u, v int) bool {
	for _, h := range heads {
		if h.Out.Has(u) && h.In.Has(v) {
			return true
		}
	}
	return false
}

// partialFloats is the number of floats that the splits' partial sums take; 0 for one split.
func (k *Kernels) partialFloats(c Conv, p weightsPlan) int {
	if p.splits == 1 {
		return 0
	}
	return p.splits * k.splitBytes(c, p) / 4
}

// splitBytes is the size of the partial sums of one split.
func (k *Kernels) splitBytes(c Conv, p weightsPlan) int {
	return 4 * len(p.tiles) * weightsOuts * c.Kernel * c.Kernel * k.lanes
}

func (flatFamily) backwardWeights(b *Builder, c Conv, g gpu.Range, heads []ConvHead, blocks Blocks) {
	k := b.kernels
	plan := k.planWeights(c, heads, blocks)
	if len(plan.tiles) == 0 {
		return
	}
	entries, _, _ := b.convTable(c, heads, func(ConvHead) int { return 0 })
	in, out := b.bounds(c)
	op := gpu.Op{Name: c.Name + " backward weights", Workgroups: len(plan.tiles) * plan.splits, Writes: []gpu.Range{g}}
	for _, h := range heads {
		op.Reads = append(op.Reads, h.X.Range, h.Y.Range)
		op.FLOPs += c.flops(h)
		op.Bytes += h.X.inside() + h.Y.inside()
	}
	tiles := b.table(c.Name+" tiles", plan.tiles)
	push := convBackwardWeightsPush{
		Heads: b.table(c.Name, entries), Tiles: tiles, G: address(g),
		HeadCount: uint32(len(heads)), TileCount: uint32(len(plan.tiles)), Splits: uint32(plan.splits),
		InSize: uint32(c.InSize), OutSize: uint32(c.OutSize()), InMaps: uint32(c.In.Total()), InBounds: in, OutBounds: out,
	}
	shader, constants := "conv_backward_weights", []int{weightsStrip(c), weightsOuts, c.Stride, c.Kernel}
	if k.wideBackwardWeights(c, heads) {
		held, rows := wideWeightsShape(k.lanes)
		shader, constants = "conv_backward_weights_wide", []int{weightsStrip(c), weightsOuts, held, rows, c.Stride, c.Kernel}
		op.Workgroups *= weightsOuts / held * c.Kernel
	}
	if plan.splits == 1 {
		b.dispatch(shader, op, push, constants...)
		return
	}
	partialBytes, scratch := 4*uint64(k.partialFloats(c, plan)), c.Memory.Scratch[BackwardWeights]
	if scratch.Size < partialBytes {
		b.fail(fmt.Errorf("%s: %w: partial sums need %d bytes of scratch, there are %d", c.Name, ErrShape, partialBytes, scratch.Size))
		return
	}
	partials := scratch.Buffer.Part(scratch.Offset, partialBytes)
	push.G, op.Writes = address(partials), []gpu.Range{partials}
	b.dispatch(shader, op, push, constants...)
	sum := gpu.Op{
		Name: c.Name + " sum of partials", Workgroups: len(plan.tiles), Reads: []gpu.Range{partials}, Writes: []gpu.Range{g},
		Bytes: float64(partialBytes) + 4*float64(c.Weights()),
	}
	b.dispatch("conv_sum_partials", sum, convSumPartialsPush{
		Tiles: tiles, Partials: address(partials), G: address(g),
		TileCount: uint32(len(plan.tiles)), Splits: uint32(plan.splits), InMaps: uint32(c.In.Total()),
	}, weightsOuts, c.Kernel)
}
