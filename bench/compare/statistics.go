package compare

import (
	"math"

	"golang.org/x/perf/benchmath"
)

// Confidence is that of the intervals of ratios.
const Confidence = 0.95

// fewestSamples is what a side needs for a test: with fewer the U test cannot find a difference at 5 %, however large it is.
const fewestSamples = 4

// Interval holds a ratio with Confidence or more.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// ratioInterval is an interval of the ratio of b's median to a's: from the ends of the medians' own intervals, each of the
// square root of the confidence, since the samples are independent and both must hold. It is wider than need be, supposes
// nothing about distributions, and takes seven samples a side; nil where there are fewer.
func ratioInterval(a, b Measurement) *Interval {
	each := math.Sqrt(Confidence)
	x, y := benchmath.AssumeNothing.Summary(a.times, each), benchmath.AssumeNothing.Summary(b.times, each)
	if len(x.Warnings)+len(y.Warnings) > 0 {
		return nil
	}
	return &Interval{Low: y.Lo / x.Hi, High: y.Hi / x.Lo}
}

// test is the p-value of Mann and Whitney's U test: how often samples of one distribution differ as much; nil where a side
// has too few samples.
func test(a, b Measurement) *float64 {
	if min(a.Samples, b.Samples) < fewestSamples {
		return nil
	}
	p := benchmath.AssumeNothing.Compare(a.times, b.times).P
	return &p
}

// geometricMean is the mean of ratios that does not hang on which side is the base.
func geometricMean(rows []Row) float64 {
	sum := 0.0
	for _, r := range rows {
		sum += math.Log(r.Ratio)
	}
	return math.Exp(sum / float64(len(rows)))
}
