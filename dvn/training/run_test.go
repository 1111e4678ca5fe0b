package training

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dvn-vk/dvn-vk/dvn"
	"github.com/dvn-vk/dvn-vk/dvn/internal/ondevice"
	"github.com/dvn-vk/dvn-vk/layers"
)

// metricLines reads metrics.jsonl.
func metricLines(t *testing.T, dir string) []metric {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, metricsFile))
	if err != nil {
		t.Fatal(err)
	}
	var lines []metric
	for line := range bytes.Lines(text) {
		var m metric
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, m)
	}
	return lines
}

func TestSequentialTrainingEvaluatesTheTasksItKnows(t *testing.T) {
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		config := tinyConfig(t, "sequential")
		dir := filepath.Join(t.TempDir(), "run")
		summary, err := Start(t.Context(), Options{Config: config, Dir: dir, Device: k.Device})
		if err != nil {
			t.Fatal(err)
		}
		type head struct{ Phase, Epoch, Task, Level int }
		var got []head
		for _, m := range metricLines(t, dir) {
			got = append(got, head{m.Phase, m.Epoch, m.Task, m.Level})
			if m.Loss <= 0 || m.Accuracy < 0 || m.Accuracy > 100 || m.Seconds <= 0 {
				t.Errorf("impossible numbers: %+v", m)
			}
		}
		want := []head{ // epochs count on
			{1, 1, 1, 1}, {1, 1, 1, 2}, {1, 2, 1, 1}, {1, 2, 1, 2},
			{2, 3, 1, 1}, {2, 3, 1, 2}, {2, 3, 2, 1}, {2, 3, 2, 2}, {2, 4, 1, 1}, {2, 4, 1, 2}, {2, 4, 2, 1}, {2, 4, 2, 2},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if len(summary.Rows) != 4 {
			t.Errorf("the table has %d rows, want 4", len(summary.Rows))
		}

		early := filepath.Join(t.TempDir(), "early")
		interruptAfter(t, k.Device, config, early, 2)
		rows, err := Evaluate(t.Context(), EvalOptions{Dir: early, Device: k.Device})
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) != 2 || rows[0].Task != 1 || rows[1].Task != 1 || rows[1].Level != 2 {
			t.Errorf("in the first phase the table is %+v, want two levels of task 1", rows)
		}
	})
}

func TestLimitsTakeTheFirstImages(t *testing.T) {
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		config := tinyConfig(t, "joint")
		config.Data.LimitTrain, config.Data.LimitTest, config.Learning.Epochs = 11, 3, 1
		dir := filepath.Join(t.TempDir(), "run")
		var images []int
		summary, err := Start(t.Context(), Options{Config: config, Dir: dir, Device: k.Device, Observer: Observer{
			Step: func(s StepDone) { images = append(images, s.Images) },
		}})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]int{16, 6}, images); diff != "" { // 8 and 3 of each task
			t.Errorf("images in each step: %s", diff)
		}
		rows, err := Evaluate(t.Context(), EvalOptions{Dir: dir, Device: k.Device, LimitTest: 2})
		if err != nil {
			t.Fatal(err)
		}
		for i := range rows {
			if summary.Rows[i].Images != 3 || rows[i].Images != 2 {
				t.Errorf("%d images were tested, then %d; want 3 and 2", summary.Rows[i].Images, rows[i].Images)
			}
		}
	})
}

func TestMetricsBehindTheCheckpointAreCutOff(t *testing.T) {
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		config := tinyConfig(t, "joint")
		whole := filepath.Join(t.TempDir(), "whole")
		if _, err := Start(t.Context(), Options{Config: config, Dir: whole, Device: k.Device}); err != nil {
			t.Fatal(err)
		}
		cut := filepath.Join(t.TempDir(), "cut")
		interruptAfter(t, k.Device, config, cut, 5) // in the second epoch
		path := filepath.Join(cut, metricsFile)
		known, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(path, append(bytes.Clone(known), known...), 0o644) // as if the epoch had ended before it was killed
		}
		if err != nil {
			t.Fatal(err)
		}
		short := copied(t, cut)
		if _, err := Resume(t.Context(), ResumeOptions{Dir: cut, Device: k.Device}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(metricsOf(t, whole), metricsOf(t, cut)); diff != "" {
			t.Error(diff)
		}

		if err := os.WriteFile(filepath.Join(short, metricsFile), known[:len(known)-1], 0o644); err != nil {
			t.Fatal(err)
		}
		_, err = resume(t, k.Device, short)
		wantSentence(t, err, metricsFile, "it was changed")
	})
}

func TestADivergingRunLeavesTheLastGoodCheckpoint(t *testing.T) {
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		config := tinyConfig(t, "joint")
		config.CheckpointEvery, config.Learning.Factor = 0, 1e30 // for the second epoch
		dir := filepath.Join(t.TempDir(), "run")
		_, err := Start(t.Context(), Options{Config: config, Dir: dir, Device: k.Device})
		if !errors.Is(err, dvn.ErrDiverged) {
			t.Fatalf("got %v, want ErrDiverged", err)
		}
		wantSentence(t, err, "phase 1, epoch 2, step ", "the loss of task", "lower the learning rate")
		paths, err := checkpoints(dir)
		if err != nil || !slices.Equal(paths, []string{checkpointPath(dir, 4)}) {
			t.Errorf("checkpoints %q, %v; want the first epoch's", paths, err)
		}
		if rows, err := Evaluate(t.Context(), EvalOptions{Dir: dir, Device: k.Device}); err != nil || len(rows) != 4 {
			t.Errorf("%d rows, %v", len(rows), err)
		}
		log, err := os.ReadFile(filepath.Join(dir, logFile))
		if err != nil || !strings.Contains(string(log), "training diverged") {
			t.Errorf("the log does not say it: %v", err)
		}
	})
}

func TestNumbersThatAreNoneMakeNoCheckpoint(t *testing.T) {
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		c := checkpoint{config: tinyConfig(t, "joint")}
		phase := phasesOf(c.config, []int{4, 4})[0]
		store, err := dvn.NewStore(k.Device, true, phase)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(store.Close)
		dir := t.TempDir()
		if err := c.write(dir, store, nil); err != nil {
			t.Fatal(err)
		}
		for _, value := range []float64{math.NaN(), math.Inf(-1)} {
			if err := store.SetMomentum("task1.level1.fc.bias", slices.Repeat([]float32{float32(value)}, 4)); err != nil {
				t.Fatal(err)
			}
			c.state.TotalSteps++
			err := c.write(dir, store, nil)
			wantSentence(t, err, "training diverged", "momentum.task1.level1.fc.bias")
			if !errors.Is(err, dvn.ErrDiverged) {
				t.Errorf("%v is not ErrDiverged", err)
			}
		}
		if paths, err := checkpoints(dir); err != nil || !slices.Equal(paths, []string{checkpointPath(dir, 0)}) {
			t.Errorf("checkpoints %q, %v; want the good one", paths, err)
		}
	})
}

func TestWhatAnInterruptedWriteLeftIsRemoved(t *testing.T) {
	dir := t.TempDir()
	names := []string{"step-000000001.safetensors", "step-000000002.safetensors", "step-000000010.safetensors", "step-000000011.safetensors.0badf00d.tmp", "notes.txt"}
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := prune(dir); err != nil {
		t.Fatal(err)
	}
	left := map[string]bool{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		left[e.Name()] = true
	}
	if want := map[string]bool{names[1]: true, names[2]: true, names[4]: true}; !maps.Equal(want, left) {
		t.Errorf("left are %v, want %v", left, want)
	}
}

func TestAProfileAddsUpOperations(t *testing.T) {
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		config := tinyConfig(t, "joint")
		config.Learning.Epochs = 1
		summary, err := Start(t.Context(), Options{Config: config, Dir: filepath.Join(t.TempDir(), "run"), Device: k.Device, Profile: true})
		if err != nil {
			t.Fatal(err)
		}
		p := summary.Profile
		if p == nil || p.Steps != 4 || len(p.Operations) < 5 {
			t.Fatalf("got %+v, want the operations of 4 steps", p)
		}
		share := 0.0
		for i, o := range p.Operations {
			share += o.Share
			if o.Count < 1 || i > 0 && o.Duration > p.Operations[i-1].Duration {
				t.Errorf("operation %d: %+v", i, o)
			}
		}
		if math.Abs(share-1) > 1e-9 {
			t.Errorf("the shares add up to %v", share)
		}
	})
}
