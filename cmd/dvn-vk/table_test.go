package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dvn-vk/dvn-vk/dvn"
	"github.com/dvn-vk/dvn-vk/dvn/training"
	"github.com/dvn-vk/dvn-vk/gpu"
)

func TestTheTableOfHeads(t *testing.T) {
	rows := []training.Row{
		{Task: 1, Level: 1, Name: "cifar10", Units: []int{1}, Parameters: 19_712, Accuracy: 71.25, LatencyMS: 0.5},
		{Task: 1, Level: 2, Name: "cifar10", Units: []int{1, 2}, Parameters: 74_720, Accuracy: 100, LatencyMS: 12},
		{Task: 2, Level: 1, Name: "cifar100", Units: []int{2}, Parameters: 1_851_824, Accuracy: 40, Top5: 80.04, HasTop5: true, LatencyMS: 1.234},
		{Task: 2, Level: 2, Name: "cifar100", Units: []int{1, 2}, Parameters: 7_371_184, Accuracy: 50, Top5: 90, HasTop5: true, LatencyMS: 2},
	}
	for _, test := range []struct {
		what string
		rows []training.Row
		want string
	}{
		{"with top 5", rows, `
task      level  units  parameters    share  accuracy   top 5   latency
-------------------------------------------------------------------------
cifar10       1  1           19.7k   26.4 %    71.2 %           0.50 ms
cifar10       2  1,2         74.7k  100.0 %   100.0 %          12.00 ms
cifar100      1  2           1.85M   25.1 %    40.0 %  80.0 %   1.23 ms
cifar100      2  1,2         7.37M  100.0 %    50.0 %  90.0 %   2.00 ms
`},
		{"without top 5", rows[:2], `
task     level  units  parameters    share  accuracy   latency
----------------------------------------------------------------
cifar10      1  1           19.7k   26.4 %    71.2 %   0.50 ms
cifar10      2  1,2         74.7k  100.0 %   100.0 %  12.00 ms
`},
	} {
		t.Run(test.what, func(t *testing.T) {
			var got strings.Builder
			printHeads(&got, test.rows)
			if diff := cmp.Diff(test.want, "\n"+got.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheTableOfOperations(t *testing.T) {
	profile := &training.Profile{Steps: 4, Wall: true, Total: 2 * time.Second, Operations: []training.ProfileRow{
		{Kind: "conv_forward", Count: 32, Duration: 1500 * time.Millisecond, Share: 0.75, GFLOPS: 12.34, GBS: 5},
		{Kind: "copy", Count: 4, Duration: 500 * time.Millisecond, Share: 0.25, GBS: 1},
	}}
	const want = `
Operations of 4 training steps, 500.00 ms each, by the host's clock, a submission an operation included: the device has no timestamps:

operation      share  ms/step  calls/step  GFLOP/s  GB/s
----------------------------------------------------------
conv_forward  75.0 %  375.000         8.0     12.3   5.0
copy          25.0 %  125.000         1.0            1.0
`
	var got strings.Builder
	printProfile(&got, profile)
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Error(diff)
	}
}

func TestNumbersOfParametersAreShort(t *testing.T) {
	for n, want := range map[int]string{0: "0", 640: "640", 1_000: "1.0k", 75_240: "75.2k", 1_851_824: "1.85M", 29_813_440: "29.81M"} {
		if got := amount(n); got != want {
			t.Errorf("amount(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestAnEpochIsToldTaskByTaskAndLevelByLevel(t *testing.T) {
	rows := []training.EpochRow{
		{Task: 1, Level: 1, Name: "shapes", Accuracy: 61.2}, {Task: 1, Level: 2, Name: "shapes", Accuracy: 70.44},
		{Task: 2, Level: 1, Name: "textures", Accuracy: 8},
	}
	if got, want := accuracies(rows), "shapes 61.2 70.4 %, textures 8.0 %"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	all := map[dvn.HeadID]float32{{Task: 2, Level: 1}: 3, {Task: 1, Level: 2}: 2, {Task: 1, Level: 1}: 1.005}
	if got, want := losses(all), "1.00 2.00 / 3.00"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTheTableOfDevicesSaysWhyOneCannotBeUsed(t *testing.T) {
	var got strings.Builder
	printDevices(&got, []gpu.DeviceInfo{
		{Index: 0, Name: "A fine device", Limits: gpu.Limits{SubgroupSize: 32, MinSubgroupSize: 8, MaxSubgroupSize: 32}},
		{Index: 1, Name: "An old device", Problems: []string{"lacks a compute queue", "lacks scalarBlockLayout"}},
	})
	for _, want := range []string{"A fine device", "yes", "32 (8 to 32)", "An old device", "no, it lacks a compute queue, lacks", "scalarBlockLayout"} {
		if !strings.Contains(got.String(), want) {
			t.Errorf("the table does not say %q:\n%s", want, &got)
		}
	}
}
