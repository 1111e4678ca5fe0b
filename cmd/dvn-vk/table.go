package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/dvn-vk/dvn-vk/dvn/training"
)

// newTable begins a table of plain ASCII: a header, a line, rows.
func newTable(w io.Writer, header ...any) table.Writer {
	t := table.NewWriter()
	t.SetOutputMirror(w)
	style := table.StyleDefault
	style.Options = table.Options{SeparateHeader: true}
	style.Format.Header = text.FormatDefault
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	t.SetStyle(style)
	t.SuppressTrailingSpaces()
	t.AppendHeader(header)
	return t
}

// alignRight sets columns of numbers, counted from 1, to the right.
func alignRight(t table.Writer, columns ...int) {
	configs := make([]table.ColumnConfig, len(columns))
	for i, column := range columns {
		configs[i] = table.ColumnConfig{Number: column, Align: text.AlignRight, AlignHeader: text.AlignRight}
	}
	t.SetColumnConfigs(configs)
}

// writeJSON prints a value as JSON.
func writeJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// printHeads prints what a run's heads have come to: task by task, level by level.
func printHeads(w io.Writer, rows []training.Row) {
	withTop5 := slices.ContainsFunc(rows, func(r training.Row) bool { return r.HasTop5 })
	header := []any{"task", "level", "units", "parameters", "share", "accuracy"}
	if withTop5 {
		header = append(header, "top 5")
	}
	t := newTable(w, append(header, "latency")...)
	alignRight(t, 2, 4, 5, 6, 7, 8)
	for _, r := range rows {
		share := float64(r.Parameters) / float64(topParameters(rows, r.Task))
		row := table.Row{r.Name, r.Level, unitList(r.Units), amount(r.Parameters), percent(100 * share), percent(r.Accuracy)}
		switch {
		case r.HasTop5:
			row = append(row, percent(r.Top5))
		case withTop5:
			row = append(row, "")
		}
		t.AppendRow(append(row, fmt.Sprintf("%.2f ms", r.LatencyMS)))
	}
	t.Render()
}

// topParameters is the size of a task's last level.
func topParameters(rows []training.Row, task int) int {
	most := 0
	for _, r := range rows {
		if r.Task == task {
			most = max(most, r.Parameters)
		}
	}
	return most
}

func unitList(units []int) string {
	return strings.Join(strings.Fields(strings.Trim(fmt.Sprint(units), "[]")), ",")
}

func percent(p float64) string { return fmt.Sprintf("%.1f %%", p) }

// amount prints a number of things for people: 1.85M, 75.2k, 640.
func amount(n int) string {
	switch {
	case n >= 1_000_000:
		return fmt.Sprintf("%.2fM", float64(n)/1e6)
	case n >= 1_000:
		return fmt.Sprintf("%.1fk", float64(n)/1e3)
	}
	return fmt.Sprint(n)
}

// shownOperations bounds a profile: what comes behind takes little time.
const shownOperations = 15

// printProfile prints the operations that take most of a training step's time.
func printProfile(w io.Writer, p *training.Profile) {
	clock := "the device's timestamps"
	if p.Wall {
		clock = "the host's clock, a submission an operation included: the device has no timestamps"
	}
	perStep := func(n float64) float64 { return n / float64(max(p.Steps, 1)) }
	fmt.Fprintf(w, "\nOperations of %d training steps, %.2f ms each, by %s:\n\n", p.Steps, perStep(p.Total.Seconds()*1e3), clock)
	t := newTable(w, "operation", "share", "ms/step", "calls/step", "GFLOP/s", "GB/s")
	alignRight(t, 2, 3, 4, 5, 6)
	for _, o := range p.Operations[:min(shownOperations, len(p.Operations))] {
		t.AppendRow(table.Row{o.Kind, percent(100 * o.Share), fmt.Sprintf("%.3f", perStep(o.Duration.Seconds()*1e3)),
			fmt.Sprintf("%.1f", perStep(float64(o.Count))), rate(o.GFLOPS), rate(o.GBS)})
	}
	t.Render()
}

// rate prints a rate, and nothing for an operation without one.
func rate(r float64) string {
	if r == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f", r)
}
