package tune

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// worthwhile is the part of the time of the variant that suits the device, for less than which that one stays.
const worthwhile = 0.97

// ErrUnusable says that not even the direct kernels compute what they must on a device.
var ErrUnusable = errors.New("the direct kernels cannot be used on this device")

// errLate says that the time was over before a case was decided.
var errLate = errors.New("no time left")

// measurement tries the candidates of cases on a bed until its time is over.
type measurement struct {
	bed     bed
	block   []float32
	late    func() bool
	message func(text string)
}

// trial is a candidate that is right so far.
type trial struct {
	variant layers.Variant
	parts   float64 // its largest error, of what is allowed
	best    lap     // shortest times
	seconds float64 // from them, of the case at its own batch
}

// decide checks the candidates of a case and times those that are right against each other. r may know of variants over which
// the device was lost before. It is errLate where the time ends first, else an error ends all tuning.
func (m measurement) decide(ctx context.Context, r *Result) error {
	trials, err := m.check(ctx, r)
	if err == nil && len(trials) > 1 {
		trials, err = m.race(ctx, r, trials)
	}
	preferred := m.bed.preferred(r.Case)
	if errors.Is(err, errLate) {
		r.Winner, r.Source = r.instead(preferred), Default
	}
	if err != nil {
		return err
	}
	slices.SortFunc(trials, func(a, b trial) int { return cmp.Compare(a.seconds, b.seconds) })
	r.Winner, r.Source = trials[0].variant, Measured
	var right []Candidate
	for _, t := range trials {
		right = append(right, t.candidate(r.Case))
		if t.variant == preferred && worthwhile*t.seconds <= trials[0].seconds {
			r.Winner = preferred
		}
	}
	r.Candidates = append(right, r.Candidates...)
	return nil
}

func (t trial) candidate(c layers.ConvCase) Candidate {
	candidate := Candidate{Variant: t.variant, Error: t.parts}
	if t.seconds > 0 {
		candidate.MS, candidate.GFLOPS = 1e3*t.seconds, c.FLOPs()/t.seconds/1e9
	}
	return candidate
}

// instead is the variant that suits the device, or the direct kernels where that one was refused.
func (r *Result) instead(preferred layers.Variant) layers.Variant {
	if r.refused(preferred) {
		return layers.Flat
	}
	return preferred
}

func (r *Result) refused(v layers.Variant) bool {
	return slices.ContainsFunc(r.Candidates, func(c Candidate) bool { return c.Variant == v && c.Refused != "" })
}

// refuse notes why a candidate cannot win. Errors that end more than the candidate come back.
func (m measurement) refuse(r *Result, t trial, why error) error {
	switch {
	case errors.Is(why, errLate), errors.Is(why, context.Canceled), errors.Is(why, context.DeadlineExceeded):
		return why
	case t.variant == layers.Flat:
		return fmt.Errorf("%w: %s, %s: %w; see dvn-vk verify --ops, and try another driver", ErrUnusable, r.Case.Conv.Name, r.Case.Pass, why)
	}
	c := t.candidate(r.Case)
	c.Refused, c.Lost = why.Error(), errors.Is(why, gpu.ErrDeviceLost)
	r.Candidates = append(r.Candidates, c)
	if c.Lost {
		return fmt.Errorf("%s, %s by %s: %w; the next start leaves this variant out", r.Case.Conv.Name, r.Case.Pass, t.variant, why)
	}
	if !errors.Is(why, errHopeless) {
		m.message(fmt.Sprintf("%s, %s: %s is left out: %v", r.Case.Conv.Name, r.Case.Pass, t.variant, why))
	}
	return nil
}
