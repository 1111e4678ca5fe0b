package main

import (
	"slices"

	"github.com/dvn-vk/dvn-vk/bench"
	"github.com/dvn-vk/dvn-vk/bench/plot"
)

// benchPlotCmd plots saved results.
type benchPlotCmd struct {
	Files    []string `arg:"" placeholder:"FILE" help:"Results of benchmarks as JSON."`
	Roofline bool     `help:"Plot the rates of one device's kernels below its ceilings, not latency."`
	Out      string   `required:"" placeholder:"FILE" help:"Where to write the picture: FILE.svg or FILE.png."`
}

// Help shows an example.
func (benchPlotCmd) Help() string {
	return `Plots the time of an image against the parameters of the level that it goes through: alone and in the best batch, for every
device in the files (from bench infer). Or, with --roofline, the rate of each convolution against its arithmetic intensity,
below the ceilings of the device (from bench kernels and bench device). Files may be of PyTorch's records, too.

Example:

    dvn-vk bench plot ours.json pytorch.json --out latency.svg
    dvn-vk bench plot kernels.json device.json --roofline --out roofline.png`
}

// Run draws.
func (b *benchPlotCmd) Run(c *console) error {
	var records []bench.Record
	for _, path := range b.Files {
		mine, err := bench.ReadFile(path)
		if err != nil {
			return err
		}
		records = slices.Concat(records, mine)
	}
	draw := plot.Latency
	if b.Roofline {
		draw = func(records []bench.Record) (*plot.Picture, error) { return plot.Roofline(records, records) }
	}
	picture, err := draw(records)
	if err != nil {
		return err
	}
	return savePicture(c, picture, b.Out)
}

func savePicture(c *console, picture *plot.Picture, path string) error {
	if err := picture.Save(path); err != nil {
		return err
	}
	c.message("wrote %s", path)
	return nil
}

// plotFlag is common to measurements that can be drawn.
type plotFlag struct {
	Plot string `placeholder:"FILE" help:"Draw the results, too: FILE.svg or FILE.png."`
}

// check refuses a file that would be refused when all is measured.
func (f plotFlag) check() error {
	if f.Plot == "" {
		return nil
	}
	_, err := plot.Format(f.Plot)
	return err
}

// draw saves a picture of records where one is asked for.
func (f plotFlag) draw(c *console, records []bench.Record, draw func([]bench.Record) (*plot.Picture, error)) error {
	if f.Plot == "" {
		return nil
	}
	picture, err := draw(records)
	if err != nil {
		return err
	}
	return savePicture(c, picture, f.Plot)
}
