package layers

// tile is what one workgroup of a convolution computes, in pixels.
type tile struct{ x, y int }

// forwardTile: 64 sums a lane are what pays for the loads on 8 lanes (docs/kernels.md); small outputs waste less with fewer.
func forwardTile(lanes int, c Conv) tile {
	switch size := c.OutSize(); {
	case c.Stride == 3 || size <= 4 || lanes < 8:
		return tile{4, 4}
	case c.Stride == 2 || lanes > 8:
		return tile{8, 4}
	default:
		return tile{8, 8}
	}
}

// backwardTile: multiples of the stride; a lane has two maps.
func backwardTile(lanes int, c Conv) tile {
	switch {
	case c.Stride == 3:
		return tile{6, 3}
	case c.InSize <= 4 || lanes < 8:
		return tile{4, 4}
	default:
		return tile{8, 4}
	}
}

// weightsOuts is the number of output maps of a weight gradient's tile.
const weightsOuts = 8

// weightsStrip is the width of the strip of pixels that backward-weights walks down the image with.
func weightsStrip(c Conv) int {
	if c.OutSize() <= 4 {
		return 4
	}
	return 8
}
