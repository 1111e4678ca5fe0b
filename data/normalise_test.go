package data

import (
	"math"
	"testing"
)

func TestMeasureNormalisationIsMeanAndDeviationOfEachChannel(t *testing.T) {
	s := &Set{Size: 2, Channels: 3, Labels: []int32{0, 0}, Pixels: []byte{
		0, 10, 7, 51, 20, 7, 102, 30, 7, 153, 40, 7,
		204, 50, 7, 255, 60, 7, 0, 70, 7, 51, 80, 7,
	}}
	norm := MeasureNormalisation(s)
	red := []float64{0, 51, 102, 153, 204, 255, 0, 51}
	green := []float64{10, 20, 30, 40, 50, 60, 70, 80}
	for c, values := range [][]float64{red, green} {
		var mean, square float64
		for _, v := range values {
			mean += v / 255 / 8
		}
		for _, v := range values {
			square += (v/255 - mean) * (v/255 - mean) / 8
		}
		if d := math.Abs(float64(norm.Mean[c]) - mean); d > 1e-7 {
			t.Errorf("channel %d: got mean %v, want %v", c, norm.Mean[c], mean)
		}
		if d := math.Abs(float64(norm.Std[c]) - math.Sqrt(square)); d > 1e-7 {
			t.Errorf("channel %d: got deviation %v, want %v", c, norm.Std[c], math.Sqrt(square))
		}
	}
	if norm.Std[2] != 1 || norm.table()[2][7] != 0 {
		t.Errorf("a constant channel: got deviation %v and value %v, want 1 and 0", norm.Std[2], norm.table()[2][7])
	}
}

func TestMeasureNormalisationLooksAtTheViewOnly(t *testing.T) {
	norm := MeasureNormalisation(numbered(200).Limit(2)) // pixels 0 and 1
	if got, want := norm.Mean[0], float32(0.5/255); got != want {
		t.Errorf("got mean %v, want %v", got, want)
	}
}

func TestEvaluationBatchesYieldEveryImageOnceInOrder(t *testing.T) {
	s := numbered(7)
	norm := Normalisation{Mean: []float32{0.5}, Std: []float32{0.25}}
	var sizes []int
	seen := 0
	for b := range EvaluationBatches(s, norm, 3) {
		sizes = append(sizes, b.N)
		if len(b.Images) != b.N || len(b.Labels) != b.N {
			t.Fatalf("%d images and %d labels in a batch of %d", len(b.Images), len(b.Labels), b.N)
		}
		for i := range b.N {
			want := (float32(seen)/255 - 0.5) / 0.25
			if b.Images[i] != want || b.Labels[i] != int32(seen%4) {
				t.Errorf("image %d: got %v, class %d; want %v, class %d", seen, b.Images[i], b.Labels[i], want, seen%4)
			}
			seen++
		}
	}
	if seen != 7 || len(sizes) != 3 || sizes[2] != 1 {
		t.Errorf("got batches of %v, want 3, 3, 1", sizes)
	}
}
