package compare

import (
	"fmt"

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

// Split divides a file's records into series, in the order in which they come. Records of the same key are one measurement with
// all their samples; a record without samples gives its median as one. So a program that keeps none can be run several
// times, and the outputs joined. With best, each level's best batch alone is kept, in time per image and whatever its size.
func Split(file string, records []bench.Record, best bool) []Series {
	var all []*collection
	for _, r := range records {
		if !best {
			at(&all, r.Device, r.Driver).add(KeyOf(r), r, 1)
		} else if r.Best {
			key := KeyOf(r)
			key.Batch = 0
			at(&all, r.Device, r.Driver).add(key, r, 1/float64(max(r.Batch, 1)))
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
	times          map[Key][]float64
	drifts         map[Key]bool
}

// at finds the collection of a device and driver, or begins it.
func at(all *[]*collection, device, driver string) *collection {
	for _, c := range *all {
		if c.device == device && c.driver == driver {
			return c
		}
	}
	c := &collection{device: device, driver: driver, times: map[Key][]float64{}, drifts: map[Key]bool{}}
	*all = append(*all, c)
	return c
}

// add takes a record's times, multiplied by scale.
func (c *collection) add(key Key, r bench.Record, scale float64) {
	if c.times[key] == nil {
		c.keys = append(c.keys, key)
	}
	samples := r.SamplesMS
	if len(samples) == 0 {
		samples = []float64{r.MedianMS}
	}
	for _, ms := range samples {
		c.times[key] = append(c.times[key], ms*scale)
	}
	c.drifts[key] = c.drifts[key] || r.Drift != 0
}

func (c *collection) series(file string) Series {
	s := Series{File: file, Device: c.device, Driver: c.driver}
	for _, key := range c.keys {
		sample := benchmath.NewSample(c.times[key], &benchmath.DefaultThresholds)
		s.Measurements = append(s.Measurements, Measurement{
			Key: key, MedianMS: benchmath.AssumeNothing.Summary(sample, Confidence).Center, Samples: len(sample.Values),
			Drifts: c.drifts[key], times: sample,
		})
	}
	return s
}
