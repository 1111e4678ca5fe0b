package bench

import (
	"cmp"
	"slices"
	"time"

	"github.com/dvn-vk/dvn-vk/dvn"
	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// profile is what the operations of a step took, by kind.
type profile struct {
	kinds     map[string]*kind
	total     time.Duration // of all operations in all steps
	accounted float64       // of the steps' wall time, the median
	flops     float64       // of a step
}

// kind is one kind of operation in a step.
type kind struct {
	name         string
	calls        int
	flops, bytes float64
	samples      []time.Duration // a step each: all calls
}

func (k *kind) total() (sum time.Duration) {
	for _, s := range k.samples {
		sum += s
	}
	return sum
}

// profile runs steps with a timestamp behind every operation, and none of them is a sample of a step.
func (t Train) profile(m *Machine, store *dvn.Store, phase dvn.Phase, batch int) (*profile, error) {
	trainer, err := t.trainer(m, store, phase, batch, true)
	if err != nil {
		return nil, err
	}
	defer trainer.Close()
	p := &profile{kinds: map[string]*kind{}}
	var accounted []float64
	for step := range m.Sampling.Rounds + 1 {
		start := time.Now()
		if err := trainer.Again(); err != nil {
			return nil, err
		}
		wall := time.Since(start)
		samples, _, err := trainer.Samples()
		if err != nil {
			return nil, err
		}
		if step == 0 {
			continue // warms up
		}
		total := p.add(samples)
		p.total += total
		accounted = append(accounted, total.Seconds()/wall.Seconds())
	}
	p.accounted = median(accounted)
	return p, nil
}

// add takes in a step's operations and returns what they took together.
func (p *profile) add(samples []gpu.Sample) (total time.Duration) {
	step := map[string]*kind{}
	p.flops = 0
	for _, s := range samples {
		k := step[s.Kind]
		if k == nil {
			k = &kind{name: s.Kind, samples: []time.Duration{0}}
			step[s.Kind] = k
		}
		k.calls++
		k.flops, k.bytes, k.samples[0] = k.flops+s.FLOPs, k.bytes+s.Bytes, k.samples[0]+s.Duration
		p.flops, total = p.flops+s.FLOPs, total+s.Duration
	}
	for name, k := range step {
		if before := p.kinds[name]; before != nil {
			k.samples = append(before.samples, k.samples...)
		}
		p.kinds[name] = k
	}
	return total
}

// arithmetic is what steps compute in, whatever the precision of what they keep in memory.
const arithmetic = string(layers.FP32)

// account adds to a step's record what the profile knows of it.
func (p *profile) account(step *Record, c Ceilings) {
	step.Accounted, step.GFLOPS = p.accounted, p.flops/step.MedianMS/1e6
	step.ShareOfPeak = step.GFLOPS / c.FMA(arithmetic)
}

// records are the kinds of operations of a step, the heaviest first.
func (p *profile) records(step Record, c Ceilings) (records []Record) {
	for _, k := range p.kinds {
		r := Record{
			What: WhatOp, Name: k.name, Calls: k.calls, Backbone: step.Backbone, Units: step.Units, Classes: step.Classes, Size: step.Size,
			Batch: step.Batch, Precision: step.Precision, Kernels: step.Kernels, Origin: step.Origin,
		}
		r.summarise(k.samples, 1, 0)
		r.ShareOfStep = float64(k.total()) / float64(p.total)
		if r.MedianMS > 0 { // clocks can be coarse
			r.GFLOPS, r.GBPerS = k.flops/r.MedianMS/1e6, k.bytes/r.MedianMS/1e6
			r.ShareOfPeak, r.ShareOfBandwidth = r.GFLOPS/c.FMA(arithmetic), r.GBPerS/c.Copy()
		}
		records = append(records, r)
	}
	slices.SortFunc(records, func(a, b Record) int {
		return cmp.Or(cmp.Compare(b.MedianMS, a.MedianMS), cmp.Compare(a.Name, b.Name))
	})
	return records
}
