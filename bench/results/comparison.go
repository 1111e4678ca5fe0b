package results

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/dvn-vk/dvn-vk/bench"
	"github.com/dvn-vk/dvn-vk/bench/compare"
)

// comparison sets the results side by side: a table for each kind of work that at least two have in common.
func comparison(page *bytes.Buffer, results []Result) {
	if len(results) < 2 {
		return
	}
	fmt.Fprint(page, "\n## Side by side\n\nMedian times in ms; columns are numbered as above. The last row is the geometric mean of times over those of the first\n"+
		"column with which a column shares rows, named before it, and how many these are.\n")
	for _, kind := range []struct {
		title string
		of    func(bench.Record) bool
		best  bool
	}{
		{"A joint training step", func(r bench.Record) bool { return r.What == bench.WhatTrain }, false},
		{"Inference of one image", func(r bench.Record) bool { return r.What == bench.WhatInfer && r.Batch == 1 }, false},
		{"Inference, an image of the best batch", func(r bench.Record) bool { return r.What == bench.WhatInfer }, true},
		{"Convolutions, by the fastest variant", isConvolution, false},
	} {
		var columns []compare.Series
		for _, r := range results {
			columns = append(columns, series(only(r.Records, kind.of), kind.best))
		}
		sideBySide(page, kind.title, columns)
	}
}

// series are a result's measurements; of a convolution's variants the fastest alone.
func series(records []bench.Record, best bool) compare.Series {
	all := compare.Split("", records, best)
	if len(all) == 0 {
		return compare.Series{}
	}
	var kept []compare.Measurement
	for _, m := range all[0].Measurements {
		m.Variant = ""
		i := slices.IndexFunc(kept, func(k compare.Measurement) bool { return k.Key == m.Key })
		switch {
		case i < 0:
			kept = append(kept, m)
		case m.MedianMS < kept[i].MedianMS:
			kept[i] = m
		}
	}
	all[0].Measurements = kept
	return all[0]
}

func sideBySide(page *bytes.Buffer, title string, columns []compare.Series) {
	rows := shared(columns)
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(page, "\n### %s\n\n", title)
	t := table.NewWriter()
	header, means := table.Row{"work"}, table.Row{"geometric mean"}
	for i := range columns {
		header, means = append(header, i+1), append(means, mean(columns, rows, i))
	}
	t.AppendHeader(header)
	for _, row := range rows {
		cells := table.Row{strings.TrimPrefix(row.String(), "infer, ")}
		for _, column := range columns {
			cells = append(cells, decimal(timeOf(column, row)))
		}
		t.AppendRow(cells)
	}
	t.AppendRow(means)
	write(page, t)
}

// shared are the keys that at least two columns have a time of.
func shared(columns []compare.Series) []compare.Key {
	var rows []compare.Key
	for i, column := range columns {
		for _, m := range column.Measurements {
			seen, others := false, false
			for _, row := range rows {
				seen = seen || m.Agrees(row, nil)
			}
			for j, other := range columns {
				others = others || j != i && timeOf(other, m.Key) > 0
			}
			if !seen && others {
				rows = append(rows, m.Key)
			}
		}
	}
	return rows
}

// timeOf is a series' time of some work; 0: it has none.
func timeOf(s compare.Series, work compare.Key) float64 {
	for _, m := range s.Measurements {
		if m.Agrees(work, nil) {
			return m.MedianMS
		}
	}
	return 0
}

// mean is that of a column's times over the first one's with which it shares rows.
func mean(columns []compare.Series, rows []compare.Key, of int) string {
	for base := range of {
		sum, n := 0.0, 0
		for _, row := range rows {
			if a, b := timeOf(columns[base], row), timeOf(columns[of], row); a > 0 && b > 0 {
				sum, n = sum+math.Log(b/a), n+1
			}
		}
		if n > 0 {
			return fmt.Sprintf("%d: %sx (%d)", base+1, decimal(math.Exp(sum/float64(n))), n)
		}
	}
	return ""
}
