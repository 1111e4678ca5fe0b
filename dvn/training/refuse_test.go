package training

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/dvn-vk/dvn-vk/dvn/internal/ondevice"
	"github.com/dvn-vk/dvn-vk/dvn/scenario"
	"github.com/dvn-vk/dvn-vk/layers"
)

func TestAnEditedConfigurationIsRefused(t *testing.T) {
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		run := interrupted(t, k.Device)
		for _, c := range []struct {
			name string
			edit func(text string) string
			want string // empty: accepted
		}{
			{"a comment", func(text string) string { return "# mine\n" + text }, ""},
			{"another rate", func(text string) string { return strings.Replace(text, "lr = 0.05", "lr = 0.1", 1) }, "is not the configuration that the checkpoint was made with: put it back, or start a new run with it"},
			{"another seed", func(text string) string { return strings.Replace(text, "seed = 1", "seed = 2", 1) }, "is not the configuration"},
			{"an unknown key", func(text string) string { return "dropout = 0.5\n" + text }, "config.toml:1: dropout: unknown key"},
		} {
			t.Run(c.name, func(t *testing.T) {
				dir := copied(t, run)
				path := filepath.Join(dir, configFile)
				text, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				edited := c.edit(string(text))
				if edited == string(text) {
					t.Fatal("the edit changes nothing")
				}
				if err := os.WriteFile(path, []byte(edited), 0o644); err != nil {
					t.Fatal(err)
				}
				_, err = resume(t, k.Device, dir)
				if c.want == "" {
					if !errors.Is(err, ErrInterrupted) {
						t.Error(err)
					}
					return
				}
				wantSentence(t, err, path, c.want)
			})
		}
	})
}

func TestAFolderThatHoldsSomethingIsRefused(t *testing.T) {
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		dir := interrupted(t, k.Device)
		_, err := Start(t.Context(), Options{Config: tinyConfig(t, "joint"), Dir: dir, Device: k.Device})
		wantSentence(t, err, dir+" is not empty", "--resume")
	})
}

func TestFrozenPatternsMustFreezeSomethingAndLeaveSomething(t *testing.T) {
	for _, c := range []struct {
		name     string
		patterns []string
		want     string // empty: accepted
	}{
		{"none", nil, ""},
		{"a tensor and a family of them", []string{"group1.block1.conv1.weight", "task1.*"}, ""},
		{"a task that is not there", []string{"task3.*"}, `frozen: ["task3.*"] match no tensor that could train: names are like group1.block1.conv1.weight`},
		{"a misspelling among good ones", []string{"task1.*", "groop*", "group4.*", "group1.*"}, `frozen: ["groop*" "group4.*"] match no tensor`},
		{"statistics, which do not train", []string{"*.running_mean"}, `frozen: ["*.running_mean"] match no tensor that could train`},
		{"everything", []string{"group*", "task*"}, `frozen: ["group*" "task*"] match every tensor, so nothing would train`},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, objective := range []string{"joint", "sequential"} { // task 2 belongs to the second phase alone
				config := tinyConfig(t, objective)
				err := checkFrozen(c.patterns, phasesOf(config, []int{4, 4}))
				if c.want == "" {
					if err != nil {
						t.Errorf("%s: %v", objective, err)
					}
					continue
				}
				wantSentence(t, err, c.want)
			}
		})
	}
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		config := tinyConfig(t, "joint")
		config.Frozen = []string{"task3.*"}
		dir := filepath.Join(t.TempDir(), "run")
		_, err := Start(t.Context(), Options{Config: config, Dir: dir, Device: k.Device})
		wantSentence(t, err, `frozen: ["task3.*"]`)
		wantNoRun(t, k, dir)
	})
}

// wantNoRun checks that nothing was begun.
func wantNoRun(t *testing.T, k *layers.Kernels, dir string) {
	t.Helper()
	if used := k.Device.Usage(); len(used) > 0 {
		t.Errorf("%v is in use on the device", used)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the run's folder is there (%v)", err)
	}
}

func TestWhatTheDeviceCannotHoldIsRefusedWithTheLargestBatch(t *testing.T) {
	config := tinyConfig(t, "joint")
	config.Backbone = "wrn-32-4"
	for j := range config.Tasks {
		config.Tasks[j].Size, config.Tasks[j].Batch = 32, 65536
	}
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		dir := filepath.Join(t.TempDir(), "run")
		var said []string
		_, err := Start(t.Context(), Options{Config: config, Dir: dir, Device: k.Device, Observer: Observer{Message: func(text string) { said = append(said, text) }}})
		wantSentence(t, err, k.Device.Info.Name, "the largest batch that fits is")
		wantNoRun(t, k, dir)
		if !strings.Contains(strings.Join(said, "\n"), "memory needed: ") {
			t.Errorf("the memory needed is not among %q", said)
		}
		match := regexp.MustCompile(`the largest batch that fits is (\d+) \(--batch (\d+)\)$`).FindStringSubmatch(fmt.Sprint(err))
		if match == nil || match[1] != match[2] {
			t.Fatalf("got %v", err)
		}
		largest, err := strconv.Atoi(match[1])
		if err != nil {
			t.Fatal(err)
		}
		needs := func(batch int) uint64 {
			c := config
			c.Tasks = append([]scenario.Task(nil), config.Tasks...)
			for j := range c.Tasks {
				c.Tasks[j].Batch = batch
			}
			s := &session{kernels: k, phases: phasesOf(c, []int{4, 4})}
			m, err := s.predict(c)
			if err != nil {
				t.Fatal(err)
			}
			return m.Total()
		}
		// Other programs use the memory too: what was available then is what is available now, more or less.
		available := k.Device.Available()
		if fits, next := needs(largest), needs(largest+1); float64(fits) > 1.2*float64(available) || float64(next) < 0.8*float64(available) {
			t.Errorf("a batch of %d needs %d bytes, one more %d, %d are available", largest, fits, next, available)
		}
	})
}

func TestABackboneThatFitsNoDeviceIsRefusedBeforeAStepIsSketched(t *testing.T) {
	const mostBytes = 100 << 20 // on the host: a sketch lists the tiles of all weights, gigabytes of them
	config := tinyConfig(t, "joint")
	config.Backbone = "wrn-8-640"
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		dir := filepath.Join(t.TempDir(), "run")
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Start(t.Context(), Options{Config: config, Dir: dir, Device: k.Device})
		runtime.ReadMemStats(&after)
		wantSentence(t, err, k.Device.Info.Name, "not even a batch of 1 fits; take a smaller backbone")
		wantNoRun(t, k, dir)
		if taken := after.TotalAlloc - before.TotalAlloc; taken > mostBytes {
			t.Errorf("%d bytes were allocated on the host, more than %d", taken, mostBytes)
		}
	})
}
