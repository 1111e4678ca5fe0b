package layers

import (
	"fmt"

	"github.com/dvn-vk/dvn-vk/gpu"
)

type winogradGradientProductPush struct {
	Heads, Tiles, DU                     uint64
	Groups, HeadCount, TileCount, Splits uint32
	InBounds, OutBounds                  [9]uint32
}

type winogradGradientPush struct {
	Tiles, DU, G                      uint64
	Groups, TileCount, Splits, InMaps uint32
}

// winogradGradientPlan is how a weight gradient is computed by Winograd.
type winogradGradientPlan struct {
	tiles  []convTile
	shape  winogradShape
	splits []int // of every run of images
}

// sums is the number of partial sums, over all runs.
func (p winogradGradientPlan) sums() (n int) {
	for _, s := range p.splits {
		n += s
	}
	return n
}

// winogradGradientShape is the shape of the product of the weight gradient.
func (k *Kernels) winogradGradientShape(c Conv) winogradShape {
	wide := winogradShape{outs: 2, tiles: 16, depth: 16, wide: true}
	if k.lanes <= 8 {
		wide = winogradShape{outs: 4, tiles: 32, depth: 4, wide: true}
	}
	switch narrowest := c.In.narrowest(); {
	case k.wholeChunks(wide.outs*k.lanes, c.In.widths()...) && k.wholeChunks(wide.tiles, c.Out.widths()...):
		return wide
	case narrowest >= 8*k.lanes:
		return winogradShape{outs: 8, tiles: 32, depth: 8}
	case narrowest >= 4*k.lanes:
		return winogradShape{outs: 4, tiles: 32, depth: 8}
	default:
		return winogradShape{outs: 2, tiles: 16, depth: 8}
	}
}

// winogradSplitRows is the number of rows of tiles from which the sum is split: its error grows with its length.
const winogradSplitRows = 1024

// planWinogradGradient lists the tiles of the blocks that train and that some head holds.
func (k *Kernels) planWinogradGradient(c Conv, heads []ConvHead, blocks Blocks) winogradGradientPlan {
	p := winogradGradientPlan{shape: k.winogradGradientShape(c)}
	width, outs := p.shape.outs*k.lanes, p.shape.tiles
	for u := 1; u <= c.Out.Units(); u++ {
		for v := 1; v <= c.In.Units(); v++ {
			if blocks[u-1]>>(v-1)&1 == 0 || !holds(heads, u, v) {
				continue
			}
			for o := c.Out.Padded[u-1]; o < c.Out.Padded[u]; o += outs {
				for i := c.In.Padded[v-1]; i < c.In.Padded[v]; i += width {
					p.tiles = append(p.tiles, convTile{
						O: uint32(o), Outs: uint32(min(outs, c.Out.Padded[u]-o)),
						C: uint32(i), Ins: uint32(min(width, c.In.Padded[v]-i)), U: uint32(u - 1), V: uint32(v - 1),
					})
				}
			}
		}
	}
	for _, run := range k.winogradRuns(heads) {
		rows := 0
		for _, h := range run.heads {
			_, r := k.winogradRows(h.X.Images, h.X.Size)
			rows = max(rows, r)
		}
		p.splits = append(p.splits, min(4, ceilDiv(rows, winogradSplitRows)))
	}
	return p
}

func (p winogradGradientPlan) sumFloats(lanes int) int {
	return winogradPositions * len(p.tiles) * p.shape.tiles * p.shape.outs * lanes
}

func (p winogradGradientPlan) floats(lanes int) int {
	return p.sums() * p.sumFloats(lanes)
}

// backwardWeights records the transforms of X and Y, the products, and the transform back.
func (winogradFamily) backwardWeights(b *Builder, c Conv, g gpu.Range, heads []ConvHead, blocks Blocks) {
	k := b.kernels
	plan := k.planWinogradGradient(c, heads, blocks)
	if len(plan.tiles) == 0 {
		return
	}
	name := c.Name + " backward weights"
	scratch := c.Memory.Scratch[BackwardWeights]
	used := floatBytes * uint64(k.winogradScratch(heads))
	duBytes := floatBytes * uint64(plan.floats(k.lanes))
	if used+duBytes > scratch.Size {
		b.fail(fmt.Errorf("%s: %w: needs %d bytes of scratch, there are %d", name, ErrShape, used+duBytes, scratch.Size))
		return
	}
	du := gpu.Range{Buffer: scratch.Buffer, Offset: scratch.Offset + used, Size: duBytes}
	tiles := b.table(name+" weight tiles", plan.tiles)
	rest := du
	for i, run := range k.winogradRuns(heads) {
		part := rest
		part.Size = floatBytes * uint64(plan.splits[i]*plan.sumFloats(k.lanes))
		b.winogradGradientProduct(name, c, plan, run, plan.splits[i], tiles, part)
		rest.Offset, rest.Size = rest.Offset+part.Size, rest.Size-part.Size
	}

	final := gpu.Op{Name: name + " back", Workgroups: len(plan.tiles) * plan.shape.tiles, Reads: []gpu.Range{du}, Writes: []gpu.Range{g}, Bytes: float64(duBytes)}
	b.dispatchAs(k.lanes, plan.shape.wide, "winograd_gradient", final, winogradGradientPush{
		Tiles: tiles, DU: address(du), G: address(g),
		Groups: uint32(final.Workgroups), TileCount: uint32(len(plan.tiles)), Splits: uint32(plan.sums()), InMaps: uint32(c.In.Total()),
	}, plan.shape.outs, plan.shape.tiles)
}

// winogradGradientProduct records the transforms of X and Y of a run of images, and their products: the partial sums du.
func (b *Builder) winogradGradientProduct(name string, c Conv, plan winogradGradientPlan, run winogradRun, splits int, tiles uint64, du gpu.Range) {
	p := b.winogradPass(c, BackwardWeights, run.heads)
	b.winogradTransform(name+" tiles", p, run.heads, false)
	b.winogradTransform(name+" gradient tiles", p, run.heads, true)

	product := gpu.Op{Name: name + " product", Workgroups: winogradPositions * splits * len(plan.tiles), Writes: []gpu.Range{du}}
	for i, h := range run.heads {
		product.Reads = append(product.Reads, p.v[i], p.m[i])
		product.FLOPs += c.flops(h)
	}
	in, out := b.bounds(c)
	b.dispatch("winograd_gradient_product"+plan.shape.form(), product, winogradGradientProductPush{
		Heads: b.table(product.Name, p.entries), Tiles: tiles, DU: address(du),
		Groups: uint32(product.Workgroups), HeadCount: uint32(len(run.heads)), TileCount: uint32(len(plan.tiles)), Splits: uint32(splits),
		InBounds: in, OutBounds: out,
	}, plan.shape.outs, plan.shape.tiles, plan.shape.depth)
}
