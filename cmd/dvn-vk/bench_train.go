package main

import (
	"context"
	"errors"

	"github.com/dvn-vk/dvn-vk/bench"
)

// benchTrainCmd measures a training step.
type benchTrainCmd struct {
	Classes bench.Numbers `default:"10,100" placeholder:"N,..." help:"Classes of each task. Default: 10,100."`
	Batch   bench.Numbers `default:"64" placeholder:"N,..." help:"Images of each task in a step; each is measured. Default: 64."`
	Ops     bool          `help:"Write records of the operations in every format; the table always has them."`
	tuneFlag
	networkFlags
	precisionFlag
	measureFlags
}

// Help shows an example.
func (benchTrainCmd) Help() string {
	return `Measures joint training steps: stems, all levels of all tasks, losses, backward passes and the update, on random images
that stay on the device. An image counts once a task. The steps are timed as they are; after that, others are taken apart by
operation, beside the device's measured multiply-adds and copies, and the table says which part of a step they account for.

Example:

    dvn-vk bench train
    dvn-vk bench train --backbone wrn-32-4 --batch 8-64*2 --device nvidia
    dvn-vk bench train --units 1,1,1,1 --classes 50,50 --size 64 --ops --json --out step.json`
}

// Validate refuses impossible numbers.
func (b *benchTrainCmd) Validate() error {
	return errors.Join(b.networkFlags.check(), b.measureFlags.check())
}

// Run measures and prints.
func (b *benchTrainCmd) Run(ctx context.Context, c *console) error {
	return b.measure(ctx, c, b.Precision, func(m *bench.Machine) ([]bench.Record, error) {
		train := bench.Train{Backbone: b.Backbone, Units: b.Units, Classes: b.Classes, Size: b.Size, Batches: b.Batch}
		if err := b.tune(ctx, c, m, train); err != nil {
			return nil, err
		}
		steps, operations, err := train.Run(ctx, m)
		if err != nil || !b.Ops && b.format() != "md" {
			return steps, err
		}
		ceilings, err := m.Ceilings(ctx)
		return append(append(steps, operations...), ceilings...), err
	})
}
