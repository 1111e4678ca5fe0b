package tune

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// StartBudget is how long a program that has better things to do may measure before it begins.
const StartBudget = 20 * time.Second

// Tuner measures what its cache does not know. The zero value has no cache and no limit of time, and is silent; a nil Tuner
// leaves everything to what suits the kind of device (docs/kernels.md).
type Tuner struct {
	Folder   string                // of the cache; empty: nothing is kept
	Budget   time.Duration         // for measuring; 0: until everything is measured
	Retune   bool                  // measure what the cache knows as well
	Progress func(done, total int) // passes, of those that are measured
	Message  func(text string)     // a line for people
}

// Kernels gives kernels a plan for the convolutions of a network. Where there is no tuner or one variant is forced, they stay
// as they are.
func (t *Tuner) Kernels(ctx context.Context, k *layers.Kernels, cases []layers.ConvCase) (*layers.Kernels, error) {
	if t == nil || k.Selection().Variant != layers.Auto {
		return k, nil
	}
	results, err := t.Run(ctx, k, cases)
	if err != nil {
		return nil, err
	}
	return k.WithPlan(Plan(results))
}

// Run decides the cases, alike ones once, those that take most of the work first. What is measured is kept, also where an
// error ends it: that of the context, ErrUnusable, or gpu.ErrDeviceLost. What the time does not suffice for has Default as its
// source; the next run goes on with it.
func (t *Tuner) Run(ctx context.Context, k *layers.Kernels, cases []layers.ConvCase) ([]Result, error) {
	return t.run(ctx, deviceBed{k}, newCache(t.Folder, originOf(k)), cases, time.Now)
}

func (t *Tuner) run(ctx context.Context, b bed, c cache, cases []layers.ConvCase, now func() time.Time) ([]Result, error) {
	known, err := c.load()
	if err != nil {
		t.message(fmt.Sprintf("earlier measurements are left out: %v", err))
	}
	results, open := distinct(cases), []*Result{}
	for i := range results {
		if r := &results[i]; !t.recall(r, b, known[r.Case.Key()]) {
			open = append(open, r)
		}
	}
	if len(open) == 0 {
		return results, nil
	}
	end := now().Add(t.Budget)
	late := func() bool { return t.Budget > 0 && !now().Before(end) }
	m, measured := measurement{b, randomBlock(open[0].Case.Precision()), late, t.message}, map[string]entry{}
	unreached := 0
	for i, r := range open {
		t.progress(i, len(open))
		err = m.decide(ctx, r)
		if r.Source == Default {
			unreached++
		} else if r.Winner != "" || errors.Is(err, gpu.ErrDeviceLost) {
			measured[r.Case.Key()] = entry{r.Winner, r.Candidates}
		}
		if err != nil && !errors.Is(err, errLate) {
			break
		}
		err = nil
	}
	if storing := c.store(measured); storing != nil {
		t.message(fmt.Sprintf("measurements are not kept: %v", storing))
	}
	if err != nil {
		return nil, err
	}
	t.progress(len(open), len(open))
	if unreached > 0 {
		t.message(fmt.Sprintf("%d of %d convolution passes take defaults: %s of measuring are over; dvn-vk tune measures all", unreached, len(results), t.Budget))
	}
	return results, nil
}

// recall takes a result from the cache where that is to be trusted: a variant that still can run the case.
func (t *Tuner) recall(r *Result, b bed, e entry) bool {
	if t.Retune {
		return false
	}
	if e.Variant != "" && slices.Contains(b.candidates(r.Case), e.Variant) {
		r.Winner, r.Source, r.Candidates = e.Variant, Cached, e.Candidates
		return true
	}
	for _, c := range e.Candidates {
		if c.Lost {
			r.Candidates = append(r.Candidates, c)
		}
	}
	return false
}

// distinct are results to be filled in, one for all cases of a key, those with the most work first.
func distinct(cases []layers.ConvCase) []Result {
	var all []Result
	at := map[string]int{}
	for _, c := range cases {
		i, ok := at[c.Key()]
		if !ok {
			i = len(all)
			at[c.Key()] = i
			all = append(all, Result{Case: c})
		}
		all[i].Count++
	}
	slices.SortStableFunc(all, func(a, b Result) int { return cmp.Compare(b.work(), a.work()) })
	return all
}

func (r Result) work() float64 { return float64(r.Count) * r.Case.FLOPs() }

func (t *Tuner) progress(done, total int) {
	if t.Progress != nil {
		t.Progress(done, total)
	}
}

func (t *Tuner) message(text string) {
	if t.Message != nil {
		t.Message(text)
	}
}
