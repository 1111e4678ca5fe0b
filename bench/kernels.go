package bench

import (
	"context"
	"fmt"

	"github.com/dvn-vk/dvn-vk/layers"
)

// Kernels describes the measurement of convolutions: of each shape every pass by every variant that can run it.
type Kernels struct {
	Shapes   []Shape
	Units    []float64        // shares; one head holds all units
	Batch    int              // images
	Variants []layers.Variant // or families; none: all
}

// Run measures shape by shape, all variants and passes of one against each other. Weights are in the layout that a variant wants
// beforehand: a network does that once a step for all its heads.
func (k Kernels) Run(ctx context.Context, m *Machine) ([]Record, error) {
	m.expect(len(k.Shapes))
	var records []Record
	for _, s := range k.Shapes {
		measured, err := k.measure(ctx, m, s)
		if err != nil {
			return nil, fmt.Errorf("convolution %v: %w", s, err)
		}
		records = append(records, measured...)
	}
	if len(records) == 0 {
		return nil, fmt.Errorf("no kernels of %v can run the convolutions %v: leave the variants out to see which can", k.Variants, k.Shapes)
	}
	ceilings, err := m.Ceilings(ctx)
	if err != nil {
		return nil, err
	}
	for i := range records {
		records[i].ShareOfPeak = records[i].GFLOPS / ceilings.FMA(arithmetic)
	}
	return records, nil
}

// measure times everything that there is of a shape.
func (k Kernels) measure(ctx context.Context, m *Machine, s Shape) ([]Record, error) {
	c := convBench{workbench: workbench{Machine: m}, shape: s, units: k.Units, batch: k.Batch}
	defer c.close()
	c.allocate()
	if c.err != nil {
		return nil, c.err
	}
	var works []Work
	for _, pass := range layers.Passes() {
		if s.Stem && pass == layers.BackwardData {
			continue
		}
		for _, variant := range m.Kernels.Candidates(pass, c.conv, c.heads(pass)) {
			if !k.wants(variant) {
				continue
			}
			works = append(works, c.work(pass, variant))
			if c.err != nil {
				return nil, fmt.Errorf("%v by %s: %w", pass, variant, c.err)
			}
		}
	}
	return m.Measure(ctx, works)
}

// wants tells whether a variant is to be measured.
func (k Kernels) wants(v layers.Variant) bool {
	for _, wanted := range k.Variants {
		if v == wanted || v.Family() == wanted {
			return true
		}
	}
	return len(k.Variants) == 0
}
