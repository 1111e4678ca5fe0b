package compare

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
)

// Formats are the forms that Write knows.
func Formats() []string { return []string{"md", "csv", "json"} }

// Write prints comparisons as Markdown for people (md), as a row for every pair (csv), or whole (json).
func Write(w io.Writer, format string, comparisons []Comparison) error {
	switch format {
	case "md":
		for i, c := range comparisons {
			if i > 0 {
				fmt.Fprintln(w)
			}
			writeMarkdown(w, c)
		}
		return nil
	case "csv":
		writeCSV(w, comparisons)
		return nil
	case "json":
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(comparisons)
	}
	return fmt.Errorf("format %q: it is one of %s", format, strings.Join(Formats(), ", "))
}

func writeMarkdown(w io.Writer, c Comparison) {
	fmt.Fprintf(w, "- A: %s\n- B: %s\n", c.A, c.B)
	if len(c.Rows) > 0 {
		writeRows(w, c)
	}
	writeKeys(w, "Only in A", c.OnlyA)
	writeKeys(w, "Only in B", c.OnlyB)
}

func writeRows(w io.Writer, c Comparison) {
	cells := make([][]string, len(c.Rows)) // of each row's key
	for i, r := range c.Rows {
		cells[i] = r.key()
	}
	shown, common := columns(cells)
	fmt.Fprintf(w, "- everywhere: %s\n\n", strings.Join(common, ", "))
	header := table.Row{}
	for _, column := range shown {
		header = append(header, KeyNames()[column])
	}
	t := newTable(w, append(header, "A ms", "B ms", "B/A", "interval", "p"))
	for i, r := range c.Rows {
		row := table.Row{}
		for _, column := range shown {
			row = append(row, cells[i][column])
		}
		t.AppendRow(append(row, r.A.median(), r.B.median(), ratio(r.Ratio), r.interval(), r.p()))
	}
	t.RenderMarkdown()
	fmt.Fprintln(w)
	for _, m := range c.Means {
		fmt.Fprintf(w, "Geometric mean of B/A, %s (%d): %s\n", m.What, m.Rows, ratio(m.Ratio))
	}
	fmt.Fprintf(w, "\nA ratio below 1: B is faster. Interval of %.0f %% or more; ~: the samples show no difference; -: too few samples.\n",
		100*Confidence)
}

// columns tells which parts of the keys differ between rows, and what the others are.
func columns(cells [][]string) (shown []int, common []string) {
	for column, name := range KeyNames() {
		first := cells[0][column]
		same := !slices.ContainsFunc(cells, func(row []string) bool { return row[column] != first })
		switch {
		case !same:
			shown = append(shown, column)
		case first != "":
			common = append(common, name+" "+first)
		}
	}
	return shown, common
}

// writeKeys lists what had no partner.
func writeKeys(w io.Writer, title string, keys []Key) {
	if len(keys) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s (%d):\n\n", title, len(keys))
	for _, k := range keys {
		fmt.Fprintf(w, "- %s\n", k)
	}
}

func writeCSV(w io.Writer, comparisons []Comparison) {
	header := table.Row{"a", "a_device", "a_driver", "b", "b_device", "b_driver"}
	for _, name := range KeyNames() {
		header = append(header, name)
	}
	t := newTable(w, append(header, "a_median_ms", "a_samples", "b_median_ms", "b_samples", "ratio", "low", "high", "p"))
	for _, c := range comparisons {
		for _, r := range c.Rows {
			row := table.Row{c.A.File, c.A.Device, c.A.Driver, c.B.File, c.B.Device, c.B.Driver}
			for _, cell := range r.key() {
				row = append(row, cell)
			}
			low, high, p := any(""), any(""), any("")
			if r.Interval != nil {
				low, high = r.Interval.Low, r.Interval.High
			}
			if r.P != nil {
				p = *r.P
			}
			t.AppendRow(append(row, r.A.MedianMS, r.A.Samples, r.B.MedianMS, r.B.Samples, r.Ratio, low, high, p))
		}
	}
	t.RenderCSV()
}

func newTable(w io.Writer, header table.Row) table.Writer {
	t := table.NewWriter()
	t.SetOutputMirror(w)
	t.AppendHeader(header)
	return t
}

// key is what the row is of: each part as one of the sides has it, or both where an ignored one differs.
func (r Row) key() []string {
	cells := r.A.values()
	for i, theirs := range r.B.values() {
		switch {
		case cells[i] == "":
			cells[i] = theirs
		case theirs != "" && theirs != cells[i]:
			cells[i] += " : " + theirs
		}
	}
	return cells
}

func (r Row) interval() string {
	if r.Interval == nil {
		return "-"
	}
	return ratio(r.Interval.Low) + " .. " + ratio(r.Interval.High)
}

func (r Row) p() string {
	switch {
	case r.P == nil:
		return "-"
	case !r.Differs():
		return fmt.Sprintf("~ %.3f", *r.P)
	case *r.P < 0.001:
		return "<0.001"
	}
	return fmt.Sprintf("%.3f", *r.P)
}

func (m Measurement) median() string {
	text := fmt.Sprintf("%.3f", m.MedianMS)
	if m.MedianMS >= 10 {
		text = fmt.Sprintf("%.1f", m.MedianMS)
	}
	if m.Drifts {
		text += " (drifts)"
	}
	return text
}

func ratio(r float64) string { return fmt.Sprintf("%.3f", r) }
