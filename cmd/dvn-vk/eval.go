package main

import (
	"context"

	"github.com/dvn-vk/dvn-vk/dvn/training"
	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// evalCmd tests a run.
type evalCmd struct {
	Folder    string `arg:"" name:"run" help:"Folder of the run; its newest checkpoint that verifies is tested."`
	Data      string `placeholder:"DIR" help:"Folder with the data sets. Default: that of the training."`
	LimitTest int    `placeholder:"N" help:"Test on the first N images of each task. Default: as many as in training."`
	Precision string `enum:",fp32,fp16" default:"" placeholder:"P" help:"fp32 or fp16. Default: the run's."`
	JSON      bool   `help:"Print JSON."`
	deviceFlag
}

// Help shows an example.
func (evalCmd) Help() string {
	return `Prints for every task and level: the units that it uses; its parameters (weights of convolutions, stem and fully
connected layer) and their share of the task's last level; the accuracy on the test images; and the latency of one image
through this level alone, copies to and from the device included.

Example:

    dvn-vk eval runs/quick
    dvn-vk eval runs/j1 --data data --limit-test 1000 --json`
}

// Validate refuses impossible numbers.
func (e *evalCmd) Validate() error { return notNegative("--limit-test", e.LimitTest) }

// Run tests the run's newest checkpoint.
func (e *evalCmd) Run(ctx context.Context, c *console) error {
	view := trainingView{console: c}
	defer view.close()
	var rows []training.Row
	err := e.open(func(d *gpu.Device, reason string) error {
		c.message("device: %s, %s", d.Info.Name, reason)
		var err error
		rows, err = training.Evaluate(ctx, training.EvalOptions{
			Dir: e.Folder, DataDir: e.Data, LimitTest: e.LimitTest, Precision: layers.Precision(e.Precision), Device: d, Observer: view.observer(),
		})
		return err
	})
	if err != nil {
		return err
	}
	if e.JSON {
		return writeJSON(c.out, map[string]any{"heads": rows})
	}
	printHeads(c.out, rows)
	return nil
}
