package results

import (
	"bytes"
	_ "embed"
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
)

//go:embed introduction.md
var introduction string

// Targets is what the project aims at and how far it is, written by hand from the results.
//
//go:embed targets.md
var Targets string

// Page writes docs/benchmarks.md: how to add a device, targets, the results of each, and all of them side by side.
func Page(results []Result, targets string) []byte {
	var page bytes.Buffer
	page.WriteString(introduction)
	page.WriteString(targets)
	devices(&page, results)
	comparison(&page, results)
	for i, r := range results {
		fmt.Fprintf(&page, "\n## %d. %s\n\n%s\n", i+1, strings.TrimSuffix(r.Origin().Device+", "+r.Note, ", "), r.described())
		inference(&page, r)
		training(&page, r)
		kernels(&page, r)
		ceilings(&page, r)
	}
	return page.Bytes()
}

// devices lists the results.
func devices(page *bytes.Buffer, results []Result) {
	fmt.Fprint(page, "\n## Devices\n\n")
	t := table.NewWriter()
	t.AppendHeader(table.Row{"", "device", "driver", "commit", "note", "day", "file"})
	for i, r := range results {
		o := r.Origin()
		day, _, _ := strings.Cut(o.Date, "T")
		t.AppendRow(table.Row{i + 1, o.Device, o.Driver, o.Commit, r.Note, day, fmt.Sprintf("[%s](../bench/results/%s)", r.File, r.File)})
	}
	write(page, t)
}

// described is a sentence on the machine.
func (r Result) described() string {
	o := r.Origin()
	parts := []string{o.Driver}
	for _, part := range []struct{ name, value string }{
		{"Vulkan", o.API}, {"threads:", number(o.Threads)}, {"host:", o.CPU}, {"", o.OS}, {"clock:", o.Clock}, {"commit", o.Commit}, {"", o.Go},
	} {
		if part.value != "" {
			parts = append(parts, strings.TrimSpace(part.name+" "+part.value))
		}
	}
	return strings.Join(parts, "; ") + "."
}

// write adds a table as Markdown.
func write(page *bytes.Buffer, t table.Writer) {
	page.WriteString(t.RenderMarkdown())
	page.WriteString("\n")
}
