package plot

import (
	"cmp"
	"slices"

	"github.com/dvn-vk/dvn-vk/bench"
)

// names are those of the lines in a legend, in the order in which they came.
type names []string

// number finds a name's, which is new or not.
func (n *names) number(name string) int {
	if i := slices.Index(*n, name); i >= 0 {
		return i
	}
	*n = append(*n, name)
	return len(*n) - 1
}

// place names where a record was measured.
func place(r bench.Record) string {
	if r.Driver == "" {
		return cmp.Or(r.Device, "unnamed device")
	}
	return cmp.Or(r.Device, "unnamed device") + ", " + r.Driver
}

// network names the network that was measured: the backbone, with the precision where there are several.
func network(r bench.Record, all []bench.Record) string {
	return withPrecision(cmp.Or(r.Backbone, "unnamed backbone"), r, all)
}

// variant names the kernels that were measured, with the precision where there are several.
func variant(r bench.Record, all []bench.Record) string {
	return withPrecision(cmp.Or(r.Variant, r.Kernels, "unnamed kernels"), r, all)
}

func withPrecision(name string, r bench.Record, all []bench.Record) string {
	several := slices.ContainsFunc(all, func(other bench.Record) bool { return other.Precision != r.Precision })
	if several && r.Precision != "" {
		name += ", " + r.Precision
	}
	return name
}
