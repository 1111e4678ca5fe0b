package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/dvn-vk/dvn-vk/bench"
	"github.com/dvn-vk/dvn-vk/bench/plot"
	"github.com/dvn-vk/dvn-vk/dvn/training"
)

// benchTable2Cmd measures the paper's Table 2. The flags that say which network have no defaults of kong's, which would count as
// given beside --run.
type benchTable2Cmd struct {
	Folder   string        `name:"run" xor:"backbone,units,classes,size" placeholder:"DIR" help:"Folder of a run: its network with what it has learned. Default: random weights."`
	Task     int           `default:"1" placeholder:"N" help:"Task of the run, from 1. Default: 1."`
	Backbone string        `xor:"backbone" placeholder:"B" help:"Network: wrn-n-s, resnet-n or resnet-n-w. Default: resnet-42."`
	Units    []float64     `xor:"units" placeholder:"S,..." help:"Shares of the units. Default: 1,1,1,1."`
	Classes  int           `xor:"classes" placeholder:"N" help:"Classes of the task. Default: 50."`
	Size     int           `xor:"size" placeholder:"N" help:"Side of the images in pixels: 32, 64 or 96; the stem's stride follows (1, 2, 3). Default: 64."`
	Batches  bench.Numbers `default:"1,8,32,128" placeholder:"N,..." help:"Images at a time; 1 is measured in any case. Default: 1,8,32,128."`
	tuneFlag
	precisionFlag
	plotFlag
	measureFlags
}

// Help shows an example.
func (benchTable2Cmd) Help() string {
	return `Measures what the paper's Table 2 tells of a network's levels: parameters, density and compression; the time of one image
alone, and of an image in the batch where that is least; how many times faster than the top level both are; and the memory
that a level takes on the device when one image runs. Each level is loaded and run alone. Beside them stand the paper's own
figures where the network is the paper's: the defaults, wrn-32-4 with --units 1,1 --size 32, and runs of its scenarios.
In other forms than md the result is the records that the table is made of.

Example:

    dvn-vk bench table2 --plot table2.svg
    dvn-vk bench table2 --backbone wrn-32-4 --units 1,1 --classes 100 --size 32 --batches 1-128*2
    dvn-vk bench table2 --run runs/j1 --task 2 --format json --out table2.json`
}

// Validate refuses impossible numbers.
func (b *benchTable2Cmd) Validate() error {
	var err error
	if b.Task < 1 || b.Folder == "" && b.Task != 1 {
		err = fmt.Errorf("--task %d: tasks count from 1, and without --run there is one", b.Task)
	}
	network := networkFlags{Size: cmp.Or(b.Size, paperSize)}
	return errors.Join(err, network.check(), b.plotFlag.check(), b.measureFlags.check())
}

// The network of the paper's Table 2.
const (
	paperBackbone = "resnet-42"
	paperUnits    = 4 // equal ones
	paperClasses  = 50
	paperSize     = 64
)

// Run measures and prints.
func (b *benchTable2Cmd) Run(ctx context.Context, c *console) error {
	if len(b.Units) == 0 {
		b.Units = slices.Repeat([]float64{1}, paperUnits)
	}
	levels := bench.RandomLevels(cmp.Or(b.Backbone, paperBackbone), b.Units, cmp.Or(b.Classes, paperClasses), cmp.Or(b.Size, paperSize))
	if b.Folder != "" {
		n, err := training.OpenNetwork(b.Folder)
		if err != nil {
			return err
		}
		defer n.Close()
		for _, why := range n.Skipped {
			c.message("a newer checkpoint cannot be used: %v", why)
		}
		levels = bench.Levels{Phase: n.Phase, Task: b.Task, From: n.Values}
	}
	levels.Batches = slices.Compact(slices.Sorted(slices.Values(append(b.Batches, 1))))
	work := func(m *bench.Machine) ([]bench.Record, error) {
		if err := b.tune(ctx, c, m, levels); err != nil {
			return nil, err
		}
		return levels.Run(ctx, m)
	}
	return b.measureAnd(ctx, c, b.Precision, work, func(records []bench.Record) error {
		return errors.Join(b.write(c, bench.WriteTable2, records), b.draw(c, records, plot.Latency))
	})
}
