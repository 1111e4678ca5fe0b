package bench

import (
	"context"

	"github.com/dvn-vk/dvn-vk/gpu"
)

// Infer describes the inference of one task's levels, each loaded and run alone with batch-norm from running statistics, on
// random weights and images.
type Infer struct {
	Backbone string
	Units    []float64 // shares
	Classes  int
	Size     int   // side of the images; the stem's stride follows as in Train
	Batches  []int // each is measured
}

// Run is Levels.Run.
func (i Infer) Run(ctx context.Context, m *Machine) ([]Record, error) { return i.levels().Run(ctx, m) }

func (i Infer) levels() Levels {
	levels := RandomLevels(i.Backbone, i.Units, i.Classes, i.Size)
	levels.Batches = i.Batches
	return levels
}

// memoryInUse is what is allocated on a device.
func memoryInUse(d *gpu.Device) (bytes uint64) {
	for _, n := range d.Usage() {
		bytes += n
	}
	return bytes
}
