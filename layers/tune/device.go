package tune

import (
	"fmt"
	"slices"
	"time"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// deviceBed tries candidates on a device.
type deviceBed struct{ kernels *layers.Kernels }

func (b deviceBed) candidates(c layers.ConvCase) []layers.Variant {
	return b.kernels.Candidates(c.Pass, c.Conv, c.Heads)
}

func (b deviceBed) preferred(c layers.ConvCase) layers.Variant {
	return b.kernels.Choose(c.Pass, c.Conv, c.Heads)
}

func (b deviceBed) fits(c layers.ConvCase, v layers.Variant) error {
	conv, limits := c.By(v), b.kernels.Device.Info.Limits
	scratch := 4 * uint64(b.kernels.ConvScratch(c.Pass, conv, c.Heads, c.Blocks))
	prepared := 4*uint64(b.kernels.PreparedFloats(c.Pass, conv)) + 2*uint64(b.kernels.HalfWeights(c.Pass, conv))
	if most := min(limits.MaxBuffer, limits.MaxAllocation); max(scratch, prepared) > most {
		return fmt.Errorf("needs a buffer of %s, the device has at most %s", gpu.Bytes(max(scratch, prepared)), gpu.Bytes(most))
	}
	if available := b.kernels.Device.Available(); scratch+prepared > available {
		return fmt.Errorf("needs %s of memory, the device has %s left", gpu.Bytes(scratch+prepared), gpu.Bytes(available))
	}
	return nil
}

// deviceSite holds a case's tensors; every variant that has run has its programs and memory beside them.
type deviceSite struct {
	operands
	kernels *layers.Kernels
	buffers []*gpu.Buffer
	weights gpu.Range   // read, or their gradient
	writes  []gpu.Range // where the pass does
	built   map[layers.Variant]programs
}

// programs of a variant; preparation is nil where it has no second layout of the weights.
type programs struct{ preparation, pass *layers.Program }

func (b deviceBed) open(o operands) (site, error) {
	o.Heads = slices.Clone(o.Heads) // they get memory
	s := &deviceSite{operands: o, kernels: b.kernels, built: map[layers.Variant]programs{}}
	if err := s.lay(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// lay allocates and fills the tensors.
func (s *deviceSite) lay() error {
	var err error
	if s.weights, err = s.allocate("weights", 4*s.Conv.Weights()); err != nil {
		return err
	}
	if s.Pass == layers.BackwardWeights {
		s.writes = append(s.writes, s.weights)
	} else if err := s.weights.Buffer.WriteFloats(0, s.operands.weights()); err != nil {
		return err
	}
	for i := range s.Heads {
		h := &s.Heads[i]
		if h.X.Range, err = s.allocate("x", h.X.Precision.Bytes()*h.X.Len()); err != nil {
			return err
		}
		if h.Y.Range, err = s.allocate("y", h.Y.Precision.Bytes()*h.Y.Len()); err != nil {
			return err
		}
	}
	for _, a := range s.outputs() {
		s.writes = append(s.writes, a.Range)
	}
	tensors, starts := s.inputs()
	for i, a := range tensors {
		if err := a.Buffer.Write(0, a.Precision.Encode(s.padded(a, starts[i]))); err != nil {
			return err
		}
	}
	return nil
}

func (s *deviceSite) allocate(name string, bytes int) (gpu.Range, error) {
	buffer, err := s.kernels.Device.NewBuffer("tuning "+name, gpu.Activations, uint64(bytes))
	if err != nil {
		return gpu.Range{}, err
	}
	s.buffers = append(s.buffers, buffer)
	return buffer.All(), nil
}

func (s *deviceSite) close() {
	for _, p := range s.built {
		p.preparation.Close()
		p.pass.Close()
	}
	for _, b := range s.buffers {
		b.Free()
	}
}

func (s *deviceSite) build(v layers.Variant) (p programs, err error) {
	if p, ok := s.built[v]; ok {
		return p, nil
	}
	conv, err := s.withMemory(v)
	if err != nil {
		return programs{}, err
	}
	if m := conv.Memory; m.Prepared[s.Pass].Size+m.Half.Size > 0 {
		b := s.kernels.NewBuilder()
		b.PrepareConvs([]layers.PreparedConv{{Conv: conv, W: s.weights}})
		if p.preparation, err = b.Finish("preparation by "+string(v), s.timestamps()); err != nil {
			return programs{}, err
		}
	}
	b := s.kernels.NewBuilder()
	switch s.Pass {
	case layers.Forward:
		b.ConvForward(conv, s.weights, s.Heads, nil)
	case layers.BackwardData:
		b.ConvBackwardData(conv, s.weights, s.Heads)
	case layers.BackwardWeights:
		b.ConvBackwardWeights(conv, s.weights, s.Heads, s.Blocks)
	}
	if p.pass, err = b.Finish(s.Pass.String()+" by "+string(v), s.timestamps()); err != nil {
		p.preparation.Close()
		return programs{}, err
	}
	s.built[v] = p
	return p, nil
}

// withMemory is the convolution by a variant with what that needs beside the tensors.
func (s *deviceSite) withMemory(v layers.Variant) (layers.Conv, error) {
	conv, k := s.By(v), s.kernels
	for _, need := range []struct {
		name  string
		bytes int
		at    *gpu.Range
	}{
		{"scratch", 4 * k.ConvScratch(s.Pass, conv, s.Heads, s.Blocks), &conv.Memory.Scratch[s.Pass]},
		{"prepared weights", 4 * k.PreparedFloats(s.Pass, conv), &conv.Memory.Prepared[s.Pass]},
		{"weights in halves", 2 * k.HalfWeights(s.Pass, conv), &conv.Memory.Half},
	} {
		if need.bytes == 0 {
			continue
		}
		var err error
		if *need.at, err = s.allocate(need.name, need.bytes); err != nil {
			return layers.Conv{}, err
		}
	}
	return conv, nil
}

func (s *deviceSite) timestamps() bool { return s.kernels.Device.Info.Features.Timestamps }

func (s *deviceSite) run(v layers.Variant) (lap, error) {
	p, err := s.build(v)
	if err != nil {
		return lap{}, err
	}
	var l lap
	if p.preparation != nil {
		if l.preparation, err = s.time(p.preparation); err != nil {
			return lap{}, err
		}
	}
	l.pass, err = s.time(p.pass)
	return l, err
}

// time runs a program; the device's clock leaves out what a submission costs.
func (s *deviceSite) time(p *layers.Program) (time.Duration, error) {
	start := time.Now()
	if err := p.Run(); err != nil {
		return 0, err
	}
	wall := time.Since(start)
	if !s.timestamps() {
		return wall, nil
	}
	samples, _, err := p.Samples()
	if err != nil {
		return 0, err
	}
	sum := time.Duration(0)
	for _, o := range samples {
		sum += o.Duration
	}
	return sum, nil
}

// nanPattern is NaN as a float and as two halves.
const nanPattern = 0x7fff7fff

func (s *deviceSite) poison() error {
	for _, r := range s.writes {
		if err := r.Fill(nanPattern); err != nil {
			return err
		}
	}
	return nil
}

func (s *deviceSite) output() ([]float32, error) {
	var all []float32
	for _, r := range s.writes {
		part := make([]byte, r.Size)
		if err := r.Buffer.Read(r.Offset, part); err != nil {
			return nil, err
		}
		all = append(all, s.written().Decode(part)...)
	}
	return all, nil
}
