// Package conformance compares every operation of package layers, forward and backward, on a device with its reference, over
// a fixed grid of random cases: shapes, units, heads, strides. Tests and the program's verify --ops run the same cases.
// It knows nothing of networks: those are compared with fixtures elsewhere.
package conformance

import (
	"context"
	"slices"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// Result is what came out of one operation's cases.
type Result struct {
	Op    string `json:"op"`
	Cases int    `json:"cases"`
	// WorstError is the error that came closest to its tolerance, or went furthest beyond: |got - want| relative to the sum
	// of the absolute terms (see tolerance.go); math.MaxFloat64 where a number was not finite.
	WorstError float64 `json:"worst_error"`
	// OK: every number is within its tolerance, and nothing else in memory has changed by a bit.
	OK    bool   `json:"ok"`
	Worst string `json:"-"` // the case and the number with the worst error
}

// family is an operation and its cases.
type family struct {
	op    string
	cases int
	// make draws case t.index, lays out its tensors, records the operation and says what must come out.
	make func(t *trial)
}

func families() []family {
	all := slices.Concat(variantFamilies("conv", layers.Flat, 180, plain), throughFamilies("conv", layers.Flat, 30, plain),
		variantFamilies("Winograd", layers.Winograd, 60, winogradRoundings), throughFamilies("Winograd", layers.Winograd, 45, winogradRoundings))
	return append(all, []family{
		{"batch-norm statistics", 90, normStatistics},
		{"batch-norm evaluation", 35, normEvaluation},
		{"batch-norm apply", 70, normApply},
		{"batch-norm backward sums", 70, normBackwardSums},
		{"batch-norm backward apply", 70, normBackwardApply},
		{"batch-norm shared statistics", 35, normSharedRunning},
		{"batch-norm shared gradients", 35, normSharedGradients},
		{"shortcut backward", 70, shortcutBackward},
		{"pool forward", 35, poolForward},
		{"pool backward", 35, poolBackward},
		{"sum over heads", 35, headSum},
		{"dense forward", 70, denseForward},
		{"dense backward data", 70, denseBackwardData},
		{"dense backward weights", 70, denseBackwardWeights},
		{"cross entropy", 70, crossEntropy},
		{"distillation", 70, distillation},
		{"sgd", 70, sgd},
	}...)
}

// Run runs all cases on a device in a precision: over a thousand, the same every time. progress, which may be nil, is told how many are
// done. The error is of the device or the context; wrong numbers are in the results.
func Run(ctx context.Context, d *gpu.Device, p layers.Precision, progress func(done, total int)) ([]Result, error) {
	return run(ctx, d, families(), options{precision: p, progress: progress})
}

// options of a run that tests set.
type options struct {
	precision layers.Precision
	progress  func(done, total int)
	only      func(op string, index int) bool // nil: all cases
	after     func(memory []float32) error    // gets what is in memory after every batch; may be nil
}

// run takes the cases in batches that share one list and one piece of memory: a submission costs more than a small case.
func run(ctx context.Context, d *gpu.Device, all []family, o options) ([]Result, error) {
	kernels, err := layers.NewKernels(d, o.precision)
	if err != nil {
		return nil, err
	}
	m, err := newMemory(d, kernels.Precision())
	if err != nil {
		return nil, err
	}
	defer m.close()
	tallies := make([]tally, len(all))
	for i, f := range all {
		tallies[i].Result = Result{Op: f.op, OK: true}
	}
	cases := list(all, o.only)
	for done := 0; done < len(cases); {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		m.clear()
		b := kernels.NewBuilder()
		for ; done < len(cases) && m.hasRoom(); done++ {
			c := cases[done]
			m.begin(&tallies[c.family])
			all[c.family].make(newTrial(c, m, kernels, b))
		}
		got, err := m.run(b)
		if err == nil && o.after != nil {
			err = o.after(got)
		}
		if err != nil {
			return nil, err
		}
		if o.progress != nil {
			o.progress(done, len(cases))
		}
	}
	results := make([]Result, len(tallies))
	for i, t := range tallies {
		results[i] = t.Result
	}
	return results, nil
}

// testCase is case index of a family.
type testCase struct{ family, index int }

func list(all []family, only func(op string, index int) bool) []testCase {
	var cases []testCase
	for i, f := range all {
		for index := range f.cases {
			if only == nil || only(f.op, index) {
				cases = append(cases, testCase{i, index})
			}
		}
	}
	return cases
}
