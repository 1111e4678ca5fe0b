package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/dvn-vk/dvn-vk/bench"
	"github.com/dvn-vk/dvn-vk/gpu"
)

// benchCmd measures.
type benchCmd struct {
	Train benchTrainCmd `cmd:"" help:"Measure a training step."`
	Infer benchInferCmd `cmd:"" help:"Measure the inference of every level."`

	Compare benchCompareCmd `cmd:"" help:"Compare saved results."`
	Plot    benchPlotCmd    `cmd:"" help:"Plot saved results."`
}

// benchFlags are common to all measurements.
type benchFlags struct {
	Backbone string        `default:"wrn-14-1" placeholder:"B" help:"Network: wrn-n-s, resnet-n or resnet-n-w. Default: wrn-14-1."`
	Units    []float64     `default:"1,1" placeholder:"S,..." help:"Shares of the units. Default: 1,1."`
	Size     int           `default:"32" placeholder:"N" help:"Side of the images in pixels: 32, 64 or 96; the stem's stride follows. Default: 32."`
	Duration time.Duration `default:"3s" placeholder:"T" help:"How long to measure each, for example 10s. Default: 3s."`
	Format   string        `enum:"md,json" default:"md" help:"Form of the result: md or json."`
	JSON     bool          `help:"Short for --format json."`
	Out      string        `placeholder:"FILE" help:"Write the result to a file, not to standard output."`
	deviceFlag
}

// check refuses impossible numbers; batches must be positive.
func (b *benchFlags) check(batches ...int) error {
	switch {
	case len(batches) == 0 || slices.Min(batches) < 1:
		return fmt.Errorf("batches of %v images: they must be positive", batches)
	case b.Duration <= 0:
		return fmt.Errorf("--duration %v: it must be positive", b.Duration)
	case b.Size != 32 && b.Size != 64 && b.Size != 96:
		return fmt.Errorf("--size %d: it is 32, 64 or 96", b.Size)
	}
	return nil
}

// write prints records in the form and at the place asked for.
func (b *benchFlags) write(c *console, records []bench.Record) error {
	if b.Out == "" {
		return b.print(c.out, records)
	}
	file, err := os.Create(b.Out)
	if err != nil {
		return err
	}
	return errors.Join(b.print(file, records), file.Close())
}

func (b *benchFlags) print(w io.Writer, records []bench.Record) error {
	if b.JSON || b.Format == "json" {
		return writeJSON(w, records)
	}
	first := records[0]
	fmt.Fprintf(w, "%s on %s, %s, kernels %s\n\n", first.Backbone, first.Device, first.Driver, first.Kernels)
	t := table.NewWriter()
	t.SetOutputMirror(w)
	t.AppendHeader(table.Row{"what", "level", "params", "batch", "median ms", "mean ms", "min ms", "images/s", ""})
	for _, r := range records {
		level, best := fmt.Sprint(r.Level), ""
		if r.Level == 0 {
			level = "all"
		}
		if r.Best {
			best = "best"
		}
		t.AppendRow(table.Row{
			r.What, level, amount(r.Params), r.Batch, fmt.Sprintf("%.2f", r.MedianMS), fmt.Sprintf("%.2f +- %.2f", r.MeanMS, r.StdMS),
			fmt.Sprintf("%.2f", r.MinMS), fmt.Sprintf("%.1f", r.ImgPerS), best,
		})
	}
	t.RenderMarkdown()
	return nil
}

// benchTrainCmd measures a training step.
type benchTrainCmd struct {
	Classes []int `default:"10,100" placeholder:"N,..." help:"Classes of each task. Default: 10,100."`
	Batch   int   `default:"64" placeholder:"N" help:"Images of each task in a step. Default: 64."`
	benchFlags
}

// Help shows an example.
func (benchTrainCmd) Help() string {
	return `Measures a joint training step: stems, all levels of all tasks, losses, backward passes and the update, on random images
that stay on the device. The first three steps warm up and are not counted. An image counts once a task.

Example:

    dvn-vk bench train
    dvn-vk bench train --backbone wrn-32-4 --batch 32 --device nvidia
    dvn-vk bench train --units 1,1,1,1 --classes 50,50 --size 64 --json --out step.json`
}

// Validate refuses impossible numbers.
func (b *benchTrainCmd) Validate() error { return b.check(b.Batch) }

// Run measures and prints.
func (b *benchTrainCmd) Run(c *console) error {
	var record bench.Record
	err := b.open(func(d *gpu.Device, reason string) error {
		c.message("device: %s, %s", d.Info.Name, reason)
		var err error
		record, _, err = bench.Train{
			Backbone: b.Backbone, Units: b.Units, Classes: b.Classes, Size: b.Size, Batch: b.Batch, Duration: b.Duration,
		}.Run(d)
		return err
	})
	if err != nil {
		return err
	}
	return b.write(c, []bench.Record{record})
}

// benchInferCmd measures inference.
type benchInferCmd struct {
	Classes int   `default:"100" placeholder:"N" help:"Classes of the task. Default: 100."`
	Batches []int `default:"1,8,32,128" placeholder:"N,..." help:"Images at a time; each is measured. Default: 1,8,32,128."`
	benchFlags
}

// Help shows an example.
func (benchInferCmd) Help() string {
	return `Measures every level of a task alone at every batch size: batch-norm from running statistics, random weights and images,
copies between host and device included where they do not share memory. The batch with the most images a second is
marked for each level.

Example:

    dvn-vk bench infer --backbone wrn-32-4
    dvn-vk bench infer --backbone resnet-42 --units 1,1,1,1 --classes 50 --size 64 --batches 1,32`
}

// Validate refuses impossible numbers.
func (b *benchInferCmd) Validate() error { return b.check(b.Batches...) }

// Run measures and prints.
func (b *benchInferCmd) Run(c *console) error {
	var records []bench.Record
	err := b.open(func(d *gpu.Device, reason string) error {
		c.message("device: %s, %s", d.Info.Name, reason)
		progress := c.begin("measurements", 0, int64(len(b.Units)*len(b.Batches)), unit{"done", 1})
		defer progress.end()
		var err error
		records, err = bench.Infer{
			Backbone: b.Backbone, Units: b.Units, Classes: b.Classes, Size: b.Size, Batches: b.Batches, Duration: b.Duration,
		}.Run(d, func(done, _ int) { progress.set(int64(done), "") })
		return err
	})
	if err != nil {
		return err
	}
	return b.write(c, records)
}
