package layers

import "fmt"

// productTile is what a workgroup computes of a product of matrices: maps x pixels sums, which walk their depth in steps. Of
// a weight gradient maps are outputs, and pixels taps x inputs.
type productTile struct {
	maps, pixels, depth int
	threads             int
	product             []int // the product's own constants: shaders/gemm.glsl, matrix.glsl
	shared              int   // bytes
	// The tile is the default from least to most maps, if the dispatch has tiles for every core; the last one is for the rest.
	least, most int
}

// gpuCores is taken for the number of a GPU's cores (compute units, streaming multiprocessors), which Vulkan does not tell.
const gpuCores = 32

// fullTiles is the number of tiles that fill a GPU: two for a core.
const fullTiles = 2 * gpuCores

func (t productTile) String() string { return fmt.Sprintf("%dx%dx%d", t.maps, t.pixels, t.depth) }

// constants are those of every shader of the families, behind the number of threads.
func (t productTile) constants(c Conv) []int {
	return append([]int{t.maps, t.pixels, t.depth, c.Stride, c.Kernel}, t.product...)
}

// cover is the number of tiles of maps x pixels sums.
func (t productTile) cover(maps, pixels int) int {
	return ceilDiv(maps, t.maps) * ceilDiv(pixels, t.pixels)
}

// gemmTiles lists the tiles of gemm that a device has the threads and the shared memory for.
func gemmTiles(k *Kernels, p Pass) []productTile {
	const all = 1 << 16
	tiles := []productTile{
		gemmTile(128, 128, 16, 8, 8, 65, all),
		gemmTile(32, 256, 16, 8, 4, 0, 32),
		gemmTile(64, 128, 16, 8, 4, 0, all),
		gemmTile(64, 32, 32, 4, 4, 0, all), // fits every device of Vulkan
	}
	if p == BackwardWeights {
		tiles = []productTile{gemmTile(128, 128, 16, 8, 8, 256, all), gemmTile(64, 64, 16, 4, 4, 0, all)}
	}
	return k.fitting(tiles)
}

// gemmTile is a tile of which a thread owns ownMaps x ownPixels sums.
func gemmTile(maps, pixels, depth, ownMaps, ownPixels, least, most int) productTile {
	const pad = 4
	return productTile{
		maps: maps, pixels: pixels, depth: depth, threads: maps / ownMaps * pixels / ownPixels, product: []int{ownMaps, ownPixels},
		shared: floatBytes * depth * (maps + pad + pixels + pad), least: least, most: most,
	}
}

// fitting are the tiles within the device's limits.
func (k *Kernels) fitting(tiles []productTile) (fit []productTile) {
	limits := k.Device.Info.Limits
	for _, t := range tiles {
		if t.threads <= limits.WorkgroupInvocations && t.shared <= limits.SharedMemory {
			fit = append(fit, t)
		}
	}
	return fit
}

func (f tiledFamily) variant(t productTile) Variant { return f.name + ":" + Variant(t.String()) }

// tile is the tile of the variant by which a convolution runs a pass.
func (f tiledFamily) tile(k *Kernels, p Pass, c Conv) productTile {
	for _, t := range f.tiles(k, p) {
		if f.variant(t) == c.Variants[p] {
			return t
		}
	}
	panic(fmt.Sprintf("layers: %s: %s of %s by %q, which is none of its candidates", k.Device.Info.Name, p, c.Name, c.Variants[p]))
}

// defaultTile is the index of the tile that is taken where nobody has measured: the first whose range holds the maps of the
// widest head (of a weight gradient the maps of the narrower side) and that comes often enough to fill a GPU, else the last.
func defaultTile(tiles []productTile, p Pass, c Conv, heads []ConvHead) int {
	for i, t := range tiles {
		maps, count := c.tiled(p, t, heads)
		if maps >= t.least && maps <= t.most && count >= fullTiles {
			return i
		}
	}
	return len(tiles) - 1
}

// tiled is what the rule of defaultTile looks at: the maps, and the number of tiles of the whole dispatch.
func (c Conv) tiled(p Pass, t productTile, heads []ConvHead) (maps, count int) {
	if p == BackwardWeights { // splits fill the device
		return min(c.In.Total(), c.Out.Total()), fullTiles
	}
	for _, h := range heads {
		if p == Forward {
			maps, count = max(maps, h.Y.Maps), count+t.cover(h.Y.Maps, c.forwardPixels(h))
		} else {
			maps, count = max(maps, h.X.Maps), count+c.backwardTiles(t, h)
		}
	}
	return maps, count
}

func (c Conv) forwardPixels(h ConvHead) int { return h.X.Images * c.OutSize() * c.OutSize() }

// backwardTiles counts the tiles of a head's gradient of the input: one product for each parity of row and column, since
// pixels of one parity meet the same taps (shaders/gemm_backward_data.glsl).
func (c Conv) backwardTiles(t productTile, h ConvHead) (tiles int) {
	for y := range c.Stride {
		for x := range c.Stride {
			tiles += t.cover(h.X.Maps, h.X.Images*c.ofParity(y)*c.ofParity(x))
		}
	}
	return tiles
}

// ofParity is the number of rows of the input that are parity modulo the stride.
func (c Conv) ofParity(parity int) int { return (c.InSize - parity + c.Stride - 1) / c.Stride }
