package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/dvn-vk/dvn-vk/bench"
	"github.com/dvn-vk/dvn-vk/dvn/scenario"
	"github.com/dvn-vk/dvn-vk/dvn/training"
	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
	"github.com/dvn-vk/dvn-vk/layers/tune"
)

// tuneFlag says whether a command may measure before it begins.
type tuneFlag struct {
	NoTune bool `help:"Run convolutions by what suits this kind of device, as DVNVK_NO_TUNE=1 does; do not measure which kernels are the fastest."`
}

// tuner measures for a command that has better things to do; nil where it may not. end takes its progress away.
func (f tuneFlag) tuner(c *console) (t *tune.Tuner, end func()) {
	if off := os.Getenv("DVNVK_NO_TUNE"); f.NoTune || off != "" && off != "0" {
		return nil, func() {}
	}
	t, end = newTuner(c)
	t.Budget = tune.StartBudget
	return t, end
}

// tune lets a machine that is measured run a network's convolutions by the fastest kernels.
func (f tuneFlag) tune(ctx context.Context, c *console, m *bench.Machine, network convolutions) error {
	cases, err := network.Convolutions(m.Kernels)
	if err != nil {
		return err
	}
	tuner, end := f.tuner(c)
	defer end()
	m.Kernels, err = tuner.Kernels(ctx, m.Kernels, cases)
	return err
}

// convolutions is what lists those of a network.
type convolutions interface {
	Convolutions(k *layers.Kernels) ([]layers.ConvCase, error)
}

// newTuner has the user's cache, and shows on the console how far it is until end.
func newTuner(c *console) (t *tune.Tuner, end func()) {
	folder, err := tune.UserFolder()
	if err != nil {
		c.message("%v", err)
	}
	var p *progress
	end = func() {
		p.end()
		p = nil
	}
	return &tune.Tuner{
		Folder:  folder,
		Message: func(text string) { c.message("tuning: %s", text) },
		Progress: func(done, total int) {
			if p == nil {
				p = c.begin("tuning", 0, int64(total), unit{"convolution passes", 1})
			}
			p.set(int64(done), "")
			if done == total {
				end()
			}
		},
	}, end
}

// tuneCmd measures which kernels are the fastest, and prints it.
type tuneCmd struct {
	Scenario string        `placeholder:"S" help:"Tune the training steps of a built-in scenario (${scenarios}) or a configuration file, not those of the flags below."`
	Classes  bench.Numbers `default:"10,100" placeholder:"N,..." help:"Classes of each task: as many tasks are trained. Default: 10,100."`
	Batch    bench.Numbers `default:"64" placeholder:"N,..." help:"Images of each task in a step. Default: 64."`
	networkFlags
	precisionFlag
	Infer  bool          `help:"Tune the inference of every level alone at --batch, not training."`
	Retune bool          `help:"Measure what is known already as well."`
	Budget time.Duration `placeholder:"T" help:"Stop measuring after this time, for example 20s. Default: when everything is measured."`
	Format string        `enum:"md,json" default:"md" help:"Form of the result: md or json."`
	JSON   bool          `help:"Short for --format json."`
	Out    string        `placeholder:"FILE" help:"Write the result to a file, not to standard output."`
	deviceFlag
}

// Help shows an example.
func (tuneCmd) Help() string {
	return `Measures by which kernels each pass of each convolution runs fastest on the device, and remembers it for train and bench,
which otherwise measure for up to 20 seconds when they begin. A kernel that is wrong, or not the same to the bit each time,
cannot win. The table lists every kernel that was tried; the error is the largest found, in parts of what is allowed.

Example:

    dvn-vk tune --scenario j1
    dvn-vk tune --backbone wrn-32-4 --batch 32 --retune
    dvn-vk tune --infer --backbone resnet-42 --size 64 --batch 1 --json`
}

// Validate refuses what cannot be meant.
func (t *tuneCmd) Validate() error {
	switch {
	case t.Budget < 0:
		return fmt.Errorf("--budget %v: it cannot be negative", t.Budget)
	case t.Scenario != "" && t.Infer:
		return errors.New("--infer tunes a network of the flags, not a --scenario")
	}
	return t.check()
}

// Run measures and prints.
func (t *tuneCmd) Run(ctx context.Context, c *console) error {
	var results []tune.Result
	err := t.open(func(d *gpu.Device, reason string) error {
		c.message("device: %s, %s", d.Info.Name, reason)
		k, err := layers.NewKernels(d, t.Precision)
		if err != nil {
			return err
		}
		if forced := k.Selection().Variant; forced != layers.Auto {
			return fmt.Errorf("DVNVK_CONV_VARIANT is %s: unset it, there is nothing to choose", forced)
		}
		cases, err := t.convolutions(k)
		if err != nil {
			return err
		}
		tuner, end := newTuner(c)
		defer end()
		tuner.Budget, tuner.Retune = t.Budget, t.Retune
		results, err = tuner.Run(ctx, k, cases)
		return err
	})
	if err != nil {
		return err
	}
	if t.Out == "" {
		return t.print(c.out, results)
	}
	return bench.WriteFile(t.Out, func(w io.Writer) error { return t.print(w, results) })
}

// convolutions are those of the network that the flags describe.
func (t *tuneCmd) convolutions(k *layers.Kernels) ([]layers.ConvCase, error) {
	switch {
	case t.Scenario != "":
		config, err := scenario.Load(t.Scenario)
		if err != nil {
			return nil, err
		}
		return training.Convolutions(k, config)
	case t.Infer:
		return bench.Infer{Backbone: t.Backbone, Units: t.Units, Classes: t.Classes[0], Size: t.Size, Batches: t.Batch}.Convolutions(k)
	}
	return bench.Train{Backbone: t.Backbone, Units: t.Units, Classes: t.Classes, Size: t.Size, Batches: t.Batch}.Convolutions(k)
}

// tuned is a result as JSON has it.
type tuned struct {
	Pass       string           `json:"pass"`
	Key        string           `json:"key"`
	Kernel     int              `json:"kernel"`
	Stride     int              `json:"stride"`
	Size       int              `json:"size"`
	InMaps     int              `json:"in_maps"`
	OutMaps    int              `json:"out_maps"`
	Heads      int              `json:"heads"`
	Images     []int            `json:"images"`
	Count      int              `json:"count"`
	GFLOP      float64          `json:"gflop"`
	Winner     layers.Variant   `json:"winner"`
	Source     tune.Source      `json:"source"`
	Candidates []tune.Candidate `json:"candidates"`
}

func (t *tuneCmd) print(w io.Writer, results []tune.Result) error {
	if !t.JSON && t.Format != "json" {
		printTuned(w, results)
		return nil
	}
	all := []tuned{}
	for _, r := range results {
		conv := r.Case.Conv
		one := tuned{
			Pass: r.Case.Pass.String(), Key: r.Case.Key(), Kernel: conv.Kernel, Stride: conv.Stride, Size: conv.InSize,
			InMaps: realMaps(conv.In), OutMaps: realMaps(conv.Out), Heads: len(r.Case.Heads), Count: r.Count, GFLOP: r.Case.FLOPs() / 1e9,
			Winner: r.Winner, Source: r.Source, Candidates: append([]tune.Candidate{}, r.Candidates...),
		}
		for _, h := range r.Case.Heads {
			one.Images = append(one.Images, h.X.Images)
		}
		all = append(all, one)
	}
	return writeJSON(w, all)
}

func realMaps(m layers.Maps) int { return m.Real[m.Units()] }

// printTuned prints a line a candidate; what it belongs to stands in its shape's first line.
func printTuned(w io.Writer, results []tune.Result) {
	t := table.NewWriter()
	t.SetOutputMirror(w)
	t.AppendHeader(table.Row{"pass", "maps", "pixels", "kernel", "heads", "images", "times", "candidate", "GFLOP/s", "ms", "error", ""})
	for _, r := range results {
		conv := r.Case.Conv
		shape := table.Row{
			r.Case.Pass, fmt.Sprintf("%d>%d", realMaps(conv.In), realMaps(conv.Out)), fmt.Sprintf("%dx%d", conv.InSize, conv.InSize),
			fmt.Sprintf("%dx%d/%d", conv.Kernel, conv.Kernel, conv.Stride), len(r.Case.Heads), images(r.Case), r.Count,
		}
		if r.Source == tune.Default {
			t.AppendRow(append(shape, r.Winner, "", "", "", "default: not measured"))
			continue
		}
		for _, candidate := range r.Candidates {
			t.AppendRow(append(shape, candidate.Variant, rate(candidate.GFLOPS), milliseconds(candidate.MS), parts(candidate), remark(r, candidate)))
			shape = table.Row{"", "", "", "", "", "", ""}
		}
	}
	t.RenderMarkdown()
}

// images lists the heads' batches, a single number where they are the same.
func images(c layers.ConvCase) string {
	var all []string
	for _, h := range c.Heads {
		n := fmt.Sprint(h.X.Images)
		if len(all) == 0 || all[len(all)-1] != n {
			all = append(all, n)
		}
	}
	return strings.Join(all, ",")
}

func milliseconds(ms float64) string {
	if ms == 0 {
		return ""
	}
	return fmt.Sprintf("%.3f", ms)
}

// parts is a candidate's error as a part of what it is allowed.
func parts(c tune.Candidate) string {
	if c.Error == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", c.Error)
}

func remark(r tune.Result, c tune.Candidate) string {
	switch {
	case c.Refused != "":
		return c.Refused
	case c.Variant != r.Winner:
		return ""
	case r.Source == tune.Cached:
		return "fastest, known"
	}
	return "fastest"
}
