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

// device names where a record was measured: with the driver, where the device has several among all records.
func device(r bench.Record, all []bench.Record) string {
	name := cmp.Or(r.Device, "unnamed device")
	several := slices.ContainsFunc(all, func(other bench.Record) bool { return other.Device == r.Device && other.Driver != r.Driver })
	if several && r.Driver != "" {
		name += ", " + r.Driver
	}
	return name
}

// network names what was measured: the backbone, with the precision where there are several.
func network(r bench.Record, all []bench.Record) string {
	name := cmp.Or(r.Backbone, "unnamed backbone")
	several := slices.ContainsFunc(all, func(other bench.Record) bool { return other.Precision != r.Precision })
	if several && r.Precision != "" {
		name += ", " + r.Precision
	}
	return name
}
