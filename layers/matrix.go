package layers

import "github.com/dvn-vk/dvn-vk/gpu"

// matrixTiles lists the tiles of matrix that a device can run: those that its matrix units, threads and shared memory allow.
// The passes are gemm's (gemm.go), operands are rounded to 16-bit floats, sums have 32 bits.
func matrixTiles(k *Kernels, p Pass) []productTile {
	const all = 1 << 16
	shapes := k.matrixShapes()
	if len(shapes) == 0 {
		return nil
	}
	// Of a subgroup: 8 for each workgroup, 4 where a subgroup has many lanes.
	type size struct{ maps, pixels, ofMaps, ofPixels int }
	sizes := []size{{64, 128, 32, 32}, {64, 32, 16, 16}}
	if p == BackwardWeights {
		sizes = []size{{64, 64, 16, 32}}
	}
	if k.lanes >= 64 {
		sizes = []size{{64, 128, 32, 64}, {64, 32, 32, 16}}
		if p == BackwardWeights {
			sizes = []size{{64, 64, 32, 32}}
		}
	}
	const depth = 32
	var tiles []productTile
	for _, s := range sizes {
		m, ok := matrixShape(shapes, s.ofMaps, s.ofPixels, depth)
		subgroups := s.maps / s.ofMaps * s.pixels / s.ofPixels
		if !ok || subgroups*k.lanes < s.maps/2 { // a pair of maps for each thread at least
			continue
		}
		tiles = append(tiles, productTile{
			maps: s.maps, pixels: s.pixels, depth: depth, threads: subgroups * k.lanes, most: all,
			product: []int{k.lanes, m.M, m.N, m.K, s.ofMaps, s.ofPixels},
			shared:  matrixShared(s.maps, s.pixels, depth) + 4*subgroups*m.M*m.N,
		})
	}
	return k.fitting(tiles)
}

// matrixShapes are the products of the device's matrix units that kernels can use.
func (k *Kernels) matrixShapes() []gpu.MatrixShape {
	f := k.Device.Info.Features
	if !f.CooperativeMatrix || !f.Float16 || !f.SubgroupControl {
		return nil
	}
	if k.lanes > 8 && k.Device.Info.LavapipeMajor() > 0 { // Mesa 26.2.6 ends the process
		return nil
	}
	return k.Device.Info.Limits.MatrixShapes
}

// matrixShared is no less than the bytes of two operands, whichever way they lie: rows are 8 halves longer than they need be.
func matrixShared(maps, pixels, depth int) int {
	const halfBytes, pad = 2, 8
	return halfBytes * (depth + pad) * (maps + pad + pixels + pad)
}

// matrixShape is the largest product of the device that a subgroup's tile is made of: M divides its pixels, N its maps, K the
// depth of a step.
func matrixShape(shapes []gpu.MatrixShape, maps, pixels, depth int) (best gpu.MatrixShape, ok bool) {
	for _, s := range shapes {
		if pixels%s.M == 0 && maps%s.N == 0 && depth%s.K == 0 && s.M*s.N*s.K > best.M*best.N*best.K {
			best, ok = s, true
		}
	}
	return best, ok
}
