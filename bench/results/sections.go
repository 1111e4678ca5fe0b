package results

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/dvn-vk/dvn-vk/bench"
	"github.com/dvn-vk/dvn-vk/bench/compare"
)

// only are the records of one kind of work.
func only(records []bench.Record, is func(bench.Record) bool) []bench.Record {
	return slices.DeleteFunc(slices.Clone(records), func(r bench.Record) bool { return !is(r) })
}

// groups divides records by a name, in the order in which the names come.
func groups(records []bench.Record, name func(bench.Record) string) (names []string, grouped map[string][]bench.Record) {
	grouped = map[string][]bench.Record{}
	for _, r := range records {
		n := name(r)
		if grouped[n] == nil {
			names = append(names, n)
		}
		grouped[n] = append(grouped[n], r)
	}
	return names, grouped
}

// network describes what was run, as far as a record says it.
func network(r bench.Record) string {
	key, parts := compare.KeyOf(r), []string{r.Backbone}
	for _, part := range []struct{ name, value string }{
		{"units", key.Units}, {"classes", key.Classes}, {"size", number(r.Size)}, {"", r.Precision}, {"kernels", r.Kernels},
	} {
		if part.value != "" {
			parts = append(parts, strings.TrimSpace(part.name+" "+part.value))
		}
	}
	return strings.Join(parts, ", ")
}

// inference has a table for each network: the columns of the paper's Table 2.
func inference(page *bytes.Buffer, r Result) {
	names, grouped := groups(only(r.Records, func(r bench.Record) bool { return r.What == bench.WhatInfer }), network)
	for _, name := range names {
		fmt.Fprintf(page, "\n### Inference: %s\n\n", name)
		t := table.NewWriter()
		t.AppendHeader(table.Row{"level", "parameters", "compression", "one image, ms", "in a batch, ms an image", "batch", "speed-up", "images/s", "memory, MB"})
		levels := levelsOf(grouped[name])
		top := levels[len(levels)-1]
		for _, l := range levels {
			t.AppendRow(table.Row{
				l.best.Level, l.best.Params, ratio(float64(top.best.Params), float64(l.best.Params)), decimal(l.one.MedianMS) + drifts(l.one),
				decimal(perImage(l.best)) + drifts(l.best), l.best.Batch, ratio(perImage(top.best), perImage(l.best)), decimal(l.best.ImgPerS),
				megabytes(l.best.MemoryBytes),
			})
		}
		write(page, t)
	}
}

// level holds a level's records: of one image, zero if not measured, and of the batch with the least time an image.
type level struct{ one, best bench.Record }

func levelsOf(records []bench.Record) []level {
	byLevel := map[int]level{}
	for _, r := range records {
		l, known := byLevel[r.Level]
		if r.Batch == 1 {
			l.one = r
		}
		if !known || perImage(r) < perImage(l.best) {
			l.best = r
		}
		byLevel[r.Level] = l
	}
	var levels []level
	for _, l := range byLevel {
		levels = append(levels, l)
	}
	slices.SortFunc(levels, func(a, b level) int { return cmp.Compare(a.best.Level, b.best.Level) })
	return levels
}

func perImage(r bench.Record) float64 { return r.MedianMS / float64(max(r.Batch, 1)) }

// training has a row for each network and batch.
func training(page *bytes.Buffer, r Result) {
	steps := only(r.Records, func(r bench.Record) bool { return r.What == bench.WhatTrain })
	if len(steps) == 0 {
		return
	}
	fmt.Fprint(page, "\n### Joint training step\n\n")
	t := table.NewWriter()
	t.AppendHeader(table.Row{"network", "batch", "step, ms", "images/s", "of peak", "memory, MB"})
	for _, s := range steps {
		t.AppendRow(table.Row{network(s), s.Batch, decimal(s.MedianMS) + drifts(s), decimal(s.ImgPerS), share(s.ShareOfPeak), megabytes(s.MemoryBytes)})
	}
	write(page, t)
}

// directions of a convolution, in the order of the table.
func directions() []string {
	return []string{bench.WhatForward, bench.WhatBackwardData, bench.WhatBackwardWeights}
}

// kernels has a row for each shape and variant: GFLOP/s in each direction.
func kernels(page *bytes.Buffer, r Result) {
	names, grouped := groups(only(r.Records, isConvolution), func(r bench.Record) string {
		return strings.Join([]string{r.Shape, number(r.Batch), r.Precision, r.Variant}, "|")
	})
	if len(names) == 0 {
		return
	}
	fmt.Fprint(page, "\n### Convolutions, GFLOP/s\n\n")
	t := table.NewWriter()
	t.AppendHeader(table.Row{"shape", "batch", "precision", "variant", "forward", "backward, data", "backward, weights"})
	for _, name := range names {
		first := grouped[name][0]
		row := table.Row{first.Shape, first.Batch, first.Precision, first.Variant}
		for _, direction := range directions() {
			row = append(row, rate(grouped[name], direction))
		}
		t.AppendRow(row)
	}
	write(page, t)
}

func isConvolution(r bench.Record) bool { return slices.Contains(directions(), r.What) }

// rate is that of the records of a direction, with its share of the device's peak where that is known.
func rate(records []bench.Record, direction string) string {
	for _, r := range records {
		if r.What != direction {
			continue
		}
		text := decimal(r.GFLOPS)
		if r.ShareOfPeak > 0 {
			text += ", " + share(r.ShareOfPeak)
		}
		return text + drifts(r)
	}
	return ""
}

// ceilings has a row for each limit that was measured.
func ceilings(page *bytes.Buffer, r Result) {
	limits := only(r.Records, func(r bench.Record) bool { return strings.HasPrefix(r.Name, "ceiling-") })
	if len(limits) == 0 {
		return
	}
	fmt.Fprint(page, "\n### Ceilings\n\n")
	t := table.NewWriter()
	t.AppendHeader(table.Row{"limit", "precision", "size, MB", "median, ms", "GFLOP/s", "GB/s"})
	for _, l := range limits {
		precision := ""
		if l.Name == bench.CeilingFMA {
			precision = l.Precision // the others compute nothing
		}
		t.AppendRow(table.Row{strings.TrimPrefix(l.Name, "ceiling-"), precision, megabytes(l.Bytes), decimal(l.MedianMS) + drifts(l),
			decimal(l.GFLOPS), decimal(l.GBPerS)})
	}
	write(page, t)
}
