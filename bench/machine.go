package bench

import (
	"cmp"
	"context"
	"time"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// Machine is a device that is measured, and how.
type Machine struct {
	Device   *gpu.Device
	Kernels  *layers.Kernels
	Sampling Sampling
	Progress func(percent int) // of what runs; nil: nobody looks

	origin      Origin
	parts, part int      // calls of Measure that are expected, and were
	ceilings    Ceilings // nil: not measured yet
}

// NewMachine prepares an open device, with the kernels that it runs by itself in a precision (layers.NewKernels). command is the
// command line, for the records.
func NewMachine(d *gpu.Device, p layers.Precision, s Sampling, command string) (*Machine, error) {
	k, err := layers.NewKernels(d, p)
	if err != nil {
		return nil, err
	}
	return &Machine{Device: d, Kernels: k, Sampling: s, origin: newOrigin(d.Info, command)}, nil
}

// Work is one thing that is measured.
type Work struct {
	Record       Record  // what it is; Measure fills in the rest
	Images       int     // of a run, counted once a task; 0: it has none
	FLOPs, Bytes float64 // for rates; 0: not counted
	Times        int     // a run does it so many times over, and is divided by that; 0 and 1: once
	Run          func() error
}

// Measure times works against each other: warm-up, then samples in turn. It returns their records in order, with statistics,
// rates and origin. The context's end is an error.
func (m *Machine) Measure(ctx context.Context, works []Work) ([]Record, error) {
	records, err := m.measure(ctx, m.Sampling, m.report, works)
	m.part++
	return records, err
}

func (m *Machine) measure(ctx context.Context, how Sampling, report func(done, total int), works []Work) ([]Record, error) {
	runs := make([]func() error, len(works))
	for i, w := range works {
		runs[i] = w.Run
	}
	s := sampler{Sampling: how, now: time.Now, ran: report}
	all, err := s.interleave(ctx, runs)
	if err != nil {
		return nil, err
	}
	records := make([]Record, len(works))
	for i, w := range works {
		records[i] = m.record(w, all[i])
	}
	return records, nil
}

// record is what came out of a work.
func (m *Machine) record(w Work, s series) Record {
	r := w.Record
	r.summarise(s.samples, max(w.Times, 1), w.Images)
	r.WarmUp, r.Origin, r.Precision = s.warmUp, m.origin, cmp.Or(r.Precision, string(m.Kernels.Precision()))
	r.GFLOPS, r.GBPerS = w.FLOPs/r.ratedMS()/1e6, w.Bytes/r.ratedMS()/1e6
	return r
}

// expect begins a piece of work that calls Measure a number of times.
func (m *Machine) expect(parts int) { m.parts, m.part = parts, 0 }

func (m *Machine) report(done, total int) {
	if m.Progress != nil {
		m.Progress((100*m.part + 100*done/total) / max(m.parts, 1))
	}
}
