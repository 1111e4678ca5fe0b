package bench

import "slices"

// Column describes a value that records have, by its key in JSON and CSV.
type Column struct {
	Key     string
	Meaning string // in words, with the unit of measure
	Heading string // of the table; empty: it is not there
	place   place
	cell    func(r *Record) string // what the table shows, empty where a record has no such value
}

// place is where the table has a value.
type place int

const (
	inTable     place = iota // a column, where some record has a value
	aboveIfSame              // told once above the table where it is the same for all, else a column
	above                    // told above the table
)

// Columns lists all values that a record can have, in the order of the table.
func Columns() []Column {
	return slices.Concat(origins(), subjects(), results())
}

// origins are where and how it was measured.
func origins() []Column {
	return []Column{
		{"device", "its name", "device", aboveIfSame, func(r *Record) string { return r.Device }},
		{"driver", "name and version in its own words", "driver", aboveIfSame, func(r *Record) string { return r.Driver }},
		{"device_type", "discrete, integrated, virtual, cpu or other", "type", above, func(r *Record) string { return r.DeviceType }},
		{"api", "the device's version of Vulkan", "Vulkan", above, func(r *Record) string { return r.API }},
		{"threads", "of a device that is a CPU", "threads", above, func(r *Record) string { return count(r.Threads) }},
		{"version", "of dvn-vk", "dvn-vk", above, func(r *Record) string { return r.Version }},
		{"commit", "that dvn-vk was built from, + where there were changes", "commit", above, func(r *Record) string { return r.Commit }},
		{"go", "the compiler", "Go", above, func(r *Record) string { return r.Go }},
		{"os", "system and architecture", "system", above, func(r *Record) string { return r.OS }},
		{"cpu", "the host's processor", "CPU", above, func(r *Record) string { return r.CPU }},
		{"clock", "state of the clocks, as far as the system tells", "clock", above, func(r *Record) string { return r.Clock }},
		{"date", "when it was measured", "date", above, func(r *Record) string { return r.Date }},
		{"command", "the command line", "command", above, func(r *Record) string { return r.Command }},
	}
}

// subjects are what was measured.
func subjects() []Column {
	return []Column{
		{"what", "train: a whole joint training step; infer: one level alone; conv-forward, conv-backward_data, conv-backward_weights: one " +
			"convolution, the gradient of its input, of its weights; op: something else",
			"what", inTable, func(r *Record) string { return r.What }},
		{"name", "of an op: the kind of operation in a training step, or a ceiling of the device",
			"name", inTable, func(r *Record) string { return r.Name }},
		{"shape", "of a convolution: maps x side of its input in pixels; IN-OUTxSIDE where maps differ, sN behind it for stride N",
			"shape", inTable, func(r *Record) string { return r.Shape }},
		{"variant", "of a convolution: the kernels that it was made to run by",
			"variant", inTable, func(r *Record) string { return r.Variant }},
		{"backbone", "the network",
			"backbone", aboveIfSame, func(r *Record) string { return r.Backbone }},
		{"units", "shares of the units",
			"units", aboveIfSame, func(r *Record) string { return list(r.Units) }},
		{"classes", "of each task",
			"classes", aboveIfSame, func(r *Record) string { return list(r.Classes) }},
		{"size", "side of the images in pixels",
			"size", aboveIfSame, func(r *Record) string { return count(r.Size) }},
		{"level", "from 1; 0: all levels together, or none",
			"level", inTable, func(r *Record) string { return count(r.Level) }},
		{"params", "weights: of a level those of its convolutions, stem and fully connected layer; of a step all numbers that train; of a convolution its own",
			"params", inTable, func(r *Record) string { return amount(r.Params) }},
		{"density", "params over those of the top level",
			"density", inTable, func(r *Record) string { return percent(r.Density) }},
		{"batch", "images of each task at a time",
			"batch", inTable, func(r *Record) string { return count(r.Batch) }},
		{"precision", "of the numbers that are computed with",
			"precision", aboveIfSame, func(r *Record) string { return r.Precision }},
		{"kernels", "how kernels are chosen, and the lanes of a workgroup",
			"kernels", aboveIfSame, func(r *Record) string { return r.Kernels }},
		{"calls", "of an op: how often it runs in a step",
			"calls", inTable, func(r *Record) string { return count(r.Calls) }},
		{"bytes", "of a copy: the size of what is copied, in bytes",
			"bytes", inTable, func(r *Record) string { return memory(r.Bytes) }},
	}
}

// results are what came out.
func results() []Column {
	return []Column{
		{"median_ms", "of the samples, in milliseconds, by the host's clock around the whole; of an op by the device's where it has one",
			"median ms", inTable, func(r *Record) string { return decimal(r.MedianMS) }},
		{"mean_ms", "of the samples; in the table +- std_ms",
			"mean ms", inTable, deviation},
		{"std_ms", "standard deviation of the samples (n-1)",
			"", inTable, nil},
		{"min_ms", "the shortest sample",
			"min ms", inTable, func(r *Record) string { return decimal(r.MinMS) }},
		{"img_per_s", "images a second at the median; an image counts once for each task that it is shown to",
			"images/s", inTable, func(r *Record) string { return decimal(r.ImgPerS) }},
		{"gflops", "1e9 operations a second, at the median or of a ceiling at the shortest sample; a multiply-add is two; by Winograd those of the direct convolution",
			"GFLOP/s", inTable, func(r *Record) string { return decimal(r.GFLOPS) }},
		{"gb_per_s", "1e9 bytes a second, at the median or of a ceiling at the shortest sample: of what must at least be read and written",
			"GB/s", inTable, func(r *Record) string { return decimal(r.GBPerS) }},
		{"share_of_peak", "gflops over the rate of multiply-adds that the device was measured to reach; by Winograd it can exceed 100 %",
			"of peak", inTable, func(r *Record) string { return percent(r.ShareOfPeak) }},
		{"share_of_bandwidth", "gb_per_s over the rate at which the device was measured to copy large buffers; from caches it can exceed 100 %",
			"of bandwidth", inTable, func(r *Record) string { return percent(r.ShareOfBandwidth) }},
		{"share_of_step", "of an op: its part of the time of all operations of a step",
			"share", inTable, func(r *Record) string { return percent(r.ShareOfStep) }},
		{"accounted", "of a training step: the time of its operations, added up, over its wall time; in steps of their own, with timestamps",
			"accounted", inTable, func(r *Record) string { return percent(r.Accounted) }},
		{"speed_up", "of a level: the time of the top level at the same batch over its own",
			"speed-up", inTable, func(r *Record) string { return times(r.SpeedUp) }},
		{"memory_bytes", "allocated on the device, in bytes",
			"memory", inTable, func(r *Record) string { return memory(r.MemoryBytes) }},
		{"best", "whether it is the one of a level's batch sizes with the most images a second; the note tells a drift as well",
			"note", inTable, note},
		{"drift", "the median of the last third of the samples over that of the first, less 1, where it is more than 5 % and the samples have a " +
			"trend (Mann-Kendall test, 5 % level); absent: they do not drift",
			"", inTable, nil},
		{"warm_up", "runs before the samples, not counted: at least 3 and 0.1 s, then until two in a row did not lower the shortest time by 5 %, " +
			"for 2 s at most", "", inTable, nil},
		{"samples_ms", "every sample, in order",
			"", inTable, nil},
	}
}
