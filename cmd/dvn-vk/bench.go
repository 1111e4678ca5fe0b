package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/dvn-vk/dvn-vk/bench"
	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// benchCmd measures.
type benchCmd struct {
	Train   benchTrainCmd   `cmd:"" help:"Measure a training step, as a whole and by operation."`
	Infer   benchInferCmd   `cmd:"" help:"Measure the inference of every level."`
	Table2  benchTable2Cmd  `cmd:"" name:"table2" help:"Measure the paper's Table 2: parameters, latency, speed-up and memory of every level."`
	Kernels benchKernelsCmd `cmd:"" help:"Measure every convolution by every variant of the kernels."`
	Device  benchDeviceCmd  `cmd:"" help:"Measure what a device can do at most."`
	Compare benchCompareCmd `cmd:"" help:"Compare saved results."`
	Plot    benchPlotCmd    `cmd:"" help:"Plot saved results."`
}

// Help is common to all measurements.
func (benchCmd) Help() string {
	return `Every measurement warms up until it is steady, then takes samples. What is compared runs in turn, so that whatever else
the machine does falls on all of it; a series that drifts all the same is marked. Results go to standard output as a table
(md), csv, json, jsonl, or as Go's benchmark format with a line a sample (gobench), which benchstat compares.

Numbers can be lists with ranges: 1,8,32; 1-4 counts by 1, 8-64+8 by 8, and 1-256*2 doubles.

Example:

    dvn-vk bench device --device all
    dvn-vk bench train --backbone wrn-32-4 --batch 32
    dvn-vk bench kernels --backbone wrn-32-4 --batch 32 --format csv --out kernels.csv`
}

// measureFlags are common to all measurements.
type measureFlags struct {
	Repetitions int           `short:"r" placeholder:"N" help:"Samples of each. Default: at least 5, for as long as --duration."`
	Duration    time.Duration `placeholder:"T" help:"How long to measure each, for example 10s. Default: 3s, or as long as -r takes."`
	Format      string        `enum:"md,csv,json,jsonl,gobench" default:"md" help:"Form of the results: ${enum}. Default: md."`
	JSON        bool          `help:"Short for --format json."`
	Out         string        `placeholder:"FILE" help:"Write the results to a file, which appears when it is complete."`
	Describe    bool          `help:"Say what each value of the results means, and measure nothing."`
	ListDevices bool          `help:"List the devices of this machine, and measure nothing."`
	Device      string        `placeholder:"D" help:"Index, part of the name, or UUID of the device; all: one after another, in one table. Default: DVNVK_DEVICE, else the best."`
}

// check refuses impossible numbers.
func (f *measureFlags) check() error {
	switch {
	case f.Repetitions < 0:
		return fmt.Errorf("--repetitions %d: it must be positive", f.Repetitions)
	case f.Duration < 0:
		return fmt.Errorf("--duration %v: it must be positive", f.Duration)
	}
	return nil
}

func (f *measureFlags) sampling() bench.Sampling {
	usual := bench.DefaultSampling()
	if f.Repetitions > 0 && f.Duration == 0 {
		return bench.Sampling{Rounds: f.Repetitions}
	}
	return bench.Sampling{Rounds: cmp.Or(f.Repetitions, usual.Rounds), Duration: cmp.Or(f.Duration, usual.Duration)}
}

func (f *measureFlags) format() string {
	if f.JSON {
		return "json"
	}
	return f.Format
}

// measurement is what a command measures on one device.
type measurement func(m *bench.Machine) ([]bench.Record, error)

// measure has work measure on the devices that are asked for, and writes the records of all.
func (f *measureFlags) measure(ctx context.Context, c *console, p layers.Precision, work measurement) error {
	return f.measureAnd(ctx, c, p, work, func(records []bench.Record) error { return f.write(c, bench.Write, records) })
}

// measureAnd is measure with another way to show the records.
func (f *measureFlags) measureAnd(ctx context.Context, c *console, p layers.Precision, work measurement, show func([]bench.Record) error) error {
	switch {
	case f.Describe:
		return bench.Describe(c.out)
	case f.ListDevices:
		return (&devicesCmd{JSON: f.JSON}).Run(c)
	}
	var records []bench.Record
	err := f.open(func(d *gpu.Device, reason string) error {
		c.message("device: %s, %s", d.Info.Name, reason)
		m, err := bench.NewMachine(d, p, f.sampling(), commandLine())
		if err != nil {
			return err
		}
		var p *progress // from the first report on: tuning comes before, and shows its own
		defer func() { p.end() }()
		m.Progress = func(percent int) {
			if p == nil {
				p = c.begin("measuring", 0, 100, unit{"%", 1})
			}
			p.set(int64(percent), "")
		}
		measured, err := work(m)
		records = append(records, measured...)
		return err
	})
	if ctx.Err() != nil || len(records) == 0 {
		return err
	}
	return errors.Join(err, show(records)) // what other devices came to is not lost
}

// open lends use the device that the flag names, or all that can be used, one after the other.
func (f *measureFlags) open(use func(d *gpu.Device, reason string) error) error {
	if f.Device != "all" {
		return deviceFlag{f.Device}.open(use)
	}
	instance, err := gpu.NewInstance()
	if err != nil {
		return err
	}
	defer instance.Close()
	if _, _, err := instance.Choose(""); err != nil {
		return err // none can be used
	}
	var failed []error
	for _, info := range instance.Devices() {
		if len(info.Problems) > 0 {
			continue
		}
		if err := lend(instance, info, "one of all", use); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", info.Name, err))
		}
	}
	return errors.Join(failed...)
}

// recordWriter writes records in a form.
type recordWriter func(w io.Writer, format string, records []bench.Record) error

// write prints records in the form and at the place asked for.
func (f *measureFlags) write(c *console, write recordWriter, records []bench.Record) error {
	content := func(w io.Writer) error { return write(w, f.format(), records) }
	if f.Out == "" {
		return content(c.out)
	}
	return bench.WriteFile(f.Out, content)
}

// commandLine is how the program was called, to be repeated.
func commandLine() string {
	words := []string{"dvn-vk"}
	for _, word := range os.Args[1:] {
		if strings.ContainsAny(word, " *'\"$") {
			word = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// networkFlags say which network is measured.
type networkFlags struct {
	Backbone string    `default:"wrn-14-1" placeholder:"B" help:"Network: wrn-n-s, resnet-n or resnet-n-w. Default: wrn-14-1."`
	Units    []float64 `default:"1,1" placeholder:"S" help:"Shares of the units. Default: 1,1."`
	Size     int       `default:"32" placeholder:"N" help:"Side of the images in pixels: 32, 64 or 96; the stem's stride follows (1, 2, 3). Default: 32."`
}

func (n *networkFlags) check() error {
	if n.Size != 32 && n.Size != 64 && n.Size != 96 {
		return fmt.Errorf("--size %d: it is 32, 64 or 96", n.Size)
	}
	return nil
}
