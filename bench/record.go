package bench

import (
	"math"
	"slices"
	"time"

	"github.com/dvn-vk/dvn-vk/gpu"
)

// Record is one measurement. Its JSON names are those of docs/json.md.
type Record struct {
	What      string    `json:"what"`  // train: a whole training step; infer: one level alone
	Level     int       `json:"level"` // from 1; 0: none
	Params    int       `json:"params"`
	Batch     int       `json:"batch"` // images of a task
	Backbone  string    `json:"backbone"`
	Precision string    `json:"precision"`
	MedianMS  float64   `json:"median_ms"`
	MinMS     float64   `json:"min_ms"`
	MeanMS    float64   `json:"mean_ms"`
	StdMS     float64   `json:"std_ms"`
	ImgPerS   float64   `json:"img_per_s"` // an image counts once a task
	SamplesMS []float64 `json:"samples_ms"`
	Device    string    `json:"device"`
	Driver    string    `json:"driver"`
	Kernels   string    `json:"kernels"`        // variant and lanes
	Best      bool      `json:"best,omitempty"` // of a level's batch sizes
}

// summarise fills in the statistics of samples; images is the number of images of a run, counted once a task.
func (r *Record) summarise(samples []time.Duration, images int, info gpu.DeviceInfo) {
	r.Device, r.Driver, r.Precision = info.Name, info.Driver, "fp32"
	sum := 0.0
	for _, s := range samples {
		ms := s.Seconds() * 1e3
		r.SamplesMS = append(r.SamplesMS, ms)
		sum += ms
	}
	sorted := slices.Sorted(slices.Values(r.SamplesMS))
	n := len(sorted)
	r.MinMS, r.MedianMS, r.MeanMS = sorted[0], (sorted[(n-1)/2]+sorted[n/2])/2, sum/float64(n)
	for _, ms := range sorted {
		r.StdMS += (ms - r.MeanMS) * (ms - r.MeanMS)
	}
	r.StdMS = math.Sqrt(r.StdMS / float64(max(n-1, 1)))
	r.ImgPerS = float64(images) * 1e3 / r.MedianMS
}

// sample runs a piece of work until warm, then at least minimum times and as long as duration says.
func sample(duration time.Duration, work func() error) ([]time.Duration, error) {
	const warmUp, minimum = 3, 5
	var samples []time.Duration
	var end time.Time
	for i := 0; ; i++ {
		start := time.Now()
		if i == warmUp {
			end = start.Add(duration)
		}
		if err := work(); err != nil {
			return nil, err
		}
		if i >= warmUp {
			samples = append(samples, time.Since(start))
		}
		if len(samples) >= minimum && time.Now().After(end) {
			return samples, nil
		}
	}
}
