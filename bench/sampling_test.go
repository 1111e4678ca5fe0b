package bench

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// fakeMachine has a clock that only its works move, and remembers which of them ran.
type fakeMachine struct {
	clock time.Time
	order strings.Builder
}

// work is called name; its runs take the times in turn, the last one for ever.
func (f *fakeMachine) work(name string, times ...time.Duration) func() error {
	runs := 0
	return func() error {
		f.order.WriteString(name)
		f.clock = f.clock.Add(times[min(runs, len(times)-1)])
		runs++
		return nil
	}
}

func (f *fakeMachine) sampler(s Sampling) *sampler {
	return &sampler{Sampling: s, now: func() time.Time { return f.clock }}
}

const second = time.Second

func TestWhatIsComparedRunsInTurn(t *testing.T) {
	for _, c := range []struct {
		name string
		Sampling
		want string // without the warm-up
	}{
		{"one sample a round", Sampling{Rounds: 3}, "abababababab"[:6]},
		{"again until the round's part is over", Sampling{Rounds: 2, Duration: 12 * second}, "aabbbaabbb"},
		{"longer than its part", Sampling{Rounds: 2, Duration: second}, "abab"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var f fakeMachine
			series, err := f.sampler(c.Sampling).interleave(t.Context(), []func() error{f.work("a", 4*second), f.work("b", 2*second)})
			if err != nil {
				t.Fatal(err)
			}
			got := strings.TrimPrefix(f.order.String(), "aaabbb") // the warm-up
			if got != c.want {
				t.Errorf("order %s, want %s", got, c.want)
			}
			for i, s := range series {
				name, took := string("ab"[i]), []time.Duration{4 * second, 2 * second}[i]
				if n := strings.Count(got, name); len(s.samples) != n || s.warmUp != warmRuns {
					t.Errorf("%s has %d samples after %d runs, want %d after %d", name, len(s.samples), s.warmUp, n, warmRuns)
				}
				if slices.Max(s.samples) != took || slices.Min(s.samples) != took {
					t.Errorf("samples of %s: %v, want %v", name, s.samples, took)
				}
			}
		})
	}
}

func TestTheWarmUpEndsWhenItIsSteady(t *testing.T) {
	const ms = time.Millisecond
	falling := func() (times []time.Duration) {
		for took := float64(second / 2); took > float64(ms); took *= 0.9 {
			times = append(times, time.Duration(took))
		}
		return times
	}()
	for _, c := range []struct {
		name  string
		times []time.Duration
		want  int
	}{
		{"steady from the beginning", []time.Duration{50 * ms}, 3},
		{"a slow first run", []time.Duration{900 * ms, 50 * ms}, 4},
		{"faster again after a steady run", []time.Duration{90 * ms, 89 * ms, 50 * ms}, 5},
		{"slower runs between", []time.Duration{50 * ms, 80 * ms, 70 * ms}, 3},
		{"short runs need a tenth of a second", []time.Duration{5 * ms}, 20},
		{"long runs", []time.Duration{10 * second, 5 * second, 2 * second}, 3},
		{"never steady: two seconds", falling, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			var f fakeMachine
			got, err := f.sampler(Sampling{Rounds: 1}).warmUp(t.Context(), f.work("w", c.times...))
			if err != nil || got != c.want {
				t.Errorf("%d runs, %v; want %d", got, err, c.want)
			}
		})
	}
}

func TestShortWorkHasABoundedNumberOfSamples(t *testing.T) {
	var f fakeMachine
	series, err := f.sampler(Sampling{Rounds: 5, Duration: time.Hour}).interleave(t.Context(), []func() error{f.work("w", time.Millisecond)})
	if err != nil || len(series[0].samples) != maxSamples {
		t.Errorf("%d samples, %v; want %d", len(series[0].samples), err, maxSamples)
	}
}

func TestErrorsAndTheEndOfTheContextStopIt(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		name string
		fail func(stop context.CancelCauseFunc) error
	}{
		{"an error", func(context.CancelCauseFunc) error { return broken }},
		{"the end of the context", func(stop context.CancelCauseFunc) error { stop(broken); return nil }},
	} {
		for _, run := range []int{0, warmRuns} { // while it warms up, and after
			ctx, stop := context.WithCancelCause(t.Context())
			var f fakeMachine
			work, runs := f.work("w", second), 0
			_, err := f.sampler(Sampling{Rounds: 3}).interleave(ctx, []func() error{func() error {
				if runs++; runs == run+1 {
					return c.fail(stop)
				}
				return work()
			}})
			if !errors.Is(err, broken) || runs != run+1 {
				t.Errorf("%s in run %d: %v after %d runs", c.name, run, err, runs)
			}
		}
	}
}

func TestProgressComesToItsEnd(t *testing.T) {
	var f fakeMachine
	s, last, whole := f.sampler(Sampling{Rounds: 3}), 0, 0
	s.ran = func(done, total int) {
		if done != last+1 {
			t.Errorf("%d done after %d", done, last)
		}
		last, whole = done, total
	}
	if _, err := s.interleave(t.Context(), []func() error{f.work("a", second), f.work("b", second)}); err != nil || last != whole || whole != 8 {
		t.Errorf("%d of %d done, %v; want 8", last, whole, err)
	}
}
