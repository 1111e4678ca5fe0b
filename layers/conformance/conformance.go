// Package conformance compares every operation of package layers, forward and backward, on a device with its reference, over
// a fixed grid of random cases: shapes, units, heads, strides. Tests and the program's verify --ops run the same cases.
// It knows nothing of networks: those are compared with fixtures elsewhere.
package conformance

import (
	"context"
	"errors"
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
	op      string
	cases   int
	variant layers.Variant // forced on the case's convolutions; empty for other operations
	halves  bool           // numbers are exact as 16-bit floats
	// make draws case t.index, lays out its tensors, records the operation and says what must come out.
	make func(t *trial)
}

func families() []family {
	all := slices.Concat(
		variantFamilies("conv", layers.Flat, 180, plain), throughFamilies("conv", layers.Flat, 30, plain),
		variantFamilies("Winograd", layers.Winograd, 60, winogradRoundings), throughFamilies("Winograd", layers.Winograd, 45, winogradRoundings),
		variantFamilies("gemm", layers.Gemm, 45, plain),
		matrixFamilies(45),
	)
	all = append(all, []family{
		{op: "batch-norm statistics", cases: 90, make: normStatistics},
		{op: "batch-norm evaluation", cases: 35, make: normEvaluation},
		{op: "batch-norm apply", cases: 70, make: normApply},
		{op: "batch-norm backward sums", cases: 70, make: normBackwardSums},
		{op: "batch-norm backward apply", cases: 70, make: normBackwardApply},
		{op: "batch-norm shared statistics", cases: 35, make: normSharedRunning},
		{op: "batch-norm shared gradients", cases: 35, make: normSharedGradients},
		{op: "shortcut backward", cases: 70, make: shortcutBackward},
		{op: "pool forward", cases: 35, make: poolForward},
		{op: "pool backward", cases: 35, make: poolBackward},
		{op: "sum over heads", cases: 35, make: headSum},
		{op: "dense forward", cases: 70, make: denseForward},
		{op: "dense backward data", cases: 70, make: denseBackwardData},
		{op: "dense backward weights", cases: 70, make: denseBackwardWeights},
		{op: "cross entropy", cases: 70, make: crossEntropy},
		{op: "distillation", cases: 70, make: distillation},
		{op: "sgd", cases: 70, make: sgd},
	}...)
	return append(all, wholeFamilies(45)...) // at the end: a family's place decides its cases
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
	kernels, err := kernelsOf(d, o.precision, all)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(slices.Clone(all), func(f family) bool { return kernels[f.variant] == nil })
	m, err := newMemory(d, kernels[""].Precision())
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
		b := kernels[""].NewBuilder()
		for ; done < len(cases) && m.hasRoom(); done++ {
			c := cases[done]
			m.begin(&tallies[c.family])
			f := all[c.family]
			f.make(newTrial(c, f, m, kernels[f.variant], b))
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

// kernelsOf gives the kernels for every variant that is forced on a family, none where the device cannot run it, and those
// for the rest.
func kernelsOf(d *gpu.Device, p layers.Precision, all []family) (map[layers.Variant]*layers.Kernels, error) {
	rest, err := layers.NewKernels(d, p)
	if err != nil {
		return nil, err
	}
	kernels := map[layers.Variant]*layers.Kernels{"": rest}
	for _, f := range all {
		if kernels[f.variant] != nil {
			continue
		}
		k, err := layers.NewKernelsOf(d, layers.Selection{Variant: f.variant, Precision: p})
		if errors.Is(err, layers.ErrVariant) {
			continue
		}
		if err != nil {
			return nil, err
		}
		kernels[f.variant] = k
	}
	return kernels, nil
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
