package main

import (
	"context"
	"errors"

	"github.com/dvn-vk/dvn-vk/bench"
	"github.com/dvn-vk/dvn-vk/bench/plot"
)

// benchInferCmd measures inference.
type benchInferCmd struct {
	Classes int           `default:"100" placeholder:"N" help:"Classes of the task. Default: 100."`
	Batches bench.Numbers `default:"1,8,32,128" placeholder:"N,..." help:"Images at a time; each is measured. Default: 1,8,32,128."`
	tuneFlag
	networkFlags
	precisionFlag
	plotFlag
	measureFlags
}

// Help shows an example.
func (benchInferCmd) Help() string {
	return `Measures every level of a task alone at every batch size: batch-norm from running statistics, random weights and images,
copies between host and device included where they do not share memory. The batch with the most images a second is
marked for each level.

Example:

    dvn-vk bench infer --backbone wrn-32-4 --plot levels.svg
    dvn-vk bench infer --backbone resnet-42 --units 1,1,1,1 --classes 50 --size 64 --batches 1-256*4`
}

// Validate refuses impossible numbers.
func (b *benchInferCmd) Validate() error {
	return errors.Join(b.networkFlags.check(), b.plotFlag.check(), b.measureFlags.check())
}

// Run measures and prints.
func (b *benchInferCmd) Run(ctx context.Context, c *console) error {
	work := func(m *bench.Machine) ([]bench.Record, error) {
		infer := bench.Infer{Backbone: b.Backbone, Units: b.Units, Classes: b.Classes, Size: b.Size, Batches: b.Batches}
		if err := b.tune(ctx, c, m, infer); err != nil {
			return nil, err
		}
		return infer.Run(ctx, m)
	}
	return b.measureAnd(ctx, c, b.Precision, work, func(records []bench.Record) error {
		return errors.Join(b.write(c, bench.Write, records), b.draw(c, records, plot.Latency))
	})
}
