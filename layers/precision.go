package layers

import (
	"fmt"

	"github.com/dvn-vk/dvn-vk/gpu"
)

// Precision says how activations, their gradients, and weights as convolutions read them lie in memory. Everything else is
// float32 in both: the one weight buffer, gradients of weights, momentum, batch-norm, logits, losses, and all arithmetic.
type Precision string

// Precisions of a network; the empty one is FP32.
const (
	FP32 Precision = "fp32"
	FP16 Precision = "fp16" // IEEE 754 binary16; what is too large becomes infinite
)

// Precisions lists all.
func Precisions() []Precision { return []Precision{FP32, FP16} }

// Bytes is the size of one activation.
func (p Precision) Bytes() int {
	if p == FP16 {
		return 2
	}
	return 4
}

// checkPrecision says what a device lacks of a precision, and what to take instead.
func checkPrecision(d *gpu.Device, p Precision) error {
	if p == FP16 && !d.Info.Features.Storage16 {
		return fmt.Errorf("precision %s: %s lacks 16-bit storage (storageBuffer16BitAccess), or it is switched off: take --precision %s", p, d.Info.Name, FP32)
	}
	return nil
}
