package main

import (
	"io"

	"github.com/dvn-vk/dvn-vk/bench"
	"github.com/dvn-vk/dvn-vk/bench/compare"
)

// benchCompareCmd compares saved results.
type benchCompareCmd struct {
	Files  []string `arg:"" placeholder:"FILE" help:"Results of benchmarks as JSON; the first device in the first file is the base."`
	Ignore []string `placeholder:"KEY,..." help:"What may differ between the two of a pair, for example precision or variant."`
	Best   bool     `help:"Compare each level's best batch, in time per image."`
	Format string   `enum:"md,csv,json" default:"md" help:"Form of the result: ${enum}. Default: md."`
	JSON   bool     `help:"Short for --format json."`
	Out    string   `placeholder:"FILE" help:"Write the result to a file, which appears when it is complete."`
}

// Help shows an example.
func (benchCompareCmd) Help() string {
	return `Pairs measurements of the same work: of other devices, drivers, versions, or of the same work in PyTorch. Two are of the same
work if they agree in what, name, backbone, units, classes, size, level, params, batch, precision, shape and variant; what one
of them does not say agrees with everything. For each pair: both medians, the ratio of times B/A with an interval of 95 % or
more, and the p-value of a U test, with ~ where the samples show no difference; then geometric means, and what has no partner.

Each further file, and each further device in a file, is compared with the first one. Where runs differ by more than the samples
of one do, as on a machine with other work, measure several times and join the results of each side in one file: then the
medians of its runs are the samples, four or more for a test, seven for an interval.

Example:

    dvn-vk bench compare before.json after.json
    dvn-vk bench compare ours.json pytorch.json --best
    dvn-vk bench compare fp32.json fp16.json --ignore precision`
}

// Run compares and prints.
func (b *benchCompareCmd) Run(c *console) error {
	comparisons, err := compare.Files(b.Files, compare.Options{Ignore: b.Ignore, Best: b.Best})
	if err != nil {
		return err
	}
	format := b.Format
	if b.JSON {
		format = "json"
	}
	write := func(w io.Writer) error { return compare.Write(w, format, comparisons) }
	if b.Out == "" {
		return write(c.out)
	}
	return bench.WriteFile(b.Out, write)
}
