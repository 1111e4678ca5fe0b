package training

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dvn-vk/dvn-vk/data"
	"github.com/dvn-vk/dvn-vk/dvn"
	"github.com/dvn-vk/dvn-vk/dvn/safetensors"
	"github.com/dvn-vk/dvn-vk/dvn/scenario"
	"github.com/dvn-vk/dvn-vk/layers"
)

// state is where a run stands: all that continues it bit-identically beside its tensors. Phases and epochs count from 1.
type state struct {
	Phase        int                `json:"phase"`
	Epoch        int                `json:"epoch"` // of the phase
	Step         int                `json:"step"`  // steps of the epoch that are done
	TotalSteps   int                `json:"total_steps"`
	LossSums     map[string]float64 `json:"loss_sums"` // by head, over the epoch's steps
	Streams      []data.StreamState `json:"streams"`   // of the phase's tasks, in order; empty at a phase's start
	Seconds      float64            `json:"seconds"`
	MetricsBytes int64              `json:"metrics_bytes"` // of metrics.jsonl; lines behind it are cut off on resume
	Finished     bool               `json:"finished"`
	LossScale    *layers.LossScale  `json:"loss_scale,omitempty"` // of FP16, from the first step on
}

// origin says what made a checkpoint.
type origin struct {
	Version string   `json:"version"`
	Command []string `json:"command"`
	Device  string   `json:"device"`
	UUID    string   `json:"device_uuid"`
	Driver  string   `json:"driver"`
	Kernels string   `json:"kernels"` // variant and widths: what the order of sums hangs on
	// Selection is how the convolutions get their kernels; a run keeps the one that it began with.
	Selection layers.Selection `json:"selection"`
}

// checkpoint is a checkpoint file's contents.
type checkpoint struct {
	state          state
	origin         origin
	config         scenario.Config
	classes        [][]string // names of every task's classes
	normalisations []data.Normalisation
	file           *safetensors.File
}

const (
	extension  = ".safetensors"
	kept       = 2 // checkpoints in a run folder
	formatKey  = "dvn-vk"
	formatName = "checkpoint 1"
	oldPrefix  = "old." // tensors of the network at the start of a sequential phase
)

func checkpointPath(dir string, steps int) string {
	return filepath.Join(dir, fmt.Sprintf("step-%09d%s", steps, extension))
}

// checkpoints lists a run folder's checkpoints, the newest first.
func checkpoints(dir string) ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "step-*"+extension))
	slices.Sort(paths)
	slices.Reverse(paths)
	return paths, err
}

// write stores a checkpoint of the stores and removes all but the last two. The new file is complete before an old one goes.
// Numbers that are not finite are an ErrDiverged: such a checkpoint would push out a good one.
func (c checkpoint) write(dir string, store, old *dvn.Store) error {
	text, err := c.config.TOML()
	if err != nil {
		return err
	}
	file := &safetensors.File{Metadata: map[string]string{formatKey: formatName, "config": string(text)}}
	for key, value := range map[string]any{"state": c.state, "origin": c.origin, "classes": c.classes, "normalisations": c.normalisations} {
		encoded, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("checkpoint: %w", err)
		}
		file.Metadata[key] = string(encoded)
	}
	if err := addTensors(file, store, ""); err != nil {
		return err
	}
	for _, name := range store.Names() {
		t, _ := store.Tensor(name)
		if !t.Trainable() {
			continue
		}
		values, err := store.Momentum(name)
		if err != nil {
			return err
		}
		file.Tensors = append(file.Tensors, safetensors.F32("momentum."+name, t.Shape, values))
	}
	for _, t := range file.Tensors {
		if err := t.Finite(); err != nil {
			return fmt.Errorf("%w: %w; lower the learning rate", dvn.ErrDiverged, err)
		}
	}
	if old != nil {
		if err := addTensors(file, old, oldPrefix); err != nil {
			return err
		}
	}
	if err := safetensors.WriteChecked(checkpointPath(dir, c.state.TotalSteps), file); err != nil {
		return err
	}
	return prune(dir)
}

func addTensors(file *safetensors.File, store *dvn.Store, prefix string) error {
	for _, name := range store.Names() {
		values, err := store.Get(name)
		if err != nil {
			return err
		}
		t, _ := store.Tensor(name)
		file.Tensors = append(file.Tensors, safetensors.F32(prefix+name, t.Shape, values))
	}
	return nil
}

// prune keeps the last checkpoints and removes what an interrupted write left.
func prune(dir string) error {
	paths, err := checkpoints(dir)
	if err != nil {
		return err
	}
	leftovers, err := filepath.Glob(filepath.Join(dir, "step-*"+extension+".*.tmp"))
	if err != nil {
		return err
	}
	for _, path := range append(paths[min(kept, len(paths)):], leftovers...) {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

// readNewest reads the newest checkpoint of a run folder that verifies; skipped says why newer ones do not.
func readNewest(dir string) (c *checkpoint, skipped []error, err error) {
	return newest(dir, readCheckpoint)
}

// newest is the newest checkpoint of a run folder that read takes; skipped says why it does not take newer ones.
func newest(dir string, read func(path string) (*checkpoint, error)) (c *checkpoint, skipped []error, err error) {
	paths, err := checkpoints(dir)
	if err != nil {
		return nil, nil, err
	}
	for _, path := range paths {
		c, err := read(path)
		if err == nil {
			return c, skipped, nil
		}
		skipped = append(skipped, err)
	}
	if len(skipped) > 0 {
		err := skipped[0]
		for _, why := range skipped[1:] {
			err = fmt.Errorf("%w; %w", err, why)
		}
		return nil, nil, fmt.Errorf("%s: no checkpoint can be used: %w", dir, err)
	}
	return nil, nil, fmt.Errorf("%s: no checkpoint (step-*%s) here: name a run folder", dir, extension)
}

func readCheckpoint(path string) (*checkpoint, error) {
	file, err := safetensors.ReadChecked(path)
	if err != nil {
		return nil, err
	}
	c, err := parseCheckpoint(path, file.Metadata)
	if err != nil {
		return nil, err
	}
	c.file = file
	for _, t := range file.Tensors {
		if err := t.Finite(); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return c, nil
}

// parseCheckpoint reads all of a checkpoint but its tensors.
func parseCheckpoint(path string, metadata map[string]string) (*checkpoint, error) {
	if metadata[formatKey] != formatName {
		return nil, fmt.Errorf("%s: not a checkpoint of this program: its metadata says %q where %q belongs", path, metadata[formatKey], formatName)
	}
	c := &checkpoint{}
	for key, value := range map[string]any{"state": &c.state, "origin": &c.origin, "classes": &c.classes, "normalisations": &c.normalisations} {
		if err := json.Unmarshal([]byte(metadata[key]), value); err != nil {
			return nil, fmt.Errorf("%s: metadata %s: %w", path, key, err)
		}
	}
	var err error
	if c.config, err = scenario.Parse(path, []byte(metadata["config"])); err != nil {
		return nil, err
	}
	if scale := c.state.LossScale; scale != nil && !(scale.Scale >= 1) {
		return nil, fmt.Errorf("%s: metadata state: a loss scale of %v, the least is 1", path, scale.Scale)
	}
	if len(c.classes) != len(c.config.Tasks) || len(c.normalisations) != len(c.config.Tasks) {
		return nil, fmt.Errorf("%s: classes and normalisations of %d and %d tasks, the configuration has %d", path, len(c.classes), len(c.normalisations), len(c.config.Tasks))
	}
	return c, nil
}

// classCounts is the number of classes of every task.
func (c *checkpoint) classCounts() []int {
	counts := make([]int, len(c.classes))
	for j, names := range c.classes {
		counts[j] = len(names)
	}
	return counts
}

// restore writes the file's tensors into a store: all that the store has, momentum included where momentum.
func (c *checkpoint) restore(store *dvn.Store, prefix string, momentum bool) error {
	known := map[string]bool{}
	for _, name := range store.Names() {
		t, _ := store.Tensor(name)
		values, err := c.values(prefix+name, t.Shape)
		if err == nil {
			err = store.Set(name, values)
		}
		if err != nil {
			return err
		}
		known[prefix+name] = true
		if momentum && t.Trainable() {
			values, err := c.values("momentum."+name, t.Shape)
			if err == nil {
				err = store.SetMomentum(name, values)
			}
			if err != nil {
				return err
			}
		}
	}
	for _, t := range c.file.Tensors {
		isOld, isMomentum := strings.HasPrefix(t.Name, oldPrefix), strings.HasPrefix(t.Name, "momentum.")
		if prefix == "" && !isOld && !isMomentum && !known[t.Name] {
			return fmt.Errorf("tensor %s: the configuration (backbone %s) has none of that name", t.Name, c.config.Backbone)
		}
	}
	return nil
}

func (c *checkpoint) values(name string, shape []int) ([]float32, error) {
	t, ok := c.file.Lookup(name)
	if err := c.fits(name, t, ok, shape); err != nil {
		return nil, err
	}
	return t.Float32s()
}

// fits says what is wrong with a tensor that was looked up.
func (c *checkpoint) fits(name string, t safetensors.Tensor, found bool, shape []int) error {
	if !found {
		return fmt.Errorf("tensor %s: missing from the checkpoint", name)
	}
	if !slices.Equal(t.Shape, shape) {
		return fmt.Errorf("tensor %s: shape %v, the configuration needs %v (backbone %s): use the run's own config.toml", name, t.Shape, shape, c.config.Backbone)
	}
	return nil
}
