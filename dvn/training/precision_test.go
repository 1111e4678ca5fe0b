package training

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dvn-vk/dvn-vk/dvn/internal/ondevice"
	"github.com/dvn-vk/dvn-vk/dvn/safetensors"
	"github.com/dvn-vk/dvn-vk/dvn/scenario"
	"github.com/dvn-vk/dvn-vk/layers"
)

func halfConfig(t *testing.T) scenario.Config {
	t.Helper()
	c := tinyConfig(t, "joint")
	c.Precision = string(layers.FP16)
	return c
}

func TestSkippedStepsAreReported(t *testing.T) {
	ondevice.RunHalf(t, func(t *testing.T, k *layers.Kernels) {
		dir := filepath.Join(t.TempDir(), "run")
		interruptAfter(t, k.Device, halfConfig(t), dir, 3)
		rewrite(func(f *safetensors.File) { // a scale that overflows for several steps
			f.Metadata["state"] = strings.Replace(f.Metadata["state"], `"scale":65536`, `"scale":1099511627776`, 1)
		})(t, checkpointPath(dir, 3))
		var told []layers.LossScale
		summary, err := Resume(t.Context(), ResumeOptions{Dir: dir, Device: k.Device, Observer: Observer{
			EpochDone: func(d EpochDone) { told = append(told, *d.LossScale) },
		}})
		if err != nil {
			t.Fatal(err)
		}
		end := *summary.LossScale
		if end.Skipped == 0 || end.Scale != 1<<40/float32(int(1)<<end.Skipped) {
			t.Errorf("the run ends with %+v: steps were to be skipped, the scale to halve for each", end)
		}
		if len(told) != 2 || told[1] != end {
			t.Errorf("the observer was told %+v, want %+v at last", told, end)
		}
		lines := metricLines(t, dir)
		last := lines[len(lines)-1]
		if last.LossScale == nil || *last.LossScale != end.Scale || *last.SkippedSteps != end.Skipped {
			t.Errorf("the last line of metrics is %+v, want the scale %v and %d skipped steps", last, end.Scale, end.Skipped)
		}
		log, err := os.ReadFile(filepath.Join(dir, logFile))
		if err != nil || strings.Count(string(log), "step skipped") != int(end.Skipped) {
			t.Errorf("the log names other steps than %d, %v:\n%s", end.Skipped, err, log)
		}
		again, err := Resume(t.Context(), ResumeOptions{Dir: dir, Device: k.Device})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(summary.LossScale, again.LossScale); diff != "" || summary.Steps != again.Steps {
			t.Errorf("a finished run tells %d steps, then %d: %s", summary.Steps, again.Steps, diff)
		}
	})
}

func TestInFP32NothingIsSaidOfALossScale(t *testing.T) {
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		dir := filepath.Join(t.TempDir(), "run")
		summary, err := Start(t.Context(), Options{Config: tinyConfig(t, "joint"), Dir: dir, Device: k.Device})
		if err != nil {
			t.Fatal(err)
		}
		if m := metricLines(t, dir)[0]; m.LossScale != nil || m.SkippedSteps != nil || summary.LossScale != nil {
			t.Errorf("metrics %+v, summary %+v", m, summary.LossScale)
		}
	})
}

func TestARunInHalvesNeedsADeviceThatHasThem(t *testing.T) {
	ondevice.RunHalf(t, func(t *testing.T, k *layers.Kernels) {
		dir := filepath.Join(t.TempDir(), "run")
		interruptAfter(t, k.Device, halfConfig(t), dir, 2)
		t.Setenv("DVNVK_DISABLE_16BIT_STORAGE", "1")
		ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
			fresh := filepath.Join(t.TempDir(), "fresh")
			_, err := Start(t.Context(), Options{Config: halfConfig(t), Dir: fresh, Device: k.Device})
			wantSentence(t, err, k.Device.Info.Name, "16-bit storage", "--precision fp32")
			wantNoRun(t, k, fresh)
			_, err = Resume(t.Context(), ResumeOptions{Dir: dir, Device: k.Device})
			wantSentence(t, err, "16-bit storage")
			_, err = Evaluate(t.Context(), EvalOptions{Dir: dir, Device: k.Device})
			wantSentence(t, err, "16-bit storage", "--precision fp32")
			rows, err := Evaluate(t.Context(), EvalOptions{Dir: dir, Device: k.Device, Precision: layers.FP32})
			if err != nil || len(rows) != 4 {
				t.Errorf("%d rows in FP32, %v; want 4", len(rows), err)
			}
		})
	})
}
