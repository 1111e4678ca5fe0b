package bench

import (
	"context"
	"time"
)

// Sampling says how much is measured. Everything that is compared runs in turn, so that what changes on the machine meanwhile
// changes all of it: in each round every work once, and again until its part of the duration is over.
type Sampling struct {
	Rounds   int           // at least 1
	Duration time.Duration // of a work's samples over all rounds; 0: one sample a round
}

// DefaultSampling is what is measured where nothing else is said.
func DefaultSampling() Sampling { return Sampling{Rounds: 5, Duration: 3 * time.Second} }

// maxSamples of a work: what is that short needs no more, and every sample is kept.
const maxSamples = 1000

// A work is steady when two runs in a row did not lower its shortest time by steadyChange. The first runs load caches, and
// raise clocks: a warm-up takes at least warmAtLeast and warmRuns. A work that never gets steady stops warming at warmAtMost.
const (
	steadyChange = 0.05
	warmRuns     = 3
	warmAtLeast  = 100 * time.Millisecond
	warmAtMost   = 2 * time.Second
)

// series is what is known of a work's time.
type series struct {
	warmUp  int // runs
	samples []time.Duration
}

// sampler measures with a clock; ran, which may be nil, hears of every part of the work that is done.
type sampler struct {
	Sampling
	now func() time.Time
	ran func(done, total int)
}

// interleave measures works, each in its place.
func (s *sampler) interleave(ctx context.Context, works []func() error) ([]series, error) {
	all := make([]series, len(works))
	done, total := 0, len(works)*(s.Rounds+1)
	report := func() {
		if done++; s.ran != nil {
			s.ran(done, total)
		}
	}
	for i, work := range works {
		n, err := s.warmUp(ctx, work)
		if err != nil {
			return nil, err
		}
		all[i].warmUp = n
		report()
	}
	for range s.Rounds {
		for i, work := range works {
			samples, err := s.round(ctx, work)
			if err != nil {
				return nil, err
			}
			all[i].samples = append(all[i].samples, samples...)
			report()
		}
	}
	return all, nil
}

// warmUp runs a work until it is steady, and counts.
func (s *sampler) warmUp(ctx context.Context, work func() error) (runs int, err error) {
	var spent, shortest time.Duration
	steady := 0
	for runs < warmRuns || spent < warmAtLeast || steady < 2 && spent < warmAtMost {
		took, err := s.time(ctx, work)
		if err != nil {
			return 0, err
		}
		if steady++; runs == 0 || float64(took) < float64(shortest)*(1-steadyChange) {
			steady = 0
		}
		if runs == 0 || took < shortest {
			shortest = took
		}
		spent, runs = spent+took, runs+1
	}
	return runs, nil
}

// round is a work's turn.
func (s *sampler) round(ctx context.Context, work func() error) (samples []time.Duration, err error) {
	for spent := time.Duration(0); len(samples) == 0 || spent < s.Duration/time.Duration(s.Rounds) && len(samples) < maxSamples/s.Rounds; {
		took, err := s.time(ctx, work)
		if err != nil {
			return nil, err
		}
		samples, spent = append(samples, took), spent+took
	}
	return samples, nil
}

func (s *sampler) time(ctx context.Context, work func() error) (time.Duration, error) {
	if err := ctx.Err(); err != nil {
		return 0, context.Cause(ctx)
	}
	start := s.now()
	err := work()
	return s.now().Sub(start), err
}
