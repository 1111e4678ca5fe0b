package bench

import (
	"math"
	"testing"
	"time"
)

func TestStatisticsOfKnownSamples(t *testing.T) {
	var r Record
	r.summarise([]time.Duration{8 * time.Millisecond, 2 * time.Millisecond, 4 * time.Millisecond, 10 * time.Millisecond}, 2, 6)
	if r.MedianMS != 3 || r.MinMS != 1 || r.MeanMS != 3 || r.ImgPerS != 2000 || len(r.SamplesMS) != 4 || r.SamplesMS[3] != 5 {
		t.Errorf("got %+v, want median 3, minimum 1, mean 3 and 2000 images/s of 4, 1, 2 and 5 ms", r)
	}
	if want := math.Sqrt(10.0 / 3); math.Abs(r.StdMS-want) > 1e-12 {
		t.Errorf("deviation %v, want %v", r.StdMS, want)
	}
}

func TestASeriesThatDriftsIsTold(t *testing.T) {
	// rising is a ramp with a disturbance that has no trend.
	rising := func(n int, slope float64) (series []float64) {
		for i := range n {
			series = append(series, 100+slope*float64(i)+3*math.Sin(float64(7*i)))
		}
		return series
	}
	for _, c := range []struct {
		name   string
		series []float64
		want   float64 // within 0.03
	}{
		{"nothing", nil, 0},
		{"too few to tell", []float64{1, 2}, 0},
		{"no change", []float64{5, 5, 5, 5, 5, 5, 5, 5, 5}, 0},
		{"a disturbance without a trend", rising(40, 0), 0},
		{"a trend too small to matter", rising(40, 0.1), 0},
		{"getting slower", rising(30, 1), 0.19},
		{"getting faster", rising(30, -1), -0.21},
		{"five that rise without exception", []float64{100, 105, 110, 115, 120}, 0.2},
		{"four are too few for a trend", []float64{100, 110, 120, 130}, 0},
		{"one slow sample at the end", []float64{5, 5.1, 4.9, 5, 5.1, 4.9, 5, 5.1, 50}, 0},
	} {
		if got := drift(c.series); math.Abs(got-c.want) > 0.03 || (got == 0) != (c.want == 0) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestMannKendallOfKnownSeries(t *testing.T) {
	for _, c := range []struct {
		name   string
		series []float64
		want   float64
	}{
		{"rising", []float64{1, 2, 3, 4, 5}, 9 / math.Sqrt(50.0/3)},
		{"falling", []float64{5, 4, 3, 2, 1}, -9 / math.Sqrt(50.0/3)},
		{"rising but for one pair", []float64{1, 3, 2, 4, 5}, 7 / math.Sqrt(50.0/3)},
		{"all the same", []float64{1, 1, 1, 1, 1}, 0},
	} {
		if got := mannKendall(c.series); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
