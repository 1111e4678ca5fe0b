package tune

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/dvn-vk/dvn-vk/layers"
)

// How candidates are checked.
const (
	checkImages = 2  // of a head
	replays     = 20 // all with the same bits
	fewReplays  = 3  // for an estimate of the time, by which a candidate is
	hopeless    = 20 // times slower than another: it is spared the other replays. Few images do large tiles wrong
)

// errHopeless says that the rest of a check was spared.
var errHopeless = fmt.Errorf("more than %d times slower than another", hopeless)

// check returns the candidates that are right: within the reference's tolerance, equal to the direct kernels within theirs
// everywhere, and the same to the bit in every replay. The batch is small; units, sizes and strides are the case's own.
func (m measurement) check(ctx context.Context, r *Result) ([]trial, error) {
	if m.late() {
		return nil, errLate
	}
	o := operands{r.Case.Resized(func(n int) int { return min(n, checkImages) }), m.block}
	s, err := m.bed.open(o)
	if err != nil {
		return nil, fmt.Errorf("%s, %s: %w", r.Case.Conv.Name, r.Case.Pass, err)
	}
	defer s.close()
	var trials []trial
	e := newExpectation(o)
	for _, v := range m.flatFirst(r) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		t := trial{variant: v}
		var err error
		if v != layers.Flat { // its needs are those of the network itself
			err = m.bed.fits(r.Case, v)
		}
		if err == nil {
			err = m.examine(s, &e, &t, o.weigh(r.Case), trials)
		}
		if err == nil {
			trials = append(trials, t)
		} else if err := m.refuse(r, t, err); err != nil {
			return nil, err
		}
	}
	return trials, nil
}

// flatFirst lists the candidates that may be tried; the others are compared with the direct kernels.
func (m measurement) flatFirst(r *Result) []layers.Variant {
	variants := []layers.Variant{layers.Flat}
	for _, v := range m.bed.candidates(r.Case) {
		if v != layers.Flat && !r.refused(v) {
			variants = append(variants, v)
		}
	}
	return variants
}

// weigh makes seconds of a whole case from the times of its smaller batch.
func (o operands) weigh(whole layers.ConvCase) func(lap) float64 {
	scale := whole.FLOPs() / o.FLOPs()
	return func(l lap) float64 {
		seconds := scale * l.pass.Seconds()
		if !whole.FixedWeights {
			seconds += l.preparation.Seconds()
		}
		return max(seconds, 1e-9)
	}
}

// examine replays a candidate; hopeless ones are spared the rest once their output is known to be right.
func (m measurement) examine(s site, e *expectation, t *trial, weigh func(lap) float64, others []trial) error {
	var first []float32
	for i := range replays {
		if m.late() {
			return errLate
		}
		output, l, err := fresh(s, t.variant)
		if err != nil {
			return err
		}
		if i == 0 {
			first = output
			if t.parts, err = e.judge(output, t.variant); err != nil {
				return err
			}
		} else if k := differs(first, output); k >= 0 {
			return fmt.Errorf("not the same each time: number %d of its output is %g, and in replay %d it is %g", k, first[k], i, output[k])
		}
		t.took(l, weigh)
		slow := func(other trial) bool { return t.seconds > hopeless*other.seconds }
		if i+1 >= fewReplays && slices.ContainsFunc(others, slow) {
			return errHopeless
		}
	}
	return nil
}

// took notes the time of a run.
func (t *trial) took(l lap, weigh func(lap) float64) {
	if t.best == (lap{}) {
		t.best = l
	}
	t.best = lap{min(t.best.preparation, l.preparation), min(t.best.pass, l.pass)}
	t.seconds = weigh(t.best)
}

// fresh is the output of a run that finds NaN where it must write.
func fresh(s site, v layers.Variant) ([]float32, lap, error) {
	if err := s.poison(); err != nil {
		return nil, lap{}, err
	}
	l, err := s.run(v)
	if err != nil {
		return nil, lap{}, err
	}
	output, err := s.output()
	return output, l, err
}

// differs is the first number whose bits are not the same, -1 for none.
func differs(a, b []float32) int {
	for k := range a {
		if math.Float32bits(a[k]) != math.Float32bits(b[k]) {
			return k
		}
	}
	return -1
}
