package main

import (
	"bytes"
	"context"
	"fmt"
	"image/png"
	"os"
	"slices"
	"strings"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/dvn-vk/dvn-vk/data"
)

// dataCmd groups what concerns data sets.
type dataCmd struct {
	Get  dataGetCmd  `cmd:"" help:"Download the official archive of a data set."`
	Show dataShowCmd `cmd:"" help:"Write a contact sheet of a data set as a PNG file."`
}

// dataGetCmd downloads an archive.
type dataGetCmd struct {
	Name   string `arg:"" help:"cifar10, cifar100, stl10 or tiny-imagenet."`
	Dir    string `default:"data" placeholder:"DIR" help:"Folder that receives the archive (default: ${default})."`
	Mirror string `placeholder:"URL" help:"Address of a folder that holds the archives under their official names, in place of the authors' servers."`
}

// Help shows an example.
func (dataGetCmd) Help() string {
	return `A broken download goes on where it ended, in the same call or in the next; the archive's checksum is verified.
Training reads archives as they are: there is no need to unpack them.

Example:

    dvn-vk data get cifar10 --dir data
    dvn-vk data get cifar100 --dir data
    dvn-vk train j1 --data data`
}

// Validate refuses names without an archive.
func (c *dataGetCmd) Validate() error { return oneOf("name", c.Name, data.Downloadable()) }

// Run downloads the archive with progress on standard error.
func (c *dataGetCmd) Run(ctx context.Context) error {
	progress := plainProgress(c.Name)
	if term.IsTerminal(int(os.Stderr.Fd())) {
		progress = barProgress(c.Name)
	}
	path, err := data.Downloader{Mirror: c.Mirror, Progress: progress}.Get(ctx, c.Name, c.Dir)
	if err != nil {
		return err
	}
	fmt.Printf("%s is in %s\n", c.Name, path)
	return nil
}

// barProgress returns a progress function that draws a bar.
func barProgress(name string) func(done, total int64) {
	bar := progressbar.DefaultBytes(-1, name)
	return func(done, total int64) {
		bar.ChangeMax64(total)
		// A bar that cannot be drawn is no reason to stop.
		_ = bar.Set64(done)
	}
}

// plainProgress returns a progress function that prints a line for every tenth of the whole or, where that is not
// known, for every 16 MB.
func plainProgress(name string) func(done, total int64) {
	const mega = 1_000_000
	next := int64(0)
	return func(done, total int64) {
		if done < next && done != total {
			return
		}
		if total < 0 {
			next = done + 16*mega
			fmt.Fprintf(os.Stderr, "%s: %d MB\n", name, done/mega)
			return
		}
		next = done + max(total/10, 1)
		fmt.Fprintf(os.Stderr, "%s: %d of %d MB\n", name, done/mega, total/mega)
	}
}

// dataShowCmd writes a contact sheet.
type dataShowCmd struct {
	Kind       string `arg:"" help:"cifar10, cifar100, stl10, tiny-imagenet, folder, shapes or textures."`
	Data       string `default:"data" placeholder:"DIR" help:"Folder that holds the archives or unpacked folders (default: ${default})."`
	Path       string `placeholder:"DIR" help:"folder: where its train/CLASS and test/CLASS lie, below --data."`
	Labels     string `enum:"fine,coarse" default:"fine" help:"cifar100: fine or coarse labels (default: ${default})."`
	Split      string `enum:"train,test" default:"train" help:"train or test (default: ${default})."`
	Out        string `default:"sheet.png" placeholder:"FILE" help:"PNG file to write (default: ${default})."`
	Size       int    `default:"32" placeholder:"N" help:"folder, shapes, textures: image size in pixels (default: ${default})."`
	Seed       uint64 `default:"1" placeholder:"S" help:"shapes, textures: what decides the images (default: ${default})."`
	SkipBroken bool   `help:"folder: leave out files that cannot be decoded."`
}

// The images on a contact sheet.
const (
	sheetColumns = 12
	sheetRows    = 8
)

// Help shows an example.
func (dataShowCmd) Help() string {
	return `Shows the first images of a split with the names of their classes.

Example:

    dvn-vk data show shapes --size 16 --out shapes.png
    dvn-vk data show cifar10 --data data --split test`
}

// Validate refuses unknown kinds.
func (c *dataShowCmd) Validate() error { return oneOf("kind", c.Kind, data.Kinds()) }

// Run loads the split and writes its sheet.
func (c *dataShowCmd) Run(context.Context) error {
	split := data.Train
	if c.Split == "test" {
		split = data.Test
	}
	set, err := data.Load(c.Data, data.Source{
		Kind: c.Kind, Path: c.Path, Labels: c.Labels, Size: c.Size, Channels: 3, Seed: c.Seed, SkipBroken: c.SkipBroken,
		Train: sheetColumns * sheetRows, Test: sheetColumns * sheetRows,
	}, split)
	if err != nil {
		return err
	}
	for _, skipped := range set.Skipped {
		fmt.Fprintf(os.Stderr, "skipped %s\n", skipped)
	}
	var sheet bytes.Buffer
	if err := png.Encode(&sheet, data.ContactSheet(set, sheetColumns, sheetRows)); err != nil {
		return err
	}
	if err := os.WriteFile(c.Out, sheet.Bytes(), 0o666); err != nil {
		return err
	}
	fmt.Printf("%s shows %d of %d images of %dx%d pixels in %d classes (%s, %s split)\n", c.Out,
		min(set.Len(), sheetColumns*sheetRows), set.Len(), set.Size, set.Size, len(set.Classes), set.Name, split)
	return nil
}

// oneOf returns an error that lists the choices unless value is among them.
func oneOf(what, value string, choices []string) error {
	if slices.Contains(choices, value) {
		return nil
	}
	return fmt.Errorf("%s %q: choose one of %s", what, value, strings.Join(choices, ", "))
}
