package training

import (
	"errors"
	"fmt"
	"math"

	"github.com/dvn-vk/dvn-vk/dvn"
	"github.com/dvn-vk/dvn-vk/dvn/safetensors"
)

// Network is what a run has learned, opened for inference: levels are loaded from it one by one, and only what a level holds
// is read from the checkpoint's file.
type Network struct {
	Phase      dvn.Phase // that the run has reached: its heads are those that were trained
	TaskNames  []string
	Checkpoint string  // path of the file
	Skipped    []error // why newer checkpoints cannot be used
	checkpoint *checkpoint
	reader     *safetensors.Reader
}

// OpenNetwork opens the newest checkpoint of a run folder whose header fits its file. The checksum is not compared, since that
// would read all of the file; numbers that are not finite are refused as they are read.
func OpenNetwork(dir string) (*Network, error) {
	n := &Network{}
	c, skipped, err := newest(dir, func(path string) (*checkpoint, error) {
		reader, err := safetensors.Open(path)
		if err != nil {
			return nil, err
		}
		c, err := parseCheckpoint(path, reader.Metadata)
		if err != nil {
			return nil, errors.Join(err, reader.Close())
		}
		n.reader, n.Checkpoint = reader, path
		return c, nil
	})
	if err != nil {
		return nil, err
	}
	n.checkpoint, n.Skipped = c, skipped
	for _, t := range c.config.Tasks {
		n.TaskNames = append(n.TaskNames, t.Name)
	}
	n.Phase = *c.reached()
	return n, nil
}

// reached is the phase in which a run stands, the last one where it is finished.
func (c *checkpoint) reached() *dvn.Phase {
	phases := phasesOf(c.config, c.classCounts())
	return phases[min(c.state.Phase, len(phases))-1]
}

// Values reads a tensor's spans from the checkpoint: a dvn.Source.
func (n *Network) Values(t *dvn.Tensor) ([]float32, error) {
	stored, ok := n.reader.Lookup(t.Name)
	if err := n.checkpoint.fits(t.Name, stored, ok, t.Shape); err != nil {
		return nil, err
	}
	values := make([]float32, t.Len())
	at := 0
	for _, s := range t.Spans() {
		if err := n.reader.ReadFloats(t.Name, s.At, values[at:at+s.Len]); err != nil {
			return nil, err
		}
		at += s.Len
	}
	for i, v := range values {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return nil, fmt.Errorf("tensor %s: value %d of those that are loaded is %v, not a finite number: the checkpoint is damaged", t.Name, i, v)
		}
	}
	return values, nil
}

// Close closes the checkpoint's file; levels that were loaded stay.
func (n *Network) Close() error { return n.reader.Close() }
