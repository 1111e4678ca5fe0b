package tune

import (
	"math"
	"os"
	"slices"
	"testing"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/gpu/ondevice"
	"github.com/dvn-vk/dvn-vk/layers"
	"github.com/dvn-vk/dvn-vk/layers/conformance"
)

// deviceCases are all passes of small layers: Winograd's shape, a stride, one pixel, a stem's single input unit.
func deviceCases(precision layers.Precision) []layers.ConvCase {
	var cases []layers.ConvCase
	for _, p := range layers.Passes() {
		for _, layer := range []struct{ kernel, stride, size int }{{3, 1, 6}, {3, 2, 5}, {3, 3, 7}, {1, 2, 4}, {3, 1, 1}} {
			c := smallCaseIn(precision, p, layer.size)
			c.Conv.Kernel, c.Conv.Stride = layer.kernel, layer.stride
			for i := range c.Heads {
				c.Heads[i].Y.Size = c.Conv.OutSize()
			}
			cases = append(cases, c)
		}
	}
	return cases
}

func TestEveryCandidateOfADeviceIsRight(t *testing.T) {
	t.Setenv("DVNVK_CONV_VARIANT", "")
	for _, precision := range layers.Precisions() {
		t.Run(string(precision), func(t *testing.T) {
			ondevice.Run(t, func(t *testing.T, d *gpu.Device) { everyCandidateIsRight(t, d, precision) })
		})
	}
}

func everyCandidateIsRight(t *testing.T, d *gpu.Device, precision layers.Precision) {
	if precision == layers.FP16 && !d.Info.Features.Storage16 {
		t.Skip("the device has no 16-bit storage")
	}
	k, err := layers.NewKernels(d, precision)
	if err != nil {
		t.Fatal(err)
	}
	tuner := &Tuner{Folder: t.TempDir(), Message: func(text string) { t.Error(text) }}
	cases := deviceCases(precision)
	results, err := tuner.Run(t.Context(), k, cases)
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, r := range results {
		if r.Source != Measured || r.Candidates[0].GFLOPS <= 0 || r.Candidates[0].Error <= 0 && r.Case.Conv.InSize > 1 {
			t.Errorf("%s: %+v", r.Case.Key(), r)
		}
		tried += len(r.Candidates)
	}
	if len(results) != len(cases) || tried <= len(cases) {
		t.Errorf("%d results and %d candidates of %d cases, want more than one of some", len(results), tried, len(cases))
	}
	if files, err := os.ReadDir(tuner.Folder); err != nil || len(files) != 1 {
		t.Errorf("%v, %v; want one file", files, err)
	}

	planned, err := tuner.Kernels(t.Context(), k, cases)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if got := planned.Choose(r.Case.Pass, r.Case.Conv, r.Case.Heads); got != r.Winner {
			t.Errorf("%s: kernels choose %s, the tuner %s", r.Case.Key(), got, r.Winner)
		}
	}
}

// The reference of the samples and the whole reference are one.
func TestSamplesAreNumbersOfTheReference(t *testing.T) {
	for _, c := range slices.Concat(deviceCases(layers.FP32), deviceCases(layers.FP16)) {
		o := operands{c, randomBlock(c.Precision())}
		whole, samples := reference(o), o.samples()
		if len(samples) != allSamples {
			t.Fatalf("%s: %d samples, want %d", c.Key(), len(samples), allSamples)
		}
		different := map[int]bool{}
		for _, s := range samples {
			different[s.at] = true
			if got := float64(whole[s.at]); !(math.Abs(got-s.want) <= 1e-6*s.magnitude+conformance.StoredRounding(o.written(), got, s.want)) && s.magnitude > 0 {
				t.Fatalf("%s: %s is %g, the whole reference says %g", c.Key(), s.where, s.want, got)
			}
		}
		if len(different) < 20 {
			t.Errorf("%s: %d different numbers", c.Key(), len(different))
		}
	}
}

func TestAForcedVariantIsNotTuned(t *testing.T) {
	t.Setenv("DVNVK_CONV_VARIANT", string(layers.Flat))
	ondevice.Run(t, func(t *testing.T, d *gpu.Device) {
		k, err := layers.NewKernels(d, layers.FP32)
		if err != nil {
			t.Fatal(err)
		}
		tuner := &Tuner{Progress: func(int, int) { t.Error("something is measured") }}
		if got, err := tuner.Kernels(t.Context(), k, deviceCases(layers.FP32)); got != k || err != nil {
			t.Errorf("got other kernels, %v", err)
		}
	})
}
