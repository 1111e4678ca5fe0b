package bench

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/dvn-vk/dvn-vk/gpu"
)

// writeMarkdown prints what all records have in common as a list, and the rest as one table.
func writeMarkdown(w io.Writer, records []Record) error {
	var columns []Column
	var told strings.Builder
	for _, c := range Columns() {
		if c.Heading == "" {
			continue
		}
		values := distinct(c, records)
		switch common := c.place == above || c.place == aboveIfSame && len(values) == 1; {
		case len(values) == 0 || len(values) == 1 && values[0] == "":
		case common:
			fmt.Fprintf(&told, "- %s: %s\n", c.Heading, strings.Join(values, "; "))
		default:
			columns = append(columns, c)
		}
	}
	if _, err := fmt.Fprintf(w, "%s\n", told.String()); err != nil || len(records) == 0 {
		return err
	}
	t := table.NewWriter()
	header, configs := table.Row{}, []table.ColumnConfig{}
	for i, c := range columns {
		header = append(header, c.Heading)
		if c.place == inTable && isNumber(c.cell(&records[0])) {
			configs = append(configs, table.ColumnConfig{Number: i + 1, Align: text.AlignRight})
		}
	}
	t.AppendHeader(header)
	t.SetColumnConfigs(configs)
	for i := range records {
		row := table.Row{}
		for _, c := range columns {
			row = append(row, c.cell(&records[i]))
		}
		t.AppendRow(row)
	}
	_, err := fmt.Fprintln(w, t.RenderMarkdown())
	return err
}

// distinct lists the different values of a column in order.
func distinct(c Column, records []Record) (values []string) {
	for i := range records {
		if v := c.cell(&records[i]); !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	return values
}

func isNumber(cell string) bool { return cell == "" || cell[0] >= '0' && cell[0] <= '9' }

// note is what is to be said of a record beside its numbers.
func note(r *Record) string {
	var notes []string
	if r.Best {
		notes = append(notes, "best batch")
	}
	if r.Drift != 0 {
		notes = append(notes, fmt.Sprintf("drifts by %+.0f %%", 100*r.Drift))
	}
	return strings.Join(notes, ", ")
}

// The functions below print a value for people, and nothing for a value that is not there.

func count(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// amount is as in 1.85M, 75.2k, 640.
func amount(n int) string {
	switch {
	case n >= 1_000_000:
		return fmt.Sprintf("%.2fM", float64(n)/1e6)
	case n >= 1_000:
		return fmt.Sprintf("%.1fk", float64(n)/1e3)
	}
	return count(n)
}

// decimal has four digits, or as many as stand before the point.
func decimal(v float64) string {
	if v == 0 {
		return ""
	}
	digits := 3 - int(math.Floor(math.Log10(math.Abs(v))))
	return strconv.FormatFloat(v, 'f', min(max(digits, 0), 6), 64)
}

func percent(share float64) string {
	if share == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f %%", 100*share)
}

func bytes(n uint64) string {
	if n == 0 {
		return ""
	}
	return gpu.Bytes(n).String()
}

func list[T int | float64](values []T) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = fmt.Sprint(v)
	}
	return strings.Join(texts, ",")
}
