package layers

import "github.com/dvn-vk/dvn-vk/gpu"

// LossScale is what the losses' gradients are multiplied by, so that small ones are not lost in halves, and what became of
// it. It lives on the device as shaders/loss_scale.glsl declares it, since a recorded step changes it.
type LossScale struct {
	Scale    float32 `json:"scale"`   // a power of two
	Good     uint32  `json:"good"`    // steps since it last changed
	Skipped  uint32  `json:"skipped"` // steps without an update
	Overflow uint32  `json:"-"`       // within a step: some gradient of a weight is not finite
}

// LossScaleWords is the size of a LossScale on the device, in words of 4 bytes.
const LossScaleWords = 4

// The scale's limits, and the steps without an overflow after which it doubles.
const (
	firstLossScale    = 1 << 16
	largestLossScale  = 1 << 24
	lossScaleInterval = 1000
)

// NewLossScale is the scale at the start of training: 1, where it stays, in FP32.
func (k *Kernels) NewLossScale() LossScale {
	if k.precision == FP16 {
		return LossScale{Scale: firstLossScale}
	}
	return LossScale{Scale: 1}
}

type lossScaleCheckPush struct {
	Segments, G, Scale   uint64
	Groups, SegmentCount uint32
}

type lossScaleUpdatePush struct{ Scale uint64 }

// CheckGradients records the search for gradients g of what trains that are not finite, which SGD then leaves be.
func (b *Builder) CheckGradients(segments []Segment, g, scale gpu.Range) {
	op := gpu.Op{Name: "loss scale check", Reads: []gpu.Range{g, scale}, Writes: []gpu.Range{scale}}
	table := b.segments(segments, &op, 4)
	b.dispatch("loss_scale_check", op, lossScaleCheckPush{table, address(g), address(scale), uint32(op.Workgroups), uint32(len(segments))})
}

// UpdateLossScale records the end of a step: after an overflow the scale halves, down to 1, and the step counts as skipped;
// after many without one it doubles.
func (b *Builder) UpdateLossScale(scale gpu.Range) {
	op := gpu.Op{Name: "loss scale update", Workgroups: 1, Reads: []gpu.Range{scale}, Writes: []gpu.Range{scale}}
	b.dispatch("loss_scale_update", op, lossScaleUpdatePush{address(scale)}, lossScaleInterval, largestLossScale)
}
