// Package main is the program dvn-vk: one file a subcommand, which turns flags into calls of the library and prints what
// comes back. Results go to standard output, progress and messages to standard error. Nothing is computed here.
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/dvn-vk/dvn-vk/dvn/scenario"
	"github.com/dvn-vk/dvn-vk/dvn/training"
)

// program is the command line.
type program struct {
	Train   trainCmd   `cmd:"" help:"Train a deep virtual network, or go on with a run."`
	Eval    evalCmd    `cmd:"" help:"Test every task and level of a run."`
	Verify  verifyCmd  `cmd:"" help:"Check the numbers that a device computes."`
	Bench   benchCmd   `cmd:"" help:"Measure how fast a device is."`
	Tune    tuneCmd    `cmd:"" help:"Measure which kernels are the fastest on a device, and remember it."`
	Devices devicesCmd `cmd:"" help:"List the Vulkan devices of this machine."`
	Data    dataCmd    `cmd:"" help:"Fetch and look at data sets."`
	Version versionCmd `cmd:"" help:"Print version, revision and platform."`
}

const description = `Trains and runs deep virtual networks on Vulkan devices: one network, divided into units, serves several image
classification tasks, each at several sizes.

A first look: dvn-vk verify, then dvn-vk train quick.`

// Exit codes.
const (
	exitFine        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

func main() { os.Exit(run(newConsole())) }

func run(c *console) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The first signal lets the work end in good order. From then on they have their usual effect: the second one kills.
	context.AfterFunc(ctx, stop)
	err := execute(ctx, c, os.Args[1:])
	if err == nil {
		return exitFine
	}
	text := err.Error()
	code := exitCode(ctx, err)
	if code == exitInterrupted && !errors.Is(err, training.ErrInterrupted) {
		text = "interrupted" // how the work noticed is of no interest
	}
	c.message("dvn-vk: %s", strings.ReplaceAll(text, "\n", "\ndvn-vk: "))
	return code
}

func execute(ctx context.Context, c *console, arguments []string) error {
	parser, err := kong.New(&program{}, kong.Name("dvn-vk"), kong.Description(description),
		kong.Vars{"scenarios": strings.Join(scenario.Names(), ", ")},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 120}),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(c))
	if err != nil {
		return err
	}
	command, err := parser.Parse(arguments)
	if err != nil {
		return &usageError{err}
	}
	return command.Run()
}

// usageError is a mistake on the command line.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() + "; see --help" }
func (e *usageError) Unwrap() error { return e.err }

func exitCode(ctx context.Context, err error) int {
	switch {
	case errors.As(err, new(*usageError)):
		return exitUsage
	case errors.Is(err, training.ErrInterrupted), ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx))):
		return exitInterrupted
	}
	return exitFailed
}
