package tune

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// threeCases are two shapes of one convolution each, and one of two: sizes 4, 5 (twice) and 6.
func threeCases() []layers.ConvCase {
	return []layers.ConvCase{smallCase(layers.Forward, 4), smallCase(layers.Forward, 5), smallCase(layers.Forward, 6), smallCase(layers.Forward, 5)}
}

func testCache(t *testing.T) cache {
	return newCache(filepath.Join(t.TempDir(), "tune"), origin{UUID: "0000", Device: "device", Driver: "driver 1", Kernels: "abc"})
}

func TestDearShapesComeFirstAndTheRestTakesDefaults(t *testing.T) {
	b := newFakeBed(t, map[layers.Variant]fake{"other": steady(50), layers.Flat: steady(100)})
	b.prefers = "suited"
	var messages, steps []string
	tuner := &Tuner{
		Budget:   3 * time.Millisecond, // a case takes less, two take more
		Message:  func(text string) { messages = append(messages, text) },
		Progress: func(done, total int) { steps = append(steps, fmt.Sprint(done, "/", total)) },
	}
	c := testCache(t)
	results, err := tuner.run(t.Context(), b, c, threeCases(), b.now)
	if err != nil {
		t.Fatal(err)
	}
	type choice struct {
		Size, Count int
		Winner      layers.Variant
		Source      Source
	}
	choices := func(results []Result) (all []choice) {
		for _, r := range results {
			all = append(all, choice{r.Case.Conv.InSize, r.Count, r.Winner, r.Source})
		}
		return all
	}
	if diff := cmp.Diff([]choice{{5, 2, "other", Measured}, {6, 1, "suited", Default}, {4, 1, "suited", Default}}, choices(results)); diff != "" {
		t.Error(diff)
	}
	if len(messages) != 1 || !strings.Contains(messages[0], "2 of 3 ") || !strings.Contains(messages[0], "dvn-vk tune") {
		t.Errorf("messages %q, want one that says what was not reached", messages)
	}
	if diff := cmp.Diff([]string{"0/3", "1/3", "2/3", "3/3"}, steps); diff != "" {
		t.Error(diff)
	}
	if over := b.clock.Sub(time.Unix(0, 0)) - tuner.Budget; over > time.Millisecond/10 {
		t.Errorf("the time was exceeded by %v", over)
	}

	// The next start goes on where this one ended; an unlimited one leaves nothing open.
	tuner.Budget = 0
	results, err = tuner.run(t.Context(), b, c, threeCases(), b.now)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]choice{{5, 2, "other", Cached}, {6, 1, "other", Measured}, {4, 1, "other", Measured}}, choices(results)); diff != "" {
		t.Error(diff)
	}
	if plan := Plan(results); len(plan) != 3 || plan[smallCase(layers.Forward, 4).Key()] != "other" {
		t.Errorf("plan %v", plan)
	}
}

func TestAWrongVariantIsNoDefaultEither(t *testing.T) {
	b := newFakeBed(t, map[layers.Variant]fake{"aaa": {spoils: func(output []float32, _ int) { clear(output) }}, "other": steady(50), layers.Flat: steady(100)})
	b.prefers = "aaa"
	tuner := &Tuner{Budget: time.Millisecond} // ends while others are checked
	r, _, err := decided(t, b, tuner, smallCase(layers.Forward, 5))
	if err != nil || r.Winner != layers.Flat || r.Source != Default {
		t.Errorf("%q (%s) is chosen, %v; want the direct kernels, as a default", r.Winner, r.Source, err)
	}
}

func TestMeasurementsAreKept(t *testing.T) {
	b, c := newFakeBed(t, map[layers.Variant]fake{"other": steady(50), layers.Flat: steady(100)}), testCache(t)
	tuner := &Tuner{}
	first, err := tuner.run(t.Context(), b, c, threeCases(), b.now)
	if err != nil {
		t.Fatal(err)
	}
	runs := b.runs["other"]
	again, err := tuner.run(t.Context(), b, c, threeCases(), b.now)
	if err != nil || b.runs["other"] != runs {
		t.Fatalf("%v; %d more runs, want none", err, b.runs["other"]-runs)
	}
	for i := range again {
		if again[i].Source != Cached || !cmp.Equal(first[i].Candidates, again[i].Candidates) || first[i].Winner != again[i].Winner {
			t.Errorf("from the cache comes %+v, measured was %+v", again[i], first[i])
		}
	}
	tuner.Retune = true
	if again, err = tuner.run(t.Context(), b, c, threeCases(), b.now); err != nil || again[0].Source != Measured || b.runs["other"] == runs {
		t.Errorf("measured anew is %+v, %v", again[0], err)
	}

	// A winner that can no longer run the case is measured again.
	tuner.Retune, b.order = false, []layers.Variant{layers.Flat}
	if again, err = tuner.run(t.Context(), b, c, threeCases(), b.now); err != nil || again[0].Winner != layers.Flat || again[0].Source != Measured {
		t.Errorf("without its winner the case has %+v, %v", again[0], err)
	}
}

func TestACacheThatCannotBeUsedIsReplaced(t *testing.T) {
	for name, damage := range map[string]func(c cache, text string) string{
		"cut short":           func(_ cache, text string) string { return text[:len(text)/2] },
		"something else":      func(cache, string) string { return "\x00\x01" },
		"of another driver":   func(_ cache, text string) string { return strings.Replace(text, "driver 1", "driver 2", 1) },
		"of other kernels":    func(_ cache, text string) string { return strings.Replace(text, "abc", "abd", 1) },
		"of an unknown shape": func(cache, string) string { return `{"entries": [1, 2]}` },
	} {
		t.Run(name, func(t *testing.T) {
			b, c := newFakeBed(t, map[layers.Variant]fake{"other": steady(50), layers.Flat: steady(100)}), testCache(t)
			if _, err := (&Tuner{}).run(t.Context(), b, c, threeCases(), b.now); err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(c.path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(c.path, []byte(damage(c, string(text))), 0o644); err != nil {
				t.Fatal(err)
			}
			var messages []string
			tuner := &Tuner{Message: func(text string) { messages = append(messages, text) }}
			for _, want := range []Source{Measured, Cached} {
				results, err := tuner.run(t.Context(), b, c, threeCases(), b.now)
				if err != nil || results[0].Source != want {
					t.Fatalf("%v, source %s; want %s", err, results[0].Source, want)
				}
			}
			if len(messages) != 1 || !strings.Contains(messages[0], c.path) {
				t.Errorf("messages %q, want one that names the file", messages)
			}
		})
	}
}

func TestACacheThatCannotBeWrittenIsNoError(t *testing.T) {
	b, c := newFakeBed(t, map[layers.Variant]fake{"other": steady(50), layers.Flat: steady(100)}), testCache(t)
	if err := os.WriteFile(filepath.Dir(c.path), nil, 0o644); err != nil { // a file where the folder belongs
		t.Fatal(err)
	}
	var messages []string
	results, err := (&Tuner{Message: func(text string) { messages = append(messages, text) }}).run(t.Context(), b, c, threeCases(), b.now)
	if err != nil || results[0].Winner != "other" {
		t.Fatalf("%v, %+v", err, results)
	}
	if last := messages[len(messages)-1]; !strings.Contains(last, "not kept") {
		t.Errorf("messages %q", messages)
	}
}

func TestWhatOthersWroteStays(t *testing.T) {
	c := testCache(t)
	for _, key := range []string{"a", "b"} {
		if err := c.store(map[string]entry{key: {Variant: layers.Flat}}); err != nil {
			t.Fatal(err)
		}
	}
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			if err := c.store(map[string]entry{fmt.Sprint(i): {Variant: "other"}}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	entries, err := c.load()
	if err != nil || entries["a"].Variant != layers.Flat || entries["b"].Variant != layers.Flat {
		t.Errorf("%v, %v; want what was there before", entries, err)
	}
	if files, err := os.ReadDir(filepath.Dir(c.path)); err != nil || len(files) != 1 {
		t.Errorf("%v, %v; want one file", files, err)
	}
}

func TestAVariantThatLosesTheDeviceIsNotTriedAgain(t *testing.T) {
	b, c := newFakeBed(t, map[layers.Variant]fake{"fatal": {fails: func(int) error { return fmt.Errorf("run: %w", gpu.ErrDeviceLost) }}, layers.Flat: steady(100)}), testCache(t)
	b.prefers = "fatal"
	cases := []layers.ConvCase{smallCase(layers.Forward, 5)}
	if _, err := (&Tuner{}).run(t.Context(), b, c, cases, b.now); !errors.Is(err, gpu.ErrDeviceLost) || !strings.Contains(err.Error(), "conv, forward by fatal") {
		t.Fatalf("got %v, want that the device was lost, and over what", err)
	}
	late := &Tuner{Budget: 1} // no time at all
	results, err := late.run(t.Context(), b, c, cases, b.now)
	if err != nil || results[0].Winner != layers.Flat {
		t.Errorf("without time %+v, %v; want the direct kernels", results, err)
	}
	results, err = (&Tuner{}).run(t.Context(), b, c, cases, b.now)
	if err != nil || results[0].Winner != layers.Flat || results[0].Source != Measured || b.runs["fatal"] != 1 {
		t.Errorf("%+v after %d runs, %v; want the direct kernels after one", results, b.runs["fatal"], err)
	}
}

func TestWithoutATunerKernelsStayAsTheyAre(t *testing.T) {
	k := &layers.Kernels{}
	if got, err := (*Tuner)(nil).Kernels(t.Context(), k, threeCases()); got != k || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
}
