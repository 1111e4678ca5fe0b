package training

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dvn-vk/dvn-vk/dvn/internal/ondevice"
	"github.com/dvn-vk/dvn-vk/dvn/safetensors"
	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// interrupted is a run that was stopped after three steps: its checkpoints are of the steps 2 and 3.
func interrupted(t *testing.T, d *gpu.Device) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "run")
	interruptAfter(t, d, tinyConfig(t, "joint"), dir, 3)
	paths, err := checkpoints(dir)
	if err != nil || len(paths) != 2 || paths[0] != checkpointPath(dir, 3) || paths[1] != checkpointPath(dir, 2) {
		t.Fatalf("checkpoints %q, %v", paths, err)
	}
	return dir
}

// copied is a copy of a run folder to be damaged.
func copied(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

// resume goes on with a run for one step, and returns what it said.
func resume(t *testing.T, d *gpu.Device, dir string) (said string, err error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var messages []string
	_, err = Resume(ctx, ResumeOptions{Dir: dir, Device: d, Observer: Observer{Message: func(text string) { messages = append(messages, text) }}})
	return strings.Join(messages, "\n"), err
}

// damage changes a checkpoint file.
type damage func(t *testing.T, path string)

// overwrite changes a checkpoint's bytes.
func overwrite(change func(data []byte) []byte) damage {
	return func(t *testing.T, path string) {
		t.Helper()
		data, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(path, change(data), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// rewrite changes a checkpoint's content; its checksum is right.
func rewrite(change func(f *safetensors.File)) damage {
	return func(t *testing.T, path string) {
		t.Helper()
		f, err := safetensors.ReadChecked(path)
		if err == nil {
			change(f)
			err = safetensors.WriteChecked(path, f)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func metadata(key, value string) damage {
	return rewrite(func(f *safetensors.File) { f.Metadata[key] = value })
}

// damages are what a checkpoint may suffer, and what is said of it.
var damages = []struct {
	name   string
	damage damage
	want   string
}{
	{"it ends in the middle", overwrite(func(data []byte) []byte { return data[:len(data)/2] }), "truncated"},
	{"nothing is in it", overwrite(func([]byte) []byte { return nil }), "not a safetensors file"},
	{"a bit is another", overwrite(func(data []byte) []byte {
		data[len(data)-100] ^= 1
		return data
	}), "does not agree with its checksum"},
	{"a file of another program", func(t *testing.T, path string) {
		f := &safetensors.File{Tensors: []safetensors.Tensor{safetensors.F32("weight", []int{2}, []float32{1, 2})}}
		if err := safetensors.Write(path, f); err != nil {
			t.Fatal(err)
		}
	}, "it was not written as a checkpoint"},
	{"another kind of file", metadata(formatKey, "fixture 1"), "not a checkpoint of this program"},
	{"a weight that is no number", rewrite(func(f *safetensors.File) {
		copy(f.Tensors[0].Data, safetensors.F32("", []int{1}, []float32{float32(math.NaN())}).Data)
	}), "element [0 0 0 0] is NaN"},
	{"a state that is no JSON", metadata("state", "{"), "metadata state"},
	{"a loss scale of 0", metadata("state", `{"phase": 1, "epoch": 1, "loss_scale": {"scale": 0}}`), "a loss scale of 0"},
	{"a configuration that is none", metadata("config", "lr = "), "step-"},
	{"classes of one task", metadata("classes", `[["a"]]`), "classes and normalisations of 1 and 2 tasks"},
}

func TestTheCheckpointBeforeADamagedOneIsUsed(t *testing.T) {
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		run := interrupted(t, k.Device)
		for _, c := range damages {
			t.Run(c.name, func(t *testing.T) {
				dir := copied(t, run)
				c.damage(t, checkpointPath(dir, 3))
				said, err := resume(t, k.Device, dir)
				if !errors.Is(err, ErrInterrupted) {
					t.Fatal(err)
				}
				for _, want := range []string{"a newer checkpoint cannot be used: ", filepath.Base(checkpointPath(dir, 3)), c.want, "resumed at phase 1, epoch 1, step 2"} {
					if !strings.Contains(said, want) {
						t.Errorf("it does not say %q:\n%s", want, said)
					}
				}
			})
		}
	})
}

func TestWithoutAGoodCheckpointThereIsOneError(t *testing.T) {
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		run := interrupted(t, k.Device)
		for _, c := range damages {
			t.Run(c.name, func(t *testing.T) {
				dir := copied(t, run)
				c.damage(t, checkpointPath(dir, 2))
				c.damage(t, checkpointPath(dir, 3))
				_, err := resume(t, k.Device, dir)
				wantSentence(t, err, "no checkpoint can be used", c.want, filepath.Base(checkpointPath(dir, 2)), filepath.Base(checkpointPath(dir, 3)))
				_, err = Evaluate(t.Context(), EvalOptions{Dir: dir, Device: k.Device})
				wantSentence(t, err, "no checkpoint can be used", c.want)
			})
		}
	})
	_, _, err := readNewest(t.TempDir())
	wantSentence(t, err, "no checkpoint (step-*.safetensors) here: name a run folder")
}

// wantSentence checks that an error is one line that says all words.
func wantSentence(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want one with %q", words)
		return
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q does not say %q", err, word)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("%q is more than one line", err)
	}
}

// A checkpoint may be whole and not belong to the configuration all the same.
func TestACheckpointOfAnotherNetworkIsRefused(t *testing.T) {
	backbone := func(f *safetensors.File) {
		f.Metadata["config"] = strings.Replace(f.Metadata["config"], "wrn-8-1", "wrn-8-2", 1)
	}
	for _, c := range []struct {
		name   string
		change func(f *safetensors.File)
		want   string
	}{
		{"another backbone", backbone, "tensor group1.block1.conv1.weight: shape [16 16 3 3], the configuration needs [32 16 3 3] (backbone wrn-8-2): use the run's own config.toml"},
		{"a tensor is missing", func(f *safetensors.File) { f.Tensors = f.Tensors[1:] }, "tensor group1.block1.conv1.weight: missing from the checkpoint"},
		{"a momentum is missing", func(f *safetensors.File) { f.Tensors = f.Tensors[:len(f.Tensors)-1] }, "tensor momentum."},
		{"a tensor too many", func(f *safetensors.File) {
			f.Tensors = append(f.Tensors, safetensors.F32("task9.stem.weight", []int{1}, []float32{0}))
		}, "tensor task9.stem.weight: the configuration (backbone wrn-8-1) has none of that name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
				dir := interrupted(t, k.Device)
				rewrite(c.change)(t, checkpointPath(dir, 3))
				f, err := safetensors.ReadChecked(checkpointPath(dir, 3))
				if err == nil {
					err = os.WriteFile(filepath.Join(dir, configFile), []byte(f.Metadata["config"]), 0o644)
				}
				if err != nil {
					t.Fatal(err)
				}
				_, err = resume(t, k.Device, dir)
				wantSentence(t, err, c.want)
			})
		})
	}
}
