package training

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dvn-vk/dvn-vk/dvn/internal/ondevice"
	"github.com/dvn-vk/dvn-vk/dvn/safetensors"
	"github.com/dvn-vk/dvn-vk/dvn/scenario"
	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// tiny is a run of two generated tasks whose last batches are partial and whose sets differ in length.
const tiny = `
backbone = "wrn-8-1"
objective = "OBJECTIVE"
checkpoint_every = 2
[learning]
preset = "own"
epochs = 2
lr = 0.05
drops = [0.5]
factor = 0.1
momentum = 0.9
weight_decay = 5e-4
batch = 8
[[tasks]]
kind = "shapes"
size = 8
train = 26
test = 10
[[tasks]]
kind = "textures"
size = 8
train = 19
test = 10
`

func tinyConfig(t *testing.T, objective string) scenario.Config {
	t.Helper()
	c, err := scenario.Parse("tiny.toml", []byte(strings.ReplaceAll(tiny, "OBJECTIVE", objective)))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// tensorsOf reads the newest checkpoint's tensors.
func tensorsOf(t *testing.T, dir string) []safetensors.Tensor {
	t.Helper()
	c, skipped, err := readNewest(dir)
	if err != nil || len(skipped) > 0 {
		t.Fatal(err, skipped)
	}
	return c.file.Tensors
}

// wholeBytes compares tensors' data at once: byte by byte it takes most of the time of a test.
var wholeBytes = cmp.Comparer(bytes.Equal)

// metricsOf drops what a clock decides.
func metricsOf(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, metricsFile))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		before, after, _ := strings.Cut(line, `"seconds":`)
		_, rest, _ := strings.Cut(after, ",")
		lines = append(lines, before+rest)
	}
	return strings.Join(lines, "")
}

func TestAnInterruptedRunEndsWithTheSameBits(t *testing.T) {
	for _, objective := range []string{"joint", "sequential"} {
		t.Run(objective, func(t *testing.T) {
			ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
				interruptAndResume(t, k.Device, tinyConfig(t, objective), 1, 3, 4, 6)
			})
		})
	}
	t.Run("halves", func(t *testing.T) {
		ondevice.RunHalf(t, func(t *testing.T, k *layers.Kernels) {
			interruptAndResume(t, k.Device, halfConfig(t), 3)
		})
	})
}

func interruptAndResume(t *testing.T, d *gpu.Device, config scenario.Config, stops ...int) {
	t.Helper()
	whole := filepath.Join(t.TempDir(), "whole")
	summary, err := Start(t.Context(), Options{Config: config, Dir: whole, Device: d})
	if err != nil {
		t.Fatal(err)
	}
	if len(summary.Rows) != 4 {
		t.Errorf("the table has %d rows, want 4: two tasks, two levels", len(summary.Rows))
	}
	for _, stop := range stops {
		cut := filepath.Join(t.TempDir(), "cut")
		interruptAfter(t, d, config, cut, stop)
		if _, err := Resume(t.Context(), ResumeOptions{Dir: cut, Device: d}); err != nil {
			t.Fatalf("interrupted after %d steps: %v", stop, err)
		}
		if diff := cmp.Diff(tensorsOf(t, whole), tensorsOf(t, cut), wholeBytes); diff != "" {
			t.Fatalf("interrupted after %d steps, the tensors differ: %s", stop, diff)
		}
		if diff := cmp.Diff(metricsOf(t, whole), metricsOf(t, cut)); diff != "" {
			t.Errorf("interrupted after %d steps, the metrics differ: %s", stop, diff)
		}
	}
}

func TestARunKeepsTheKernelsThatItBeganWith(t *testing.T) {
	t.Setenv("DVNVK_CONV_VARIANT", string(layers.Winograd))
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		config := tinyConfig(t, "joint")
		whole, cut, flat := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "cut"), filepath.Join(t.TempDir(), "flat")
		if _, err := Start(t.Context(), Options{Config: config, Dir: whole, Device: k.Device}); err != nil {
			t.Fatal(err)
		}
		interruptAfter(t, k.Device, config, cut, 3)
		t.Setenv("DVNVK_CONV_VARIANT", string(layers.Flat))
		if _, err := Resume(t.Context(), ResumeOptions{Dir: cut, Device: k.Device}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tensorsOf(t, whole), tensorsOf(t, cut), wholeBytes); diff != "" {
			t.Errorf("resumed with another variant in the environment, the tensors differ: %s", diff)
		}
		if _, err := Start(t.Context(), Options{Config: config, Dir: flat, Device: k.Device}); err != nil {
			t.Fatal(err)
		}
		if cmp.Equal(tensorsOf(t, whole), tensorsOf(t, flat), wholeBytes) {
			t.Error("both variants have the same bits: the comparison says nothing")
		}
	})
}

func interruptAfter(t *testing.T, d *gpu.Device, c scenario.Config, dir string, steps int) {
	t.Helper()
	interruptStart(t, Options{Config: c, Dir: dir, Device: d}, steps)
}

func interruptStart(t *testing.T, o Options, steps int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := 0
	o.Observer.Step = func(StepDone) {
		if done++; done == steps {
			cancel()
		}
	}
	_, err := Start(ctx, o)
	if !errors.Is(err, ErrInterrupted) {
		t.Fatalf("interrupted after %d steps: got %v, want ErrInterrupted", steps, err)
	}
}

func TestAFinishedRunIsOnlyEvaluated(t *testing.T) {
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) { finishAndResume(t, k.Device) })
}

func finishAndResume(t *testing.T, d *gpu.Device) {
	dir := filepath.Join(t.TempDir(), "run")
	first, err := Start(t.Context(), Options{Config: tinyConfig(t, "joint"), Dir: dir, Device: d})
	if err != nil {
		t.Fatal(err)
	}
	again, err := Resume(t.Context(), ResumeOptions{Dir: dir, Device: d})
	if err != nil {
		t.Fatal(err)
	}
	if !again.AlreadyFinished {
		t.Error("the run is not said to be finished")
	}
	rows, err := Evaluate(t.Context(), EvalOptions{Dir: dir, Device: d})
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		first.Rows[i].LatencyMS, again.Rows[i].LatencyMS, rows[i].LatencyMS = 0, 0, 0
	}
	if diff := cmp.Diff(first.Rows, again.Rows) + cmp.Diff(first.Rows, rows); diff != "" {
		t.Error(diff)
	}
	if paths, _ := filepath.Glob(filepath.Join(dir, "*.safetensors")); len(paths) != kept {
		t.Errorf("%d checkpoints are kept, want %d", len(paths), kept)
	}
}
