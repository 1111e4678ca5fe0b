package training

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dvn-vk/dvn-vk/data"
	"github.com/dvn-vk/dvn-vk/dvn"
	"github.com/dvn-vk/dvn-vk/dvn/internal/ondevice"
	"github.com/dvn-vk/dvn-vk/dvn/safetensors"
	"github.com/dvn-vk/dvn-vk/layers"
)

// wholeNetwork is the newest checkpoint in a store of all tensors.
func wholeNetwork(t *testing.T, k *layers.Kernels, dir string) *dvn.Store {
	t.Helper()
	c, _, err := readNewest(dir)
	if err != nil {
		t.Fatal(err)
	}
	store, err := dvn.NewStore(k.Device, false, phasesOf(c.config, c.classCounts())...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	if err := c.restore(store, "", false); err != nil {
		t.Fatal(err)
	}
	return store
}

func openNetwork(t *testing.T, dir string) *Network {
	t.Helper()
	n, err := OpenNetwork(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

func TestALevelOfARunGivesTheLogitsOfItsWholeNetwork(t *testing.T) {
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		dir := interrupted(t, k.Device)
		n, store := openNetwork(t, dir), wholeNetwork(t, k, dir)
		if len(n.Phase.Heads) != 4 || len(n.TaskNames) != 2 || n.Checkpoint != checkpointPath(dir, 3) || len(n.Skipped) > 0 {
			t.Fatalf("%+v", n)
		}
		for _, h := range n.Phase.Heads {
			id := dvn.HeadID{Task: h.Task, Level: h.Level}
			alone, err := n.Phase.Alone(id)
			if err != nil {
				t.Fatal(err)
			}
			evaluator, err := dvn.NewEvaluator(k, store, alone, map[int]int{h.Task: 4})
			if err != nil {
				t.Fatal(err)
			}
			set, err := loadSplit(n.checkpoint.config, n.checkpoint.config.Tasks[h.Task-1], data.Test, 4)
			if err != nil {
				t.Fatal(err)
			}
			for batch := range data.EvaluationBatches(set, n.checkpoint.normalisations[h.Task-1], 4) {
				want, err := evaluator.Run(map[int]dvn.Batch{h.Task: {Images: batch.Images}})
				if err != nil {
					t.Fatal(err)
				}
				if got := logitsOf(t, k, n, id, batch.Images); !slices.Equal(got, want.Logits(id)) {
					t.Errorf("%s: %v, in the whole network %v", id, got, want.Logits(id))
				}
			}
			evaluator.Close()
		}
	})
}

// logitsOf runs a level that is loaded alone.
func logitsOf(t *testing.T, k *layers.Kernels, n *Network, id dvn.HeadID, images []float32) []float32 {
	t.Helper()
	level, err := dvn.LoadLevel(k, n.Phase, id, n.Values)
	if err != nil {
		t.Fatal(err)
	}
	defer level.Close()
	task := n.Phase.Tasks[id.Task-1]
	batch := len(images) / (task.Size * task.Size * task.Channels)
	inference, err := level.NewInference(batch, false)
	if err != nil {
		t.Fatal(err)
	}
	defer inference.Close()
	logits := make([]float32, batch*task.Classes)
	if err := inference.Run(images, logits); err != nil {
		t.Fatal(err)
	}
	if slices.Max(logits) == slices.Min(logits) {
		t.Errorf("%s: all logits are %v", id, logits[0])
	}
	return logits
}

func TestANewestCheckpointThatIsCutShortIsSkipped(t *testing.T) {
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		dir := interrupted(t, k.Device)
		overwrite(func(data []byte) []byte { return data[:len(data)-8] })(t, checkpointPath(dir, 3))
		n := openNetwork(t, dir)
		if n.Checkpoint != checkpointPath(dir, 2) || len(n.Skipped) != 1 || !strings.Contains(n.Skipped[0].Error(), "truncated") {
			t.Errorf("opened %s, skipped %v", n.Checkpoint, n.Skipped)
		}
	})
}

func TestLevelsOfDamagedCheckpointsAreRefused(t *testing.T) {
	const conv = "group2.block1.conv2.weight" // [32, 32, 3, 3]: level 1 of task 1 holds the first half of rows and columns
	tensor := func(f *safetensors.File) *safetensors.Tensor {
		return &f.Tensors[slices.IndexFunc(f.Tensors, func(t safetensors.Tensor) bool { return t.Name == conv })]
	}
	spoil := func(at int) damage {
		return rewrite(func(f *safetensors.File) {
			binary.LittleEndian.PutUint32(tensor(f).Data[4*at:], math.Float32bits(float32(math.NaN())))
		})
	}
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		dir := interrupted(t, k.Device)
		for _, c := range []struct {
			name   string
			damage damage
			want   string
		}{
			{"a number that is not finite", spoil(16*9 - 1), "tensor " + conv + ": value 143 of those that are loaded is NaN"},
			{"a number of another unit is none of its business", spoil(16 * 9), ""},
			{"a tensor is missing", rewrite(func(f *safetensors.File) { tensor(f).Name = "other" }), "tensor " + conv + ": missing"},
			{"a tensor of another shape", rewrite(func(f *safetensors.File) { tensor(f).Shape = []int{16, 64, 3, 3} }), "tensor " + conv + ": shape [16 64 3 3]"},
		} {
			t.Run(c.name, func(t *testing.T) {
				dir := copied(t, dir)
				c.damage(t, checkpointPath(dir, 3))
				n := openNetwork(t, dir)
				level, err := dvn.LoadLevel(k, n.Phase, dvn.HeadID{Task: 1, Level: 1}, n.Values)
				if err == nil {
					level.Close()
				}
				got := ""
				if err != nil {
					got = err.Error()
				}
				if c.want == "" && err != nil || !strings.Contains(got, c.want) {
					t.Errorf("got %q, want %q", got, c.want)
				}
			})
		}
	})
	if _, err := OpenNetwork(t.TempDir()); err == nil || !strings.Contains(err.Error(), "name a run folder") {
		t.Errorf("an empty folder: %v", err)
	}
}

// What is read is counted by the spans: the blocks of level 1 are a quarter of the convolutions' weights.
func TestALevelReadsItsOwnPartOfTheFile(t *testing.T) {
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		n := openNetwork(t, interrupted(t, k.Device))
		read := map[string]int{}
		level, err := dvn.LoadLevel(k, n.Phase, dvn.HeadID{Task: 2, Level: 1}, func(tensor *dvn.Tensor) ([]float32, error) {
			for _, s := range tensor.Spans() {
				read[tensor.Name] += s.Len
			}
			return n.Values(tensor)
		})
		if err != nil {
			t.Fatal(err)
		}
		defer level.Close()
		got := map[string]int{}
		for _, name := range []string{"group1.block1.conv1.weight", "group2.block1.conv1.weight", "task2.level1.fc.weight", "task1.stem.weight"} {
			got[name] = read[name]
		}
		classes := n.Phase.Tasks[1].Classes
		want := map[string]int{"group1.block1.conv1.weight": 8 * 16 * 9, "group2.block1.conv1.weight": 16 * 8 * 9, "task2.level1.fc.weight": 32 * classes, "task1.stem.weight": 0}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}
