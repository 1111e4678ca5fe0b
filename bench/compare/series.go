package compare

import (
	"fmt"
	"slices"

	"golang.org/x/perf/benchmath"

	"github.com/dvn-vk/dvn-vk/bench"
)

// Series are the measurements of one device and driver in one file.
type Series struct {
	File         string        `json:"file"`
	Device       string        `json:"device"`
	Driver       string        `json:"driver"`
	Measurements []Measurement `json:"-"`
}

// String names the series for people.
func (s Series) String() string { return fmt.Sprintf("%s: %s, %s", s.File, s.Device, s.Driver) }

// Measurement is all that a series knows of one key.
type Measurement struct {
	Key
	MedianMS float64 `json:"median_ms"`
	Samples  int     `json:"samples"`
	Drifts   bool    `json:"drifts,omitempty"` // a record of it is marked so
	times    *benchmath.Sample
}

// Split divides a file's records into series, in the order in which they come. One record of a key is known by its samples, or
// by its median where it has none. Several are several runs of the same work: then the samples are the runs' medians, since
// runs differ by more than the samples of one do. With best, each level's best batch alone is kept, in time per image and
// whatever its size.
func Split(file string, records []bench.Record, best bool) []Series {
	var all []*collection
	for _, r := range records {
		if !best {
			at(&all, r.Device, r.Driver).add(KeyOf(r), run{r, 1})
		} else if r.Best {
			key := KeyOf(r)
			key.Batch = 0
			at(&all, r.Device, r.Driver).add(key, run{r, 1 / float64(max(r.Batch, 1))})
		}
	}
	var series []Series
	for _, c := range all {
		series = append(series, c.series(file))
	}
	return series
}

// collection gathers the times of one device and driver.
type collection struct {
	device, driver string
	keys           []Key // in the order in which they came
	runs           map[Key][]run
}

// run is a record's part of a measurement.
type run struct {
	record bench.Record
	scale  float64 // that its times are multiplied by
}

// at finds the collection of a device and driver, or begins it.
func at(all *[]*collection, device, driver string) *collection {
	for _, c := range *all {
		if c.device == device && c.driver == driver {
			return c
		}
	}
	c := &collection{device: device, driver: driver, runs: map[Key][]run{}}
	*all = append(*all, c)
	return c
}

func (c *collection) add(key Key, r run) {
	if c.runs[key] == nil {
		c.keys = append(c.keys, key)
	}
	c.runs[key] = append(c.runs[key], r)
}

func (c *collection) series(file string) Series {
	s := Series{File: file, Device: c.device, Driver: c.driver}
	for _, key := range c.keys {
		s.Measurements = append(s.Measurements, newMeasurement(key, c.runs[key]))
	}
	return s
}

func newMeasurement(key Key, runs []run) Measurement {
	var times []float64
	for _, r := range runs {
		samples := r.record.SamplesMS
		if len(runs) > 1 || len(samples) == 0 {
			samples = []float64{r.record.MedianMS}
		}
		for _, ms := range samples {
			times = append(times, ms*r.scale)
		}
	}
	sample := benchmath.NewSample(times, &benchmath.DefaultThresholds)
	return Measurement{
		Key: key, MedianMS: benchmath.AssumeNothing.Summary(sample, Confidence).Center, Samples: len(times), times: sample,
		Drifts: slices.ContainsFunc(runs, func(r run) bool { return r.record.Drift != 0 }),
	}
}
