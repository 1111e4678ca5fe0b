package layers

import (
	"math"

	"github.com/dvn-vk/dvn-vk/gpu"
)

// ToHalf rounds to the nearest binary16, ties to even, as the kernels store: from 65520 on it is infinite.
func ToHalf(v float32) uint16 {
	bits := math.Float32bits(v)
	sign := uint16(bits >> 16 & 0x8000)
	switch bits &= 0x7fffffff; {
	case bits > 0x7f800000: // NaN
		return sign | 0x7e00
	case bits >= 0x477ff000: // 65520
		return sign | 0x7c00
	case bits < 0x38800000: // 2^-14: below it halves are multiples of 2^-24, and so are floats from 0.5 to 1
		return sign | uint16(math.Float32bits(math.Float32frombits(bits)+0.5)-math.Float32bits(0.5))
	}
	bits += 0xfff + bits>>13&1
	return sign | uint16((bits-112<<23)>>13)
}

// FromHalf is the number of a binary16.
func FromHalf(h uint16) float32 {
	sign, exponent, mantissa := uint32(h&0x8000)<<16, uint32(h>>10&0x1f), uint32(h&0x3ff)
	switch exponent {
	case 0:
		return math.Float32frombits(sign | math.Float32bits(float32(mantissa)/(1<<24)))
	case 0x1f:
		return math.Float32frombits(sign | 0x7f800000 | mantissa<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | mantissa<<13)
}

// As shaders/weights_half.comp declares it.
type halfWeights struct {
	From, To      uint64
	Floats, First uint32
}

type weightsHalfPush struct {
	Table              uint64
	Groups, LayerCount uint32
}

// halfWeightsEach is how many weights a lane rounds.
const halfWeightsEach = 8

// HalfWeights is the number of halves of the weights that a pass reads in FP16; 0 where it reads none.
func (k *Kernels) HalfWeights(p Pass, c Conv) int {
	if k.precision != FP16 || p == BackwardWeights || !c.Variants[p].kernels().readsWeights() {
		return 0
	}
	return c.Weights()
}

// halfWeights records the rounding of those convolutions' weights that have room for it.
func (b *Builder) halfWeights(convs []PreparedConv) {
	op := gpu.Op{Name: "weights in halves"}
	var entries []halfWeights
	for _, l := range convs {
		to := l.Conv.Memory.Half
		if to.Buffer == nil {
			continue
		}
		entries = append(entries, halfWeights{From: address(l.W), To: address(to), Floats: uint32(l.Conv.Weights()), First: uint32(op.Workgroups)})
		op.Workgroups += ceilDiv(l.Conv.Weights(), halfWeightsEach*b.kernels.lanes)
		op.Reads, op.Writes = append(op.Reads, l.W), append(op.Writes, to)
		op.Bytes += float64(l.W.Size + to.Size)
	}
	if len(entries) == 0 {
		return
	}
	b.dispatch("weights_half", op, weightsHalfPush{b.table(op.Name, entries), uint32(op.Workgroups), uint32(len(entries))}, halfWeightsEach)
}
