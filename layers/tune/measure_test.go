package tune

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// steady is a candidate whose pass always takes as long.
func steady(us int) fake { return fake{pass: time.Duration(us) * time.Microsecond} }

// decided runs a tuner over one case on fakes.
func decided(t *testing.T, b *fakeBed, tuner *Tuner, c layers.ConvCase) (Result, []string, error) {
	t.Helper()
	var messages []string
	tuner.Message = func(text string) { messages = append(messages, text) }
	results, err := tuner.run(t.Context(), b, cache{}, []layers.ConvCase{c}, b.now)
	if err != nil {
		return Result{}, messages, err
	}
	return results[0], messages, nil
}

func TestTheFastestCandidateThatIsRightWins(t *testing.T) {
	wrong := func(at int) func([]float32, int) {
		return func(output []float32, _ int) {
			for k := range output {
				if output[k] == output[k] {
					if at == 0 {
						output[k] += 1e-2
						return
					}
					at--
				}
			}
		}
	}
	const better layers.Variant = "fast"
	for _, test := range []struct {
		name    string
		fast    fake
		refused string // what is said of it; empty where it wins
	}{
		{"right", fake{}, ""},
		{"wrong everywhere", fake{spoils: func(output []float32, _ int) {
			for k := range output {
				output[k] *= 1.001
			}
		}}, "the reference says"},
		{"wrong in one number", fake{spoils: wrong(37)}, "wrong: "},
		{"not a number", fake{spoils: func(output []float32, _ int) {
			for k := range output {
				output[k] = nan()
			}
		}}, "the reference says"},
		{"infinite", fake{spoils: func(output []float32, _ int) {
			for k := range output {
				output[k] = float32(math.Inf(1))
			}
		}}, "the reference says"},
		{"writing where it must not", fake{spoils: func(output []float32, _ int) {
			for k := range output {
				if output[k] != output[k] {
					output[k] = 0
				}
			}
		}}, "the direct kernels say NaN"},
		{"different by a bit in the last replay", fake{spoils: func(output []float32, run int) {
			if run == replays {
				flickers(output, run)
			}
		}}, "not the same each time"},
		{"wrong at larger batches", fake{spoils: func(output []float32, run int) {
			if run > replays {
				wrong(0)(output, run)
			}
		}}, "wrong: "},
		{"failing to build", fake{fails: func(int) error { return errors.New("no such extension") }}, "no such extension"},
		{"failing in the race", fake{fails: func(run int) error {
			if run > replays+2 {
				return errors.New("timeout")
			}
			return nil
		}}, "timeout"},
		{"out of memory", fake{fails: func(int) error { return fmt.Errorf("allocate: %w", gpu.ErrOutOfMemory) }}, "out of memory"},
		{"beyond the limits", fake{fits: errors.New("needs a buffer of 9.0 GiB")}, "needs a buffer"},
	} {
		for _, c := range allPasses(5) {
			t.Run(fmt.Sprintf("%s/%s/%s", test.name, c.Precision(), c.Pass), func(t *testing.T) {
				test.fast.pass = 40 * time.Microsecond
				b := newFakeBed(t, map[layers.Variant]fake{better: test.fast, "slow": steady(120), layers.Flat: steady(100)})
				r, messages, err := decided(t, b, &Tuner{}, c)
				if err != nil {
					t.Fatal(err)
				}
				want := better
				if test.refused != "" {
					want = layers.Flat
				}
				if r.Winner != want || r.Source != Measured {
					t.Fatalf("%q (%s) wins, want %q; %+v", r.Winner, r.Source, want, r.Candidates)
				}
				if test.refused == "" {
					if len(r.Candidates) != 3 || r.Candidates[0].Variant != better || len(messages) > 0 {
						t.Errorf("candidates %+v, messages %q; want three, the fastest first, and silence", r.Candidates, messages)
					}
					return
				}
				last := r.Candidates[len(r.Candidates)-1]
				if last.Variant != better || !strings.Contains(last.Refused, test.refused) {
					t.Errorf("refused is %+v, want %q with %q", last, better, test.refused)
				}
				if len(messages) != 1 || !strings.Contains(messages[0], test.refused) || !strings.Contains(messages[0], "conv, "+c.Pass.String()) {
					t.Errorf("messages %q, want one that says %q of the pass", messages, test.refused)
				}
			})
		}
	}
}

// allPasses are small cases of every pass in every precision.
func allPasses(size int) (cases []layers.ConvCase) {
	for _, precision := range layers.Precisions() {
		for _, p := range layers.Passes() {
			cases = append(cases, smallCaseIn(precision, p, size))
		}
	}
	return cases
}

// flickers changes the last bit of a number.
func flickers(output []float32, run int) {
	for k := range output {
		if output[k] == output[k] {
			output[k] = math.Nextafter32(output[k], float32(run%2*20-10))
			return
		}
	}
}

func TestADeviceWithoutRightDirectKernelsIsAnError(t *testing.T) {
	for name, flat := range map[string]fake{
		"wrong":          {spoils: func(output []float32, _ int) { clear(output) }},
		"not the same":   {spoils: flickers},
		"cannot be made": {fails: func(int) error { return errors.New("no memory") }},
	} {
		b := newFakeBed(t, map[layers.Variant]fake{"fast": {}, layers.Flat: flat})
		_, _, err := decided(t, b, &Tuner{}, smallCase(layers.Forward, 5))
		if !errors.Is(err, ErrUnusable) || !strings.Contains(err.Error(), "conv, forward") || !strings.Contains(err.Error(), "verify --ops") {
			t.Errorf("%s: got %v, want ErrUnusable with the pass and what to do", name, err)
		}
	}
}

func TestTheVariantThatSuitsTheDeviceStaysUnlessAnotherIsWorthIt(t *testing.T) {
	for us, want := range map[int]layers.Variant{99: "usual", 95: "other"} {
		b := newFakeBed(t, map[layers.Variant]fake{"usual": steady(100), "other": steady(us), layers.Flat: steady(300)})
		b.prefers = "usual"
		r, _, err := decided(t, b, &Tuner{}, smallCase(layers.Forward, 5))
		if err != nil || r.Winner != want {
			t.Errorf("at %d %% of its time %q wins, want %q; %v", us, r.Winner, want, err)
		}
	}
}

func TestPreparingWeightsCountsWhereTheyChange(t *testing.T) {
	for fixed, want := range map[bool]layers.Variant{true: "prepared", false: layers.Flat} {
		b := newFakeBed(t, map[layers.Variant]fake{"prepared": {pass: 50 * time.Microsecond, prepare: time.Millisecond}, layers.Flat: steady(100)})
		c := smallCase(layers.Forward, 5)
		c.FixedWeights = fixed
		r, _, err := decided(t, b, &Tuner{}, c)
		if err != nil || r.Winner != want {
			t.Errorf("weights are fixed: %t, %q wins, want %q; %v", fixed, r.Winner, want, err)
		}
	}
}

func TestAHopelessCandidateIsSparedReplaysAndRace(t *testing.T) {
	b := newFakeBed(t, map[layers.Variant]fake{"slow": steady(2500), layers.Flat: steady(100)})
	r, messages, err := decided(t, b, &Tuner{}, smallCase(layers.Forward, 5))
	if err != nil || r.Winner != layers.Flat || b.runs["slow"] != fewReplays || len(messages) > 0 {
		t.Errorf("%q wins after %d runs of the slow one, messages %q, %v; want flat after %d, in silence", r.Winner, b.runs["slow"], messages, err, fewReplays)
	}
	if got := r.Candidates[1]; got.Variant != "slow" || got.Refused == "" || math.Abs(got.MS-2.5) > 1e-3 {
		t.Errorf("%+v, want the slow one with its 2.5 ms", got)
	}
}

func TestTheRaceEndsWhenTheRankingIsClear(t *testing.T) {
	for _, test := range []struct {
		name       string
		us         int
		flat, slow int // runs in the race
	}{
		{"far behind", 500, 1 + fewRounds + 1, 1},
		{"behind", 150, 1 + fewRounds + 1, 1 + fewRounds},
		{"side by side", 110, 1 + mostRounds, 1 + mostRounds},
	} {
		b := newFakeBed(t, map[layers.Variant]fake{"slow": steady(test.us), layers.Flat: steady(100)})
		r, _, err := decided(t, b, &Tuner{}, smallCase(layers.Forward, 5))
		if err != nil || r.Winner != layers.Flat || b.runs[layers.Flat] != replays+test.flat || b.runs["slow"] != replays+test.slow {
			t.Errorf("%s: %q wins, runs %v, %v; want %d and %d in the race", test.name, r.Winner, b.runs, err, test.flat, test.slow)
		}
	}
}

func TestCandidatesAreTimedAtABatchThatKeepsRunsShort(t *testing.T) {
	// Two heads of 9 and 6 images, checked with 2 each.
	for us, want := range map[int]int{100: 15, 50_000: 4 + 3, 1_000_000: 4} { // 50 ms is twice too much
		b := newFakeBed(t, map[layers.Variant]fake{"other": steady(us), layers.Flat: steady(us)})
		if _, _, err := decided(t, b, &Tuner{}, smallCase(layers.Forward, 5)); err != nil {
			t.Fatal(err)
		}
		if len(b.images) != 2 || b.images[0] != 4 || b.images[1] != want {
			t.Errorf("at %d us, batches of %v images; want 4, then %d", us, b.images, want)
		}
	}
}

func TestACancelledTuningEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	b := newFakeBed(t, map[layers.Variant]fake{"other": {fails: func(int) error { cancel(); return nil }}, layers.Flat: steady(100)})
	if _, err := (&Tuner{}).run(ctx, b, cache{}, []layers.ConvCase{smallCase(layers.Forward, 5), smallCase(layers.Forward, 6)}, b.now); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that the context ended", err)
	}
}
