package conformance

import (
	"fmt"
	"math"

	"github.com/dvn-vk/dvn-vk/layers"
)

// Tolerances. A device rounds every operation to 24 bits, u = 2^-24 relative, and may add up in any order, with or without
// fused multiply-adds. Every number is judged by its error relative to its magnitude, the sum of the absolute values of the
// terms that make it up: what cancels in the result does not cancel in the rounding. A sum of n terms may then err by n u;
// rounding errors have random signs, so sqrt(n) u is what it comes to (Higham, Accuracy and Stability of Numerical
// Algorithms, 4.2). Allowed is
//
//	u (roundings + 2 sqrt(n))
//
// where roundings counts the operations beside the sum. Magnitudes of numbers that are not plain sums:
//
//   - variance: var sqrt(1 + mean^2/var), the conditioning of a variance (Chan, Golub and LeVeque, 1983): a kernel that adds
//     up squares errs by its square, and fails the cases with a large mean;
//   - what hangs on it (1/deviation, scale, shift): derivatives times the magnitudes of mean and variance;
//   - exponentials: Vulkan allows exp 3 + 2|x| units in the last place (2 u each), so softmax has its value times
//     1 + |z_c| + sum q_k |z_k|, z relative to the largest; log may err by 2^-21 near 1, hence a term 1. A division may err by
//     2.5 units, a square root by the sum of an inverse root's 2 and a division's.
//
// Activations in halves are drawn as halves, and a kernel's result may be rounded once more when it is stored, to the nearest
// half: that is all that is allowed in addition (StoredRounding).
const unit = 1.0 / (1 << 24)

// Roundings beside a sum.
const (
	plain       = 4  // products, a bias, the last rounding
	composed    = 20 // a few operations in a row, a square root and divisions among them
	exponential = 24 // softmax and its kin
)

// StoredRounding is the largest error of rounding numbers up to got or want to what a precision stores, beside the rounding of
// float32 arithmetic, which Allowed has in it.
func StoredRounding(p layers.Precision, got, want float64) float64 {
	if p != layers.FP16 {
		return 0
	}
	_, exponent := math.Frexp(max(math.Abs(got), math.Abs(want))) // both < 2^exponent, and halves have 11 bits
	return math.Ldexp(1, max(exponent-12, -25))
}

// tiny is added to magnitudes: devices may take numbers below 2^-126 for 0.
const tiny = 1e-30

func allowed(roundings, terms int) float64 {
	return unit * (float64(roundings) + 2*math.Sqrt(float64(terms)))
}

// check is a tensor that a case writes: numbers k lie at[k] in memory.
type check struct {
	what            string // the case
	name            string // the tensor
	shape           []int  // nil: some numbers of a vector
	start           int    // of the tensor in memory
	halves          bool   // the numbers are halves, and at counts such
	at              []int
	want, magnitude []float64
	allowed         float64
}

// place is the index of number k in its tensor.
func (c *check) place(k int) []int {
	if c.shape == nil {
		return []int{c.at[k] - c.start}
	}
	place := make([]int, len(c.shape))
	for axis := len(c.shape) - 1; axis >= 0; axis-- {
		place[axis] = k % c.shape[axis]
		k /= c.shape[axis]
	}
	return place
}

// number is what lies at a place.
func (c *check) number(memory []float32, at int) float64 {
	if c.halves {
		return float64(layers.FromHalf(uint16(math.Float32bits(memory[at/2]) >> (at % 2 * 16))))
	}
	return float64(memory[at])
}

// tally is a result in the making.
type tally struct {
	Result
	closeness float64 // of the worst error: in tolerances
}

// judge takes what a device wrote into account.
func (t *tally) judge(c *check, memory []float32) {
	for k, at := range c.at {
		got, allowed := c.number(memory, at), c.allowed
		if c.halves {
			allowed += StoredRounding(layers.FP16, got, c.want[k]) / (c.magnitude[k] + tiny)
		}
		err := math.Abs(got-c.want[k]) / (c.magnitude[k] + tiny)
		if math.IsNaN(err) || math.IsInf(err, 0) {
			err = math.MaxFloat64
		}
		t.OK = t.OK && err <= allowed
		if closeness := err / allowed; closeness > t.closeness {
			t.closeness, t.WorstError = closeness, err
			t.Worst = fmt.Sprintf("%s: %s%v is %g, the reference says %g: error %.2g, allowed %.2g", c.what, c.name, c.place(k), got, c.want[k], err, allowed)
		}
	}
}

// overwritten notes that a case's memory changed where nothing was to be written.
func (t *tally) overwritten(what, where string, got float32) {
	t.OK, t.closeness, t.WorstError = false, math.Inf(1), math.MaxFloat64
	t.Worst = fmt.Sprintf("%s: %s was overwritten with %g", what, where, got)
}
