package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/dvn-vk/dvn-vk/bench"
	"github.com/dvn-vk/dvn-vk/gpu"
)

// benchCmd measures.
type benchCmd struct {
	Train benchTrainCmd `cmd:"" help:"Measure a training step."`
}

// benchTrainCmd measures a training step.
type benchTrainCmd struct {
	Backbone string        `default:"wrn-14-1" placeholder:"B" help:"Network: wrn-n-s, resnet-n or resnet-n-w. Default: wrn-14-1."`
	Units    []float64     `default:"1,1" placeholder:"S,..." help:"Shares of the units. Default: 1,1."`
	Classes  []int         `default:"10,100" placeholder:"N,..." help:"Classes of each task. Default: 10,100."`
	Size     int           `default:"32" placeholder:"N" help:"Side of the images in pixels: 32, 64 or 96; the stem's stride follows. Default: 32."`
	Batch    int           `default:"64" placeholder:"N" help:"Images of each task in a step. Default: 64."`
	Duration time.Duration `default:"5s" placeholder:"T" help:"How long to measure, for example 10s. Default: 5s."`
	Format   string        `enum:"md,json" default:"md" help:"Form of the result: md or json."`
	JSON     bool          `help:"Short for --format json."`
	Out      string        `placeholder:"FILE" help:"Write the result to a file, not to standard output."`
	deviceFlag
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
func (b *benchTrainCmd) Validate() error {
	if b.Batch < 1 || b.Duration <= 0 {
		return fmt.Errorf("--batch %d, --duration %v: both must be positive", b.Batch, b.Duration)
	}
	if b.Size != 32 && b.Size != 64 && b.Size != 96 {
		return fmt.Errorf("--size %d: it is 32, 64 or 96", b.Size)
	}
	return nil
}

// Run measures and prints a record.
func (b *benchTrainCmd) Run(c *console) (err error) {
	var record bench.Record
	err = b.open(func(d *gpu.Device, reason string) error {
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
	out := c.out
	if b.Out != "" {
		file, createErr := os.Create(b.Out)
		if createErr != nil {
			return createErr
		}
		defer func() {
			if closeErr := file.Close(); err == nil {
				err = closeErr
			}
		}()
		out = file
	}
	if b.JSON || b.Format == "json" {
		return writeJSON(out, []bench.Record{record})
	}
	printRecord(out, record)
	return nil
}

// printRecord prints a measurement as a Markdown table.
func printRecord(w io.Writer, r bench.Record) {
	fmt.Fprintf(w, "%s, %s, kernels %s\n\n", r.Device, r.Driver, r.Kernels)
	t := table.NewWriter()
	t.SetOutputMirror(w)
	t.AppendHeader(table.Row{"what", "backbone", "params", "batch", "median ms", "mean ms", "min ms", "images/s"})
	t.AppendRow(table.Row{
		r.What, r.Backbone, amount(r.Params), r.Batch, fmt.Sprintf("%.2f", r.MedianMS), fmt.Sprintf("%.2f +- %.2f", r.MeanMS, r.StdMS),
		fmt.Sprintf("%.2f", r.MinMS), fmt.Sprintf("%.1f", r.ImgPerS),
	})
	t.RenderMarkdown()
}
