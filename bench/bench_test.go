package bench

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/dvn-vk/dvn-vk/dvn/network"
	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/gpu/ondevice"
	"github.com/dvn-vk/dvn-vk/layers"
)

// onMachine runs a test on every device, with few samples.
func onMachine(t *testing.T, test func(t *testing.T, m *Machine)) {
	t.Helper()
	ondevice.Run(t, func(t *testing.T, d *gpu.Device) {
		m, err := NewMachine(d, layers.FP32, Sampling{Rounds: 2}, "test")
		if err != nil {
			t.Fatal(err)
		}
		test(t, m)
	})
}

// sound fails for a record whose numbers cannot be.
func sound(t *testing.T, r Record) {
	t.Helper()
	if len(r.SamplesMS) < 2 || r.MinMS < 0 || r.MinMS > r.MedianMS || r.Device == "" || r.Driver == "" || r.Precision == "" || r.Command != "test" {
		t.Errorf("a record that cannot be: %+v", r)
	}
}

func TestATrainingStepIsMeasuredAndAccountedFor(t *testing.T) {
	onMachine(t, func(t *testing.T, m *Machine) {
		train := Train{Backbone: "wrn-8-1", Units: []float64{1, 1}, Classes: []int{3, 4}, Size: 8, Batches: []int{2, 3}}
		steps, operations, err := train.Run(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		if len(steps) != 2 {
			t.Fatalf("%d steps for two batches", len(steps))
		}
		for i, r := range steps {
			sound(t, r)
			if r.What != WhatTrain || r.Batch != train.Batches[i] || r.ImgPerS <= 0 || r.GFLOPS <= 0 || r.ShareOfPeak <= 0 || r.Accounted <= 0 || r.MemoryBytes == 0 {
				t.Errorf("step %d: %+v", i, r)
			}
			share := 0.0
			for _, o := range operations {
				if o.Batch == r.Batch {
					share += o.ShareOfStep
				}
			}
			if math.Abs(share-1) > 1e-9 {
				t.Errorf("batch %d: the shares of operations add up to %v", r.Batch, share)
			}
		}
		if steps[0].MemoryBytes >= steps[1].MemoryBytes {
			t.Errorf("batches of 2 and 3 images take %d and %d bytes", steps[0].MemoryBytes, steps[1].MemoryBytes)
		}
		for _, o := range operations {
			sound(t, o)
			if o.What != WhatOp || o.Name == "" || o.Calls == 0 {
				t.Errorf("operation: %+v", o)
			}
		}
		if !slices.ContainsFunc(operations, func(r Record) bool { return r.Name == "conv_forward" && r.GFLOPS > 0 && r.ShareOfPeak > 0 }) {
			t.Error("no operation is a convolution with a rate")
		}
	})
}

func TestHalvesAreMeasuredAsSuch(t *testing.T) {
	ondevice.Run(t, func(t *testing.T, d *gpu.Device) {
		if !d.Info.Features.Storage16 {
			t.Skip("the device has no 16-bit storage")
		}
		m, err := NewMachine(d, layers.FP16, Sampling{Rounds: 2}, "test")
		if err != nil {
			t.Fatal(err)
		}
		steps, operations, err := Train{Backbone: "wrn-8-1", Units: []float64{1}, Classes: []int{3}, Size: 8, Batches: []int{2}}.Run(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		levels, err := Infer{Backbone: "wrn-8-1", Units: []float64{1}, Classes: 3, Size: 8, Batches: []int{2}}.Run(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		kernels, err := Kernels{Shapes: []Shape{{In: 8, Out: 8, Size: 4, Stride: 1}}, Units: []float64{1}, Batch: 2}.Run(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range slices.Concat(steps, operations, levels, kernels) {
			sound(t, r)
			if r.Precision != "fp16" {
				t.Errorf("a record of %s %s says %s", r.What, r.Name, r.Precision)
			}
		}
		if !slices.ContainsFunc(operations, func(r Record) bool { return r.Name == "loss_scale_check" }) {
			t.Error("no operation looks for overflows")
		}
	})
}

func TestEveryLevelIsMeasuredAtEveryBatch(t *testing.T) {
	onMachine(t, func(t *testing.T, m *Machine) {
		percent := 0
		m.Progress = func(p int) { percent = p }
		infer := Infer{Backbone: "wrn-8-1", Units: []float64{1, 1}, Classes: 4, Size: 8, Batches: []int{1, 3}}
		records, err := infer.Run(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		if len(records) != 4 || percent != 100 {
			t.Fatalf("%d records, %d %% done, want 4 and all", len(records), percent)
		}
		best := 0
		for i, r := range records {
			sound(t, r)
			if r.What != WhatInfer || r.Level != i/2+1 || r.Batch != infer.Batches[i%2] || r.ImgPerS <= 0 {
				t.Errorf("record %d: %+v", i, r)
			}
			if r.Best {
				best++
			}
		}
		if best != 2 || records[0].Params >= records[2].Params || records[0].Density >= 1 || records[3].Density != 1 {
			t.Errorf("%d records are the best of their level, want 2: %+v", best, records)
		}
	})
}

func TestConvolutionsAreMeasuredByEveryVariant(t *testing.T) {
	onMachine(t, func(t *testing.T, m *Machine) {
		kernels := Kernels{Shapes: []Shape{{In: 3, Out: 4, Size: 8, Stride: 1, Stem: true}, {In: 4, Out: 8, Size: 8, Stride: 2}, {In: 8, Out: 8, Size: 4, Stride: 1}}, Units: []float64{1, 1}, Batch: 2}
		records, err := kernels.Run(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		got := map[[3]string]bool{}
		for _, r := range records {
			sound(t, r)
			if r.Batch != 2 || r.GFLOPS <= 0 || r.ShareOfPeak <= 0 || r.Params == 0 {
				t.Errorf("record: %+v", r)
			}
			got[[3]string{r.What, r.Shape, r.Variant}] = true
		}
		for _, want := range [][3]string{
			{WhatForward, "3-4x8", "flat"}, {WhatBackwardWeights, "3-4x8", "flat"}, {WhatForward, "4-8x8s2", "flat"}, {WhatBackwardData, "4-8x8s2", "flat"},
			{WhatForward, "8x4", "winograd"}, {WhatBackwardData, "8x4", "winograd"}, {WhatBackwardWeights, "8x4", "winograd"},
		} {
			if !got[want] {
				t.Errorf("%v is missing", want)
			}
		}
		for _, nobody := range [][3]string{{WhatBackwardData, "3-4x8", "flat"}, {WhatForward, "4-8x8s2", "winograd"}} {
			if got[nobody] {
				t.Errorf("%v was measured", nobody)
			}
		}
		kernels.Variants = []layers.Variant{layers.Winograd}
		if records, err = kernels.Run(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(records, func(r Record) bool { return r.Variant == "flat" }) || len(records) == 0 {
			t.Error("a variant was measured that was not asked for, or none")
		}
	})
}

func TestUnitsWithoutMapsAreAnError(t *testing.T) {
	onMachine(t, func(t *testing.T, m *Machine) {
		kernels := Kernels{Shapes: []Shape{{In: 2, Out: 2, Size: 4, Stride: 1}}, Units: []float64{1, 1, 1}, Batch: 1}
		if _, err := kernels.Run(t.Context(), m); err == nil {
			t.Error("three units in two maps were measured")
		}
		if _, _, err := (Train{Backbone: "wrn-9-1", Units: []float64{1}, Classes: []int{2}, Size: 8, Batches: []int{1}}).Run(t.Context(), m); err == nil {
			t.Error("a network that does not exist was measured")
		}
		if _, err := (Infer{Backbone: "wrn-8-1", Units: make([]float64, network.MaxUnits+1), Classes: 2, Size: 8, Batches: []int{1}}).Run(t.Context(), m); err == nil {
			t.Error("more units than there can be were measured")
		}
	})
}

func TestCeilingsOfADevice(t *testing.T) {
	if testing.Short() {
		t.Skip("copies hundreds of megabytes")
	}
	onMachine(t, func(t *testing.T, m *Machine) {
		records, err := Device{}.Run(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]int{}
		for _, r := range records {
			sound(t, r)
			found[r.Name]++
		}
		for name, want := range map[string]int{CeilingFMA: 1, CeilingCopy: 3, CeilingLaunch: 1, CeilingLaunchWaiting: 1, CeilingSubmit: 1, CeilingUpload: 1, CeilingDownload: 1} {
			if name == CeilingFMA && m.Device.Info.Features.Float16 {
				want = 2
			}
			if found[name] != want {
				t.Errorf("%d records of %s, want %d", found[name], name, want)
			}
		}
		c := Ceilings(records)
		if c.FMA("fp32") <= 0 || c.Copy() <= 0 || c.FMA("fp8") != 0 {
			t.Errorf("multiply-adds %v, copies %v, of a precision without a record %v", c.FMA("fp32"), c.Copy(), c.FMA("fp8"))
		}
	})
}

func TestResultsThatAreWrongAreNoCeiling(t *testing.T) {
	onMachine(t, func(t *testing.T, m *Machine) {
		b := workbench{Machine: m}
		defer b.close()
		r := b.filled("numbers", layers.FP32, []float32{1, 2, 3})
		b.check("numbers", r, 3, func(i int) float32 { return float32(i + 1) })
		if b.err != nil {
			t.Fatal(b.err)
		}
		b.check("numbers", r, 3, func(int) float32 { return 1 })
		if b.err == nil {
			t.Fatal("wrong numbers were accepted")
		}
		another := errors.New("another")
		b.fail(another)
		if b.program("nothing", nil); errors.Is(b.err, another) || len(b.programs) > 0 {
			t.Errorf("after an error: %v, %d programs", b.err, len(b.programs))
		}
	})
}
