package results

import (
	"slices"

	"github.com/dvn-vk/dvn-vk/bench"
	"github.com/dvn-vk/dvn-vk/bench/compare"
)

// pool joins the records of several runs of the same work to one with the runs' median. Samples are dropped: the page shows
// medians.
func pool(records []bench.Record) []bench.Record {
	var pooled []bench.Record
	for _, m := range compare.Split("", records, false)[0].Measurements {
		r := records[slices.IndexFunc(records, func(r bench.Record) bool { return compare.KeyOf(r) == m.Key && (r.Drift != 0) == m.Drifts })]
		faster := r.MedianMS / m.MedianMS
		r.ImgPerS *= faster
		r.GFLOPS *= faster
		r.GBPerS *= faster
		r.ShareOfPeak *= faster
		r.MedianMS, r.SamplesMS = m.MedianMS, nil
		pooled = append(pooled, r)
	}
	return pooled
}
