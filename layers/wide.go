package layers

import (
	"slices"

	"github.com/dvn-vk/dvn-vk/gpu"
)

// In the wide form of a kernel the lanes of a workgroup load a row of neighbouring maps behind one address (shaders/rows.glsl).
// It adds up in the same order as the other form, so that bits do not tell them apart.

// vectorLoads tells whether such a row costs less than a load an own lane: lavapipe makes one vector load of it from Mesa 26 on,
// and a gather of each of its floats before. Devices that coalesce the lanes' loads have no use for it.
func vectorLoads(d *gpu.Device) bool { return d.Info.LavapipeMajor() >= 26 && d.Info.Features.Int64 }

// wholeChunks tells whether the wide form can run where all of these counts of maps are whole chunks of what the lanes load.
func (k *Kernels) wholeChunks(chunk int, maps ...int) bool {
	return k.wide && k.precision == FP32 && divides(chunk, maps)
}

// divides tells whether all of these counts of maps are multiples of chunk.
func divides(chunk int, maps []int) bool {
	return !slices.ContainsFunc(maps, func(m int) bool { return m%chunk != 0 })
}
