package tune

import (
	"fmt"
	"math"

	"github.com/dvn-vk/dvn-vk/layers"
	"github.com/dvn-vk/dvn-vk/layers/conformance"
)

// expectation is what an output must be: the reference's numbers at the samples, and everywhere else what the direct kernels,
// which are judged first, made of it.
type expectation struct {
	samples []sample
	written layers.Precision
	flat    []float32
}

func newExpectation(o operands) expectation {
	return expectation{samples: o.samples(), written: o.written()}
}

// tiny stands for the error of numbers without terms, which are 0: 1x1 kernels skip pixels, and corners see few taps.
const tiny = 1e-30

// judge returns the largest error of an output in parts of what the variant is allowed, or what is wrong with it.
func (e *expectation) judge(output []float32, v layers.Variant) (parts float64, err error) {
	largest, loosest := 0.0, 0.0
	for _, s := range e.samples {
		allowed := conformance.Allowed(v, s.terms)
		largest, loosest = max(largest, s.magnitude), max(loosest, allowed)
		got := float64(output[s.at])
		part := math.Abs(got-s.want) / (s.magnitude*allowed + conformance.StoredRounding(e.written, got, s.want) + tiny)
		if !(part <= 1) {
			return 0, fmt.Errorf("wrong: %s is %g, the reference says %g", s.where, got, s.want)
		}
		parts = max(parts, part)
	}
	if e.flat == nil {
		e.flat = output
	}
	// Numbers have about the same magnitude: twice the largest of the samples bounds it, two variants may err each their way.
	bound := 2 * 2 * largest * loosest
	for k, want := range e.flat {
		got, want := float64(output[k]), float64(want)
		same := got != got && want != want // neither wrote it: a halo, or weights that do not train
		if !same && !(math.Abs(got-want) <= bound+2*conformance.StoredRounding(e.written, got, want)) {
			return 0, fmt.Errorf("wrong: number %d of its output is %g, the direct kernels say %g", k, got, want)
		}
	}
	return parts, nil
}
