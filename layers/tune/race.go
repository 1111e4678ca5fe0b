package tune

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/dvn-vk/dvn-vk/layers"
)

// How candidates are timed.
const (
	timedRun    = 25 * time.Millisecond // of the direct kernels
	timedFloats = 32 << 20              // of the tensors
	fewRounds   = 3                     // in which they run in turn, and
	mostRounds  = 12                    // until the ranking is clear. A candidate drops out that is
	farBehind   = 4                     // times slower than the fastest in the first rounds, or
	behind      = 1.2                   // times later
)

// race times candidates that are right, in turn, at a batch of the case's own proportions that takes the direct kernels about
// timedRun. What it runs is compared with the reference once more: many images may be split otherwise than few.
func (m measurement) race(ctx context.Context, r *Result, trials []trial) ([]trial, error) {
	o := operands{timed(r.Case, trials), m.block}
	s, err := m.bed.open(o)
	if err != nil {
		return nil, fmt.Errorf("%s, %s: %w", r.Case.Conv.Name, r.Case.Pass, err)
	}
	defer s.close()
	e, weigh := newExpectation(o), o.weigh(r.Case)
	for i := range trials {
		if m.late() {
			return nil, errLate
		}
		if err := m.warm(s, &e, &trials[i], weigh); err != nil {
			if err := m.refuse(r, trials[i], err); err != nil {
				return nil, err
			}
		}
	}
	trials = r.without(trials)
	if err := m.rounds(ctx, r, s, trials, weigh); err != nil {
		return nil, err
	}
	return r.without(trials), nil
}

// without are the trials that were not refused.
func (r *Result) without(trials []trial) []trial {
	return slices.DeleteFunc(trials, func(t trial) bool { return r.refused(t.variant) })
}

// warm runs a candidate at the batch of the race for the first time, and judges what comes out.
func (m measurement) warm(s site, e *expectation, t *trial, weigh func(lap) float64) error {
	output, l, err := fresh(s, t.variant)
	if err != nil {
		return err
	}
	parts, err := e.judge(output, t.variant)
	if err != nil {
		return err
	}
	t.parts, t.best = max(t.parts, parts), lap{}
	t.took(l, weigh)
	return nil
}

// timed is the case at the batch that candidates are timed with; the direct kernels come first.
func timed(c layers.ConvCase, trials []trial) layers.ConvCase {
	tensors := 0
	for _, h := range c.Heads {
		tensors += h.X.Len() + h.Y.Len()
	}
	part := min(1, timedRun.Seconds()/trials[0].seconds, timedFloats/float64(tensors))
	return c.Resized(func(n int) int { return max(int(part*float64(n)), min(n, checkImages)) })
}

// rounds runs the candidates in turn until the ranking is clear.
func (m measurement) rounds(ctx context.Context, r *Result, s site, trials []trial, weigh func(lap) float64) error {
	for round := range mostRounds {
		inReach, limit := 0, reach(trials, round)
		for i := range trials {
			t := &trials[i]
			if r.refused(t.variant) || t.seconds > limit {
				continue
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			if m.late() {
				if round < fewRounds {
					return errLate
				}
				return nil
			}
			inReach++
			l, err := s.run(t.variant)
			if err == nil {
				t.took(l, weigh)
			} else if err := m.refuse(r, *t, err); err != nil {
				return err
			}
		}
		if round >= fewRounds && inReach == 1 {
			return nil
		}
	}
	return nil
}

// reach is the time from which a candidate has dropped out.
func reach(trials []trial, round int) float64 {
	fastest := math.Inf(1)
	for _, t := range trials {
		fastest = min(fastest, t.seconds)
	}
	if round < fewRounds {
		return farBehind * fastest
	}
	return behind * fastest
}
