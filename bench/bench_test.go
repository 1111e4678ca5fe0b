package bench

import (
	"testing"
	"time"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/gpu/ondevice"
)

func TestATrainingStepIsMeasured(t *testing.T) {
	ondevice.Run(t, func(t *testing.T, d *gpu.Device) {
		step := Train{Backbone: "wrn-8-1", Units: []float64{1, 1}, Classes: []int{3, 4}, Size: 8, Batch: 2, Profile: true}
		record, operations, err := step.Run(d)
		if err != nil {
			t.Fatal(err)
		}
		if len(record.SamplesMS) < 5 || record.MinMS <= 0 || record.MinMS > record.MedianMS || record.ImgPerS <= 0 {
			t.Errorf("statistics that cannot be: %+v", record)
		}
		if len(operations) == 0 {
			t.Error("the profile names no operation")
		}
	})
}

func TestEveryLevelIsMeasuredAtEveryBatch(t *testing.T) {
	ondevice.Run(t, func(t *testing.T, d *gpu.Device) {
		infer := Infer{Backbone: "wrn-8-1", Units: []float64{1, 1}, Classes: 4, Size: 8, Batches: []int{1, 3}}
		done := 0
		records, err := infer.Run(d, func(n, total int) { done = n * 100 / total })
		if err != nil {
			t.Fatal(err)
		}
		if len(records) != 4 || done != 100 {
			t.Fatalf("%d records, %d %% done, want 4 and all", len(records), done)
		}
		best := 0
		for i, r := range records {
			if r.Level != i/2+1 || r.Batch != infer.Batches[i%2] || r.ImgPerS <= 0 {
				t.Errorf("record %d: %+v", i, r)
			}
			if r.Best {
				best++
			}
		}
		if best != 2 || records[0].Params >= records[2].Params {
			t.Errorf("%d records are the best of their level, want 2; parameters %d and %d", best, records[0].Params, records[2].Params)
		}
	})
}

func TestStatisticsOfKnownSamples(t *testing.T) {
	var r Record
	r.summarise([]time.Duration{4 * time.Millisecond, time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond}, 6)
	if r.MedianMS != 3 || r.MinMS != 1 || r.MeanMS != 3 || r.ImgPerS != 2000 {
		t.Errorf("got %+v, want median 3, minimum 1, mean 3 and 2000 images/s", r)
	}
	if want := 1.8257; r.StdMS < want-1e-3 || r.StdMS > want+1e-3 {
		t.Errorf("deviation %v, want %v", r.StdMS, want)
	}
}
