package bench

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// writeGo writes Go's benchmark format (https://go.dev/design/14313-benchmark-format): a line a sample, so that benchstat has
// distributions to compare. What tells machines apart is configuration; what differs between any two runs is a comment, or
// benchstat would compare nothing.
func writeGo(w io.Writer, records []Record) error {
	out := bufio.NewWriter(w)
	var last Origin
	for i := range records {
		r := &records[i]
		if r.Origin != last {
			writeOrigin(out, r.Origin)
			last = r.Origin
		}
		name := goName(r)
		for _, ms := range r.SamplesMS {
			fmt.Fprintf(out, "%s 1 %.0f ns/op", name, ms*1e6)
			for _, rate := range []struct {
				value, at float64 // ms
				unit      string
			}{{r.ImgPerS, r.MedianMS, "img/s"}, {r.GFLOPS, r.ratedMS(), "GFLOP/s"}, {r.GBPerS, r.ratedMS(), "GB/s"}} {
				if rate.value > 0 {
					fmt.Fprintf(out, " %.6g %s", rate.value*rate.at/ms, rate.unit)
				}
			}
			if r.Drift != 0 {
				fmt.Fprintf(out, " %.6g drift-%%", 100*r.Drift)
			}
			fmt.Fprintln(out)
		}
	}
	return out.Flush()
}

func writeOrigin(w io.Writer, o Origin) {
	goos, goarch, _ := strings.Cut(o.OS, "/")
	for _, line := range []struct{ key, value string }{
		{"goos", goos}, {"goarch", goarch}, {"pkg", "github.com/dvn-vk/dvn-vk/bench"}, {"cpu", o.CPU}, {"device", o.Device}, {"driver", o.Driver},
		{"# dvn-vk", strings.TrimSpace(o.Version + " " + o.Commit)}, {"# date", o.Date}, {"# clock", o.Clock}, {"# command", o.Command},
	} {
		if line.value != "" {
			fmt.Fprintf(w, "%s: %s\n", line.key, line.value)
		}
	}
	fmt.Fprintln(w)
}

// goName is what tells a measurement from others of one machine: BenchmarkInfer/backbone=wrn-32-4/level=1/batch=8.
func goName(r *Record) string {
	var name strings.Builder
	name.WriteString("Benchmark")
	for word := range strings.FieldsFuncSeq(r.What, func(c rune) bool { return c == '-' || c == '_' }) {
		name.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	for _, part := range []struct{ key, value string }{
		{"name", r.Name}, {"backbone", r.Backbone}, {"units", list(r.Units)}, {"classes", list(r.Classes)}, {"size", count(r.Size)},
		{"shape", r.Shape}, {"variant", r.Variant}, {"level", count(r.Level)}, {"batch", count(r.Batch)}, {"bytes", count(int(r.Bytes))},
		{"precision", r.Precision},
	} {
		if part.value != "" {
			fmt.Fprintf(&name, "/%s=%s", part.key, strings.Join(strings.Fields(part.value), "_"))
		}
	}
	return name.String()
}
