package layers

import (
	"encoding/binary"
	"fmt"
	"math"

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

// Encode lays numbers out as they lie in a device's memory, rounded to the precision.
func (p Precision) Encode(numbers []float32) []byte {
	data := make([]byte, 0, p.Bytes()*len(numbers))
	for _, v := range numbers {
		if p == FP16 {
			data = binary.LittleEndian.AppendUint16(data, ToHalf(v))
		} else {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
		}
	}
	return data
}

// Decode is the numbers of a device's memory.
func (p Precision) Decode(data []byte) []float32 {
	numbers := make([]float32, len(data)/p.Bytes())
	for i := range numbers {
		if p == FP16 {
			numbers[i] = FromHalf(binary.LittleEndian.Uint16(data[2*i:]))
		} else {
			numbers[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
		}
	}
	return numbers
}

// checkPrecision says what a device lacks of a precision, and what to take instead.
func checkPrecision(d *gpu.Device, p Precision) error {
	if p == FP16 && !d.Info.Features.Storage16 {
		return fmt.Errorf("precision %s: %s lacks 16-bit storage (storageBuffer16BitAccess), or it is switched off: take --precision %s", p, d.Info.Name, FP32)
	}
	return nil
}
