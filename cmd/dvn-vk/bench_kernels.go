package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/dvn-vk/dvn-vk/bench"
	"github.com/dvn-vk/dvn-vk/bench/plot"
	"github.com/dvn-vk/dvn-vk/layers"
)

// benchKernelsCmd measures convolutions.
type benchKernelsCmd struct {
	Shapes   []bench.Shape    `placeholder:"MxS" help:"Convolutions, maps x side in pixels as in 64x32, or 64-128x32s2 with other outputs and stride 2. Default: all of the backbone."`
	Variants []layers.Variant `placeholder:"V" help:"Variants or families of kernels, for example flat,winograd. Default: all that can run a convolution."`
	Batch    int              `default:"32" placeholder:"N" help:"Images. Default: 32."`
	networkFlags
	precisionFlag
	plotFlag
	measureFlags
}

// Help shows an example.
func (benchKernelsCmd) Help() string {
	return `Measures the convolutions of a backbone, each different shape once: forward, the gradient of its input and that of its
weights, by every variant of the kernels that can do it, in turn. One head has all units. Weights are in the layout that a
variant wants beforehand. Rates count the operations of the direct convolution, so that variants compare; the share of peak
is that of the multiply-adds which the device was measured to do. A plot shows the rates of one device below its ceilings.

Example:

    dvn-vk bench kernels --backbone wrn-32-4 --plot roofline.svg
    dvn-vk bench kernels --shapes 64x32,128x16,256x8 --units 1 --variants winograd --json`
}

// Validate refuses impossible numbers.
func (b *benchKernelsCmd) Validate() error {
	var err error
	if b.Batch < 1 {
		err = fmt.Errorf("--batch %d: it must be positive", b.Batch)
	}
	return errors.Join(err, b.networkFlags.check(), b.plotFlag.check(), b.measureFlags.check())
}

// Run measures and prints.
func (b *benchKernelsCmd) Run(ctx context.Context, c *console) error {
	var ceilings bench.Ceilings
	work := func(m *bench.Machine) ([]bench.Record, error) {
		shapes := b.Shapes
		if len(shapes) == 0 {
			var err error
			if shapes, err = bench.Shapes(b.Backbone, b.Size); err != nil {
				return nil, err
			}
		}
		records, err := bench.Kernels{Shapes: shapes, Units: b.Units, Batch: b.Batch, Variants: b.Variants}.Run(ctx, m)
		if err != nil {
			return nil, err
		}
		measured, err := m.Ceilings(ctx)
		ceilings = append(ceilings, measured...)
		return records, err
	}
	return b.measureAnd(ctx, c, b.Precision, work, func(records []bench.Record) error {
		roofline := func(records []bench.Record) (*plot.Picture, error) { return plot.Roofline(records, ceilings) }
		return errors.Join(b.write(c, bench.Write, records), b.draw(c, records, roofline))
	})
}
