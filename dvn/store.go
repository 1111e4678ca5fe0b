package dvn

import (
	"fmt"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// Store holds a network's tensors on a device, each once: every head of every phase addresses its parts in place. Weights,
// gradients and momentum are buffers of one layout; running statistics have a buffer of their own.
type Store struct {
	units                         layers.UnitSet // that the layers behind the stem hold; the others have width 0
	tensors                       map[string]*Tensor
	order                         []*Tensor
	weights, statistics           *gpu.Buffer
	gradients, momentum           *gpu.Buffer // nil in a store that is not trained
	weightFloats, statisticFloats int
}

// tensorAlign keeps tensors apart by what buffers are aligned to, in floats.
const tensorAlign = 64

// NewStore allocates the tensors that the heads of phases need; train adds gradients and momentum. Everything is 0.
func NewStore(device *gpu.Device, train bool, phases ...*Phase) (*Store, error) {
	s, err := layOutStore(everyUnit, phases...)
	if err != nil {
		return nil, err
	}
	if err := s.allocate(device, train); err != nil {
		return nil, err
	}
	return s, nil
}

// allocate makes the buffers of a store that was laid out, without a device placeholders; where that fails nothing is left.
func (s *Store) allocate(device *gpu.Device, train bool) error {
	buffers := []struct {
		to      **gpu.Buffer
		name    string
		purpose gpu.Purpose
		floats  int
		wanted  bool
	}{
		{&s.weights, "weights", gpu.Weights, s.weightFloats, true}, {&s.statistics, "running statistics", gpu.Weights, s.statisticFloats, true},
		{&s.gradients, "gradients", gpu.Gradients, s.weightFloats, train}, {&s.momentum, "momentum", gpu.Optimiser, s.weightFloats, train},
	}
	for _, b := range buffers {
		if !b.wanted {
			continue
		}
		bytes := 4 * uint64(b.floats)
		if device == nil {
			*b.to = gpu.Placeholder(b.name, b.purpose, bytes)
			continue
		}
		buffer, err := device.NewBuffer(b.name, b.purpose, bytes)
		if err == nil {
			*b.to = buffer
			err = buffer.All().Fill(0)
		}
		if err != nil {
			s.Close()
			return err
		}
	}
	return nil
}

// Tensors lists everything that the heads of phases need, in the order of their store. Nothing is allocated on a device.
func Tensors(phases ...*Phase) ([]*Tensor, error) {
	s, err := layOutStore(everyUnit, phases...)
	if err != nil {
		return nil, err
	}
	return s.order, nil
}

// everyUnit is every unit that a network can have.
const everyUnit = ^layers.UnitSet(0)

// sketchStore is a store of which nothing is allocated.
func sketchStore(train bool, units layers.UnitSet, phases ...*Phase) (*Store, error) {
	s, err := layOutStore(units, phases...)
	if err != nil {
		return nil, err
	}
	return s, s.allocate(nil, train)
}

// layOutStore gives every tensor of some units its place and allocates nothing: enough to count memory.
func layOutStore(units layers.UnitSet, phases ...*Phase) (*Store, error) {
	s := &Store{units: units, tensors: map[string]*Tensor{}}
	for _, p := range phases {
		p.normalise()
		shape, err := newShape(p)
		if err != nil {
			return nil, err
		}
		shape.only(units)
		for _, t := range shape.tensors(p.Heads) {
			if known, ok := s.tensors[t.Name]; ok {
				if known.Len() != t.Len() {
					return nil, fmt.Errorf("tensor %s: two phases need it in the shapes %v and %v", t.Name, known.Shape, t.Shape)
				}
				continue
			}
			total := &s.weightFloats
			if t.statistic {
				total = &s.statisticFloats
			}
			t.at = *total
			*total += (t.floats() + tensorAlign - 1) / tensorAlign * tensorAlign
			s.tensors[t.Name] = t
			s.order = append(s.order, t)
		}
	}
	return s, nil
}

// bytes is what the store takes on a device, by purpose.
func (s *Store) bytes(train bool) map[gpu.Purpose]uint64 {
	a := sketchArena(layers.FP32)
	a.floats("weights", gpu.Weights, s.weightFloats)
	a.floats("running statistics", gpu.Weights, s.statisticFloats)
	if train {
		a.floats("gradients", gpu.Gradients, s.weightFloats)
		a.floats("momentum", gpu.Optimiser, s.weightFloats)
	}
	return a.bytes
}

// Close releases the buffers; nil is harmless.
func (s *Store) Close() {
	if s == nil {
		return
	}
	for _, b := range []*gpu.Buffer{s.weights, s.statistics, s.gradients, s.momentum} {
		b.Free()
	}
}

// Names lists the tensors in a fixed order.
func (s *Store) Names() []string {
	names := make([]string, len(s.order))
	for i, t := range s.order {
		names[i] = t.Name
	}
	return names
}

// Tensor finds a tensor by its name in files.
func (s *Store) Tensor(name string) (*Tensor, bool) {
	t, ok := s.tensors[name]
	return t, ok
}

// Trainable tells tensors that an optimiser may change from running statistics.
func (t *Tensor) Trainable() bool { return !t.statistic }

func (s *Store) buffer(t *Tensor) *gpu.Buffer {
	if t.statistic {
		return s.statistics
	}
	return s.weights
}

// rangeOf is where a tensor lies in a buffer of the store.
func rangeOf(b *gpu.Buffer, t *Tensor) gpu.Range { return b.Part(4*uint64(t.at), 4*uint64(t.floats())) }

// value is where a tensor named name lies; the names come from the same phase as the store, so an absent one is a mistake of
// the program.
func (s *Store) value(name string) gpu.Range {
	t := s.mustHave(name)
	return rangeOf(s.buffer(t), t)
}

// gradient is where the gradient of a tensor lies, nothing in a store that is not trained.
func (s *Store) gradient(name string) gpu.Range {
	if s.gradients == nil {
		return gpu.Range{}
	}
	return rangeOf(s.gradients, s.mustHave(name))
}

func (s *Store) mustHave(name string) *Tensor {
	t, ok := s.tensors[name]
	if !ok {
		panic("dvn: the store has no tensor " + name)
	}
	return t
}

// Set writes a tensor, given in the order of files: all of it, or its spans where the store holds some units.
func (s *Store) Set(name string, values []float32) error {
	t, err := s.find(name, len(values))
	if err != nil {
		return err
	}
	return s.buffer(t).WriteFloats(t.at, t.toDevice(values))
}

// SetMomentum writes a tensor's momentum.
func (s *Store) SetMomentum(name string, values []float32) error {
	t, err := s.find(name, len(values))
	if err != nil {
		return err
	}
	return s.momentum.WriteFloats(t.at, t.toDevice(values))
}

func (s *Store) find(name string, length int) (*Tensor, error) {
	t, ok := s.tensors[name]
	if !ok {
		return nil, fmt.Errorf("tensor %s: the network has none of that name", name)
	}
	if length != t.Len() {
		return nil, fmt.Errorf("tensor %s: %d values, its shape %v has %d", name, length, t.Shape, t.Len())
	}
	return t, nil
}

// Get reads a tensor in the order of files.
func (s *Store) Get(name string) ([]float32, error) {
	t := s.mustHave(name)
	return s.read(s.buffer(t), t)
}

// Momentum is a tensor's momentum.
func (s *Store) Momentum(name string) ([]float32, error) {
	return s.read(s.momentum, s.mustHave(name))
}

func (s *Store) read(b *gpu.Buffer, t *Tensor) ([]float32, error) {
	device := make([]float32, t.floats())
	if err := b.ReadFloats(t.at, device); err != nil {
		return nil, err
	}
	return t.fromDevice(device), nil
}

// ClearMomentum sets the momentum to 0, as at the start of every phase.
func (s *Store) ClearMomentum() error { return s.momentum.All().Fill(0) }

// CopyFrom copies every tensor that both stores have.
func (s *Store) CopyFrom(other *Store) error {
	for _, t := range s.order {
		if _, ok := other.tensors[t.Name]; !ok {
			continue
		}
		values, err := other.Get(t.Name)
		if err == nil {
			err = s.Set(t.Name, values)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
