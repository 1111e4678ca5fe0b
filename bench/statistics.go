package bench

import (
	"math"
	"slices"
	"time"
)

// summarise fills in the statistics of samples, each of which is of times runs; images is the number of images of a run,
// counted once a task, 0 for none.
func (r *Record) summarise(samples []time.Duration, times, images int) {
	sum := 0.0
	for _, s := range samples {
		ms := s.Seconds() * 1e3 / float64(times)
		r.SamplesMS = append(r.SamplesMS, ms)
		sum += ms
	}
	n := len(samples)
	r.MinMS, r.MedianMS, r.MeanMS = slices.Min(r.SamplesMS), median(r.SamplesMS), sum/float64(n)
	for _, ms := range r.SamplesMS {
		r.StdMS += (ms - r.MeanMS) * (ms - r.MeanMS)
	}
	r.StdMS = math.Sqrt(r.StdMS / float64(max(n-1, 1)))
	r.ImgPerS = float64(images) * 1e3 / r.MedianMS
	r.Drift = drift(r.SamplesMS)
}

// median of at least one value.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// What counts as drift: a trend that chance seldom makes, and that is large enough to matter.
const (
	driftZ      = 1.96 // two-sided 5 %
	driftChange = 0.05
)

// drift is by how much a series moves from its first third to its last, as a part of the first, where it has a trend; else 0.
// It has one if the Mann-Kendall test finds it at the 5 % level and the two medians differ by more than 5 %.
func drift(series []float64) float64 {
	n := len(series)
	third := n / 3
	if third == 0 {
		return 0
	}
	change := median(series[n-third:])/median(series[:third]) - 1
	if math.Abs(change) <= driftChange || math.Abs(mannKendall(series)) <= driftZ {
		return 0
	}
	return change
}

// mannKendall is the test's statistic, standard normal where there is no trend: of all pairs, the later ones that are larger
// less those that are smaller, over its deviation (H. B. Mann, 1945; ties make it smaller than it could be, which is safe).
func mannKendall(series []float64) float64 {
	s := 0.0
	for i, earlier := range series {
		for _, later := range series[i+1:] {
			switch {
			case later > earlier:
				s++
			case later < earlier:
				s--
			}
		}
	}
	n := float64(len(series))
	deviation := math.Sqrt(n * (n - 1) * (2*n + 5) / 18)
	switch {
	case s > 0:
		return (s - 1) / deviation
	case s < 0:
		return (s + 1) / deviation
	}
	return 0
}
