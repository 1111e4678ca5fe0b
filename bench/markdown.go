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

// writeMarkdown prints what all records have in common as a list, then tables: steps, levels, convolutions and operations have
// different columns.
func writeMarkdown(w io.Writer, records []Record) error {
	told, columns := common(records)
	if _, err := io.WriteString(w, told); err != nil {
		return err
	}
	for first := 0; first < len(records); {
		next := first + 1
		for next < len(records) && sameTable(records[first], records[next]) {
			next++
		}
		if _, err := fmt.Fprintf(w, "\n%s\n", markdownTable(columns, records[first:next])); err != nil {
			return err
		}
		first = next
	}
	return nil
}

// common parts the columns into what is told above the tables, a list of what all records have in common, and the tables' own.
func common(records []Record) (told string, columns []Column) {
	for _, c := range Columns() {
		if c.Heading == "" {
			continue
		}
		values := distinct(c, records)
		if c.place == inTable || c.place == aboveIfSame && len(values) > 1 {
			columns = append(columns, c)
		} else if len(values) > 0 {
			told += fmt.Sprintf("- %s: %s\n", c.Heading, strings.Join(values, "; "))
		}
	}
	return told, columns
}

// sameTable tells whether two records are of one kind.
func sameTable(a, b Record) bool {
	kind := func(r Record) string { return strings.SplitN(r.What, "-", 2)[0] }
	return kind(a) == kind(b)
}

// markdownTable has those of the columns in which some record has a value.
func markdownTable(columns []Column, records []Record) string {
	columns = slices.DeleteFunc(slices.Clone(columns), func(c Column) bool { return len(distinct(c, records)) == 0 })
	t := table.NewWriter()
	header, configs := table.Row{}, []table.ColumnConfig{}
	for i, c := range columns {
		header = append(header, c.Heading)
		if isNumber(distinct(c, records)[0]) {
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
	return t.RenderMarkdown()
}

// distinct lists the different values of a column in order, without empty ones.
func distinct(c Column, records []Record) (values []string) {
	for i := range records {
		if v := c.cell(&records[i]); v != "" && !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	return values
}

// isNumber tells a column of numbers, which is set to the right, by a cell.
func isNumber(cell string) bool {
	_, err := strconv.ParseFloat(strings.TrimRight(strings.Fields(cell)[0], "kM"), 64)
	return err == nil
}

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

// deviation is the mean with its deviation, where there is one.
func deviation(r *Record) string {
	if r.StdMS == 0 {
		return decimal(r.MeanMS)
	}
	return decimal(r.MeanMS) + " +- " + decimal(r.StdMS)
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

func memory(n uint64) string {
	if n == 0 {
		return ""
	}
	return gpu.Bytes(n)
}

func list[T int | float64](values []T) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = fmt.Sprint(v)
	}
	return strings.Join(texts, ",")
}
