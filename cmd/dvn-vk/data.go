package main

import (
	"bytes"
	"context"
	"fmt"
	"image/png"
	"os"
	"slices"
	"strings"

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
func (d *dataGetCmd) Validate() error { return oneOf("name", d.Name, data.Downloadable()) }

// Run downloads the archive.
func (d *dataGetCmd) Run(ctx context.Context, c *console) error {
	var p *progress
	downloader := data.Downloader{Mirror: d.Mirror, Progress: func(done, total int64) {
		if p == nil {
			p = c.begin(d.Name, done, total, megabytes())
		}
		p.resize(total)
		p.set(done, "")
	}}
	path, err := downloader.Get(ctx, d.Name, d.Dir)
	p.end()
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s is in %s\n", d.Name, path)
	return nil
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
func (d *dataShowCmd) Validate() error { return oneOf("kind", d.Kind, data.Kinds()) }

// Run loads the split and writes its sheet.
func (d *dataShowCmd) Run(c *console) error {
	split := data.Train
	if d.Split == "test" {
		split = data.Test
	}
	set, err := data.Load(d.Data, data.Source{
		Kind: d.Kind, Path: d.Path, Labels: d.Labels, Size: d.Size, Channels: 3, Seed: d.Seed, SkipBroken: d.SkipBroken,
		Train: sheetColumns * sheetRows, Test: sheetColumns * sheetRows,
	}, split)
	if err != nil {
		return err
	}
	for _, skipped := range set.Skipped {
		c.message("skipped %s", skipped)
	}
	var sheet bytes.Buffer
	if err := png.Encode(&sheet, data.ContactSheet(set, sheetColumns, sheetRows)); err != nil {
		return err
	}
	if err := os.WriteFile(d.Out, sheet.Bytes(), 0o666); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s shows %d of %d images of %dx%d pixels in %d classes (%s, %s split)\n", d.Out,
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
