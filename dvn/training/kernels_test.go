package training

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dvn-vk/dvn-vk/dvn/internal/ondevice"
	"github.com/dvn-vk/dvn-vk/layers"
	"github.com/dvn-vk/dvn-vk/layers/tune"
)

// rewriteCache lets a folder's measurements say that a variant won wherever it can run: 3x3 kernels at stride 1.
func rewriteCache(t *testing.T, folder string, winner layers.Variant) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(paths) != 1 {
		t.Fatalf("%q, %v; want one file of measurements", paths, err)
	}
	text, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	var file map[string]any
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for key, entry := range file["entries"].(map[string]any) {
		entry.(map[string]any)["variant"] = layers.Flat
		if strings.Contains(key, "3x3/1 ") {
			entry.(map[string]any)["variant"] = winner
		}
	}
	if text, err = json.Marshal(file); err == nil {
		err = os.WriteFile(paths[0], text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestARunKeepsThePlanThatItBeganWithWhateverTheCacheSays(t *testing.T) {
	t.Setenv("DVNVK_CONV_VARIANT", "") // a forced variant is not tuned
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		tuner := &tune.Tuner{Folder: t.TempDir()}
		config := tinyConfig(t, "sequential")
		config.Learning.Epochs, config.Backbone = 1, "resnet-10-2" // whose convolutions are soon measured
		options := func(name string) Options {
			return Options{Config: config, Dir: filepath.Join(t.TempDir(), name), Device: k.Device, Tuner: tuner}
		}
		cases, err := Convolutions(k, config)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tuner.Run(t.Context(), k, cases); err != nil {
			t.Fatal(err)
		}
		tuner.Progress = func(int, int) { t.Error("a start measures what the tuner knows already") }

		rewriteCache(t, tuner.Folder, layers.Winograd)
		whole, cut := options("whole"), options("cut")
		if _, err := Start(t.Context(), whole); err != nil {
			t.Fatal(err)
		}
		interruptStart(t, cut, 3)
		var kept layers.Selection
		if text, err := os.ReadFile(filepath.Join(cut.Dir, kernelsFile)); err != nil || json.Unmarshal(text, &kept) != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			if kept.Plan[c.Key()] == "" {
				t.Errorf("%s says nothing of %s", kernelsFile, c.Key())
			}
		}

		rewriteCache(t, tuner.Folder, layers.Flat)
		if _, err := Resume(t.Context(), ResumeOptions{Dir: cut.Dir, Device: k.Device}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tensorsOf(t, whole.Dir), tensorsOf(t, cut.Dir), wholeBytes); diff != "" {
			t.Errorf("resumed after the cache had changed, the tensors differ: %s", diff)
		}

		flat := options("flat")
		if _, err := Start(t.Context(), flat); err != nil {
			t.Fatal(err)
		}
		if cmp.Equal(tensorsOf(t, whole.Dir), tensorsOf(t, flat.Dir), wholeBytes) {
			t.Error("both plans have the same bits: the comparison says nothing")
		}
	})
}
