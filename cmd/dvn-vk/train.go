package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/dvn-vk/dvn-vk/dvn/scenario"
	"github.com/dvn-vk/dvn-vk/dvn/training"
	"github.com/dvn-vk/dvn-vk/gpu"
)

// trainCmd trains a scenario or goes on with a run.
type trainCmd struct {
	Scenario    string `arg:"" optional:"" help:"Built-in scenario (${scenarios}) or a configuration file that ends in .toml."`
	Resume      string `placeholder:"RUN" help:"Go on with the run in this folder, from its newest checkpoint; only --data and --device go with it."`
	PrintConfig bool   `help:"Print the complete configuration, other flags included, and do nothing."`
	Data        string `placeholder:"DIR" help:"Folder with the data sets. Default: the configuration's, else data."`
	deviceFlag
	tuneFlag
	Out     string `placeholder:"DIR" help:"Folder of the run, new or empty. Default: runs/NAME, or runs/NAME-2 and so on if that is there."`
	Profile bool   `help:"Time every operation, and print those that take most of the time."`
	overrides
}

// overrides are flags in place of what the configuration says; nil leaves that.
type overrides struct {
	Backbone        *string `placeholder:"B" help:"Network: wrn-n-s, resnet-n or resnet-n-w, for example wrn-14-1."`
	Epochs          *int    `placeholder:"N" help:"Epochs of each phase."`
	Batch           *int    `placeholder:"N" help:"Images of each task in a step."`
	Precision       *string `placeholder:"P" help:"fp32, or fp16: activations in half the memory."`
	Seed            *uint64 `placeholder:"S" help:"What decides initial weights, order of images and augmentation."`
	LimitTrain      *int    `placeholder:"N" help:"Train on the first N images of each task; 0 for all."`
	LimitTest       *int    `placeholder:"N" help:"Test on the first N images of each task; 0 for all."`
	CheckpointEvery *int    `placeholder:"N" help:"Write a checkpoint every N steps, not at the end of each epoch alone."`
	SkipBroken      bool    `help:"Leave out image files that cannot be decoded."`
}

// Help shows an example.
func (trainCmd) Help() string {
	return `Trains all tasks and levels of a scenario in one network, tests them after every epoch and ends with a table: parameters,
accuracy and latency of every task and level. Ctrl-C ends the step, writes a checkpoint and says how to go on; a run that
goes on has the same bits as one that was never interrupted.

Example:

    dvn-vk train quick
    dvn-vk train j1 --data data --backbone wrn-14-1 --epochs 20
    dvn-vk train quick --precision fp16
    dvn-vk train --resume runs/j1
    dvn-vk train --print-config j1 > mine.toml
    dvn-vk train mine.toml --out runs/mine`
}

// Validate refuses what cannot be meant.
func (t *trainCmd) Validate() error {
	switch {
	case t.Resume != "" && (t.Scenario != "" || t.PrintConfig || t.Out != "" || t.Profile || t.NoTune || t.overrides != overrides{}):
		return errors.New("--resume goes on with the run's own configuration: only --data and --device go with it")
	case t.Resume != "":
		return nil
	case t.Scenario == "":
		return fmt.Errorf("name a scenario (%s) or a configuration file, or a run with --resume", strings.Join(scenario.Names(), ", "))
	case filepath.Ext(t.Scenario) != ".toml":
		_, err := scenario.Builtin(t.Scenario)
		return err
	}
	return nil
}

// Run trains, goes on, or prints the configuration.
func (t *trainCmd) Run(ctx context.Context, c *console) error {
	if t.Resume != "" {
		return t.resume(ctx, c)
	}
	config, err := t.config()
	if err != nil {
		return err
	}
	if t.PrintConfig {
		text, err := config.TOML()
		if err != nil {
			return err
		}
		_, err = c.out.Write(text)
		return err
	}
	return t.start(ctx, c, config)
}

// config is the scenario's configuration with what the flags say in its place.
func (t *trainCmd) config() (scenario.Config, error) {
	config, err := scenario.Load(t.Scenario)
	if err != nil {
		return scenario.Config{}, err
	}
	t.apply(&config)
	config.Data.Dir = cmp.Or(t.Data, config.Data.Dir)
	// The configuration was valid without the flags.
	if err := config.Validate(); err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		return scenario.Config{}, &usageError{errors.New(first)}
	}
	return config, nil
}

// apply replaces what flags are given for.
func (o overrides) apply(c *scenario.Config) {
	set(&c.Backbone, o.Backbone)
	set(&c.Learning.Epochs, o.Epochs)
	set(&c.Learning.Batch, o.Batch)
	for i := range c.Tasks {
		set(&c.Tasks[i].Batch, o.Batch)
	}
	set(&c.Precision, o.Precision)
	set(&c.Seed, o.Seed)
	set(&c.Data.LimitTrain, o.LimitTrain)
	set(&c.Data.LimitTest, o.LimitTest)
	set(&c.CheckpointEvery, o.CheckpointEvery)
	c.Data.SkipBroken = c.Data.SkipBroken || o.SkipBroken
}

func set[T any](field, value *T) {
	if value != nil {
		*field = *value
	}
}

func (t *trainCmd) start(ctx context.Context, c *console, config scenario.Config) error {
	var err error
	// The run can be continued from any folder.
	if config.Data.Dir, err = filepath.Abs(cmp.Or(config.Data.Dir, "data")); err != nil {
		return err
	}
	out := t.Out
	if out == "" {
		if out, err = newFolder(filepath.Join("runs", config.Name)); err != nil {
			return err
		}
	}
	c.message("run folder: %s", out)
	tuner, end := t.tuner(c)
	defer end()
	return t.train(c, out, func(d *gpu.Device, reason string, o training.Observer) (*training.Summary, error) {
		return training.Start(ctx, training.Options{
			Config: config, Dir: out, Device: d, DeviceReason: reason, Command: os.Args, Version: version(), Profile: t.Profile, Tuner: tuner, Observer: o,
		})
	})
}

// newFolder is path, or path-2, path-3 ...: the first that is not there.
func newFolder(path string) (string, error) {
	for n, name := 2, path; ; n++ {
		_, err := os.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			return name, nil
		}
		if err != nil {
			return "", err
		}
		name = fmt.Sprintf("%s-%d", path, n)
	}
}

func (t *trainCmd) resume(ctx context.Context, c *console) error {
	dataDir := t.Data
	if dataDir != "" {
		var err error
		if dataDir, err = filepath.Abs(dataDir); err != nil {
			return err
		}
	}
	return t.train(c, t.Resume, func(d *gpu.Device, reason string, o training.Observer) (*training.Summary, error) {
		return training.Resume(ctx, training.ResumeOptions{
			Dir: t.Resume, DataDir: dataDir, Device: d, DeviceReason: reason, Command: os.Args, Version: version(), Observer: o,
		})
	})
}

// train runs a training in the folder run, shows how it goes and what came out.
func (t *trainCmd) train(c *console, run string, work func(*gpu.Device, string, training.Observer) (*training.Summary, error)) error {
	view := trainingView{console: c}
	defer view.close()
	var summary *training.Summary
	err := t.open(func(d *gpu.Device, reason string) (err error) {
		c.message("device: %s, %s", d.Info.Name, reason)
		summary, err = work(d, reason, view.observer())
		return err
	})
	if errors.Is(err, training.ErrInterrupted) {
		return fmt.Errorf("%w: a checkpoint is written, go on with: dvn-vk train --resume %s", err, run)
	}
	if err != nil {
		return err
	}
	if summary.AlreadyFinished {
		c.message("%s is finished: there is nothing to go on with", run)
	}
	if scale := summary.LossScale; scale != nil {
		c.message("fp16: %d of %d steps skipped, the loss scale ends at %g", scale.Skipped, summary.Steps, scale.Scale)
	}
	printHeads(c.out, summary.Rows)
	if summary.Profile != nil {
		printProfile(c.out, summary.Profile)
	}
	return nil
}

// notNegative refuses a flag's number below 0.
func notNegative(flag string, n int) error {
	if n < 0 {
		return fmt.Errorf("%s %d: it cannot be negative", flag, n)
	}
	return nil
}
