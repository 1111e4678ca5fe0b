package compare

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dvn-vk/dvn-vk/bench"
)

// record measures what it is told, 100 ms and a little more or less in each of n samples, times factor.
func record(r bench.Record, factor float64, n int) bench.Record {
	for i := range n {
		r.SamplesMS = append(r.SamplesMS, factor*(100+float64(i)))
	}
	r.MedianMS = factor * (100 + float64(n-1)/2)
	return r
}

func infer(level, batch int, precision string) bench.Record {
	return bench.Record{What: bench.WhatInfer, Backbone: "wrn-14-1", Level: level, Batch: batch, Params: 1000 * level, Precision: precision}
}

// only is the series of records that are of one device.
func only(t *testing.T, records ...bench.Record) Series {
	t.Helper()
	series := Split("a.json", records, false)
	if len(series) != 1 {
		t.Fatalf("%d series, want 1", len(series))
	}
	return series[0]
}

func TestStatisticsOfKnownSamples(t *testing.T) {
	for _, test := range []struct {
		what     string
		a, b     []float64
		ratio    float64
		interval *Interval
		p        float64 // NaN: none
		differs  bool
	}{
		// 2/70: of the 70 ways to choose 4 of 8 ranks, two are as extreme.
		{"four samples apart", []float64{1, 2, 3, 4}, []float64{10, 20, 30, 40}, 10, nil, 2.0 / 70, true},
		{"three samples apart are too few", []float64{1, 2, 3}, []float64{10, 20, 30}, 10, nil, math.NaN(), false},
		// Seven samples: the median's interval reaches from the smallest to the largest. 2/3432 as above.
		{"seven samples apart", []float64{1, 2, 3, 4, 5, 6, 7}, []float64{10, 20, 30, 40, 50, 60, 70}, 10, &Interval{10.0 / 7, 70}, 2.0 / 3432, true},
		{"the same samples", []float64{1, 2, 3, 4, 5, 6, 7}, []float64{7, 6, 5, 4, 3, 2, 1}, 1, &Interval{1.0 / 7, 7}, 1, false},
		{"one sample beside many", []float64{2}, []float64{1, 2, 3, 4, 5, 6, 7, 8}, 2.25, nil, math.NaN(), false},
	} {
		a, b := bench.Record{What: bench.WhatTrain, SamplesMS: test.a}, bench.Record{What: bench.WhatTrain, SamplesMS: test.b}
		rows := pair(only(t, a), only(t, b), nil).Rows
		if len(rows) != 1 {
			t.Fatalf("%s: %d rows, want 1", test.what, len(rows))
		}
		row := rows[0]
		if math.Abs(row.Ratio-test.ratio) > 1e-12 {
			t.Errorf("%s: ratio %v, want %v", test.what, row.Ratio, test.ratio)
		}
		if diff := cmp.Diff(test.interval, row.Interval); diff != "" {
			t.Errorf("%s: interval (-want +got):\n%s", test.what, diff)
		}
		switch {
		case (row.P == nil) != math.IsNaN(test.p):
			t.Errorf("%s: p-value %v, want %v", test.what, row.P, test.p)
		case row.P != nil && math.Abs(*row.P-test.p) > 1e-9:
			t.Errorf("%s: p-value %v, want %v", test.what, *row.P, test.p)
		}
		if row.Differs() != test.differs {
			t.Errorf("%s: differs %v, want %v", test.what, row.Differs(), test.differs)
		}
	}
}

func TestMeasurementsOfTheSameWorkArePaired(t *testing.T) {
	pytorch := infer(1, 1, "fp32")
	step := bench.Record{What: bench.WhatTrain, Backbone: "wrn-14-1", Batch: 64, Units: []float64{1, 1}, Classes: []int{10, 100}, Params: 500}
	shape := bench.Record{What: bench.WhatForward, Shape: "64x32", Batch: 32}
	limit := bench.Record{What: bench.WhatOp, Name: bench.CeilingCopy, Bytes: 1 << 20}
	operation := bench.Record{What: bench.WhatOp, Name: "batch-norm", Backbone: "wrn-14-1", Bytes: 1 << 20}
	for _, test := range []struct {
		what   string
		a, b   bench.Record
		ignore []string
		want   bool
	}{
		{"equal keys", infer(1, 1, "fp32"), infer(1, 1, "fp32"), nil, true},
		{"another level", infer(1, 1, "fp32"), infer(2, 1, "fp32"), nil, false},
		{"another batch", infer(1, 1, "fp32"), infer(1, 8, "fp32"), nil, false},
		{"another precision", infer(1, 1, "fp32"), infer(1, 1, "fp16"), nil, false},
		{"another precision, ignored", infer(1, 1, "fp32"), infer(1, 1, "fp16"), []string{"precision"}, true},
		{"a key left out", with(pytorch, func(r *bench.Record) { r.Units = []float64{1, 1} }), pytorch, nil, true},
		{"a level of another size", with(pytorch, func(r *bench.Record) { r.Params++ }), pytorch, nil, false},
		{"a step whose parameters are counted otherwise", step, with(step, func(r *bench.Record) { r.Params++ }), nil, true},
		{"other units", step, with(step, func(r *bench.Record) { r.Units = []float64{1, 2} }), nil, false},
		{"other classes", step, with(step, func(r *bench.Record) { r.Classes = []int{10, 10} }), nil, false},
		{"a convolution of another backbone", shape, with(shape, func(r *bench.Record) { r.Backbone = "wrn-14-1" }), nil, true},
		{"another shape", shape, with(shape, func(r *bench.Record) { r.Shape = "64x16" }), nil, false},
		{"a copy of another size", limit, with(limit, func(r *bench.Record) { r.Bytes *= 2 }), nil, false},
		{"a step's operation that moves fewer bytes", operation, with(operation, func(r *bench.Record) { r.Bytes /= 2 }), nil, true},
		{"another operation", operation, with(operation, func(r *bench.Record) { r.Name = "pool" }), nil, false},
		{"another direction", shape, with(shape, func(r *bench.Record) { r.What = bench.WhatBackwardData }), nil, false},
		{"other devices", shape, with(shape, func(r *bench.Record) { r.Device, r.Driver = "another", "one" }), nil, true},
	} {
		for _, swapped := range []bool{false, true} {
			a, b := record(test.a, 1, 5), record(test.b, 2, 5)
			if swapped {
				a, b = b, a
			}
			c := pair(only(t, a), only(t, b), test.ignore)
			if got := len(c.Rows) == 1; got != test.want || len(c.OnlyA)+len(c.OnlyB) != 2-2*len(c.Rows) {
				t.Errorf("%s: %d rows, %d and %d without a partner", test.what, len(c.Rows), len(c.OnlyA), len(c.OnlyB))
			}
		}
	}
}

func with(r bench.Record, change func(*bench.Record)) bench.Record {
	change(&r)
	return r
}

func TestOneMeasurementHasARowForEachVariantOfTheOther(t *testing.T) {
	shape := bench.Record{What: bench.WhatForward, Shape: "64x32", Batch: 32}
	flat, winograd := shape, shape
	flat.Variant, winograd.Variant = "flat", "winograd"
	c := pair(only(t, record(flat, 1, 5), record(winograd, 0.5, 5)), only(t, record(shape, 0.25, 5)), nil)
	if len(c.Rows) != 2 || c.Rows[0].Ratio != 0.25 || c.Rows[1].Ratio != 0.5 || len(c.OnlyA)+len(c.OnlyB) != 0 {
		t.Errorf("got %+v, want two rows of ratios 0.25 and 0.5", c.Rows)
	}
}

func TestSeveralRunsAreKnownByTheirMedians(t *testing.T) {
	first, second := infer(1, 1, "fp32"), infer(1, 1, "fp32")
	first.MedianMS, second.MedianMS = 3, 4 // as of PyTorch, without samples
	third := record(infer(1, 1, "fp32"), 0.02, 5)
	third.Drift = 0.2
	s := only(t, first, second, third)
	if len(s.Measurements) != 1 || s.Measurements[0].Samples != 3 || !s.Measurements[0].Drifts {
		t.Fatalf("got %+v, want one measurement of three samples that drifts", s.Measurements)
	}
	if got := s.Measurements[0].MedianMS; got != 3 {
		t.Errorf("median %v, want 3", got)
	}
	if s := only(t, third); s.Measurements[0].Samples != 5 || s.Measurements[0].MedianMS != 0.02*102 {
		t.Errorf("got %+v, want the five samples of one run", s.Measurements)
	}
}

func TestDevicesAndDriversOfAFileAreSeries(t *testing.T) {
	var records []bench.Record
	for _, origin := range []bench.Origin{{Device: "x", Driver: "1"}, {Device: "x", Driver: "2"}, {Device: "y", Driver: "1"}, {Device: "x", Driver: "1"}} {
		r := record(infer(len(records)+1, 1, "fp32"), 1, 5)
		r.Origin = origin
		records = append(records, r)
	}
	var got []string
	for _, s := range Split("f.json", records, false) {
		got = append(got, s.String())
	}
	if diff := cmp.Diff([]string{"f.json: x, 1", "f.json: x, 2", "f.json: y, 1"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTheBestBatchesAreComparedByTheImage(t *testing.T) {
	series := func(batch int, factor float64) Series {
		best := record(infer(1, batch, "fp32"), factor, 5)
		best.Best = true
		all := Split("a.json", []bench.Record{record(infer(1, 1, "fp32"), 1, 5), best}, true)
		if len(all) != 1 {
			t.Fatalf("%d series, want 1", len(all))
		}
		return all[0]
	}
	c := pair(series(8, 8), series(32, 16), nil)
	if len(c.Rows) != 1 || c.Rows[0].Ratio != 0.5 || c.Rows[0].A.Batch != 0 || c.Rows[0].A.MedianMS != 102 {
		t.Errorf("got %+v, want one row without a batch: 102 ms an image and half of it", c.Rows)
	}
}

func TestMeansAreGeometricAndOfEachKindOfWork(t *testing.T) {
	step := bench.Record{What: bench.WhatTrain, Batch: 64}
	c := pair(
		only(t, record(infer(1, 1, ""), 1, 5), record(infer(2, 1, ""), 1, 5), record(step, 1, 5)),
		only(t, record(infer(1, 1, ""), 2, 5), record(infer(2, 1, ""), 8, 5), record(step, 0.5, 5)), nil)
	want := []Mean{{What: "infer", Ratio: 4, Rows: 2}, {What: "train", Ratio: 0.5, Rows: 1}, {What: "all", Ratio: 2, Rows: 3}}
	for i := range c.Means {
		c.Means[i].Ratio = math.Round(c.Means[i].Ratio*1e9) / 1e9
	}
	if diff := cmp.Diff(want, c.Means); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhatCannotBeComparedIsSaid(t *testing.T) {
	a, b := only(t, record(infer(1, 1, "fp32"), 1, 5)), only(t, record(infer(2, 1, "fp32"), 1, 5))
	for _, test := range []struct {
		what   string
		series []Series
		o      Options
		want   string
	}{
		{"one series", []Series{a}, Options{}, "is the only device and driver"},
		{"nothing in common", []Series{a, b}, Options{}, "nothing in a.json has a partner"},
		{"an unknown key", []Series{a, a}, Options{Ignore: []string{"colour"}}, `ignore "colour": a measurement is known by what, name`},
	} {
		if _, err := All(test.series, test.o); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", test.what, err, test.want)
		}
	}
}
