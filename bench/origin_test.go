package bench

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/dvn-vk/dvn-vk/gpu"
)

func TestCommitSaysWhereThereWereChanges(t *testing.T) {
	revision := debug.BuildSetting{Key: "vcs.revision", Value: "0123456789abcdef"}
	for _, c := range []struct {
		name     string
		settings []debug.BuildSetting
		want     string
	}{
		{"no checkout", nil, ""},
		{"as committed", []debug.BuildSetting{revision, {Key: "vcs.modified", Value: "false"}}, "0123456789ab"},
		{"changed", []debug.BuildSetting{{Key: "vcs.modified", Value: "true"}, revision}, "0123456789ab+"},
	} {
		if got := commit(c.settings); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestOnlyDevicesOnTheCPUHaveThreads(t *testing.T) {
	t.Setenv("LP_NUM_THREADS", "3")
	cpu, discrete := newOrigin(gpu.DeviceInfo{Type: gpu.CPU}, ""), newOrigin(gpu.DeviceInfo{Type: gpu.Discrete}, "")
	if cpu.Threads != 3 || discrete.Threads != 0 {
		t.Errorf("%d threads of a CPU, %d of a GPU, want 3 and 0", cpu.Threads, discrete.Threads)
	}
	t.Setenv("LP_NUM_THREADS", "")
	if got := newOrigin(gpu.DeviceInfo{Type: gpu.CPU}, "").Threads; got != runtime.NumCPU() {
		t.Errorf("%d threads, want all %d", got, runtime.NumCPU())
	}
	if _, err := time.Parse(time.RFC3339, cpu.Date); err != nil || cpu.CPU == "" {
		t.Errorf("date %q, %v; CPU %q", cpu.Date, err, cpu.CPU)
	}
}
