package data

import "math"

// Normalisation holds the mean and the standard deviation of each channel over a training set, where pixel values
// are scaled to 0..1 (spec section 5).
type Normalisation struct {
	Mean, Std []float32
}

// MeasureNormalisation returns the normalisation of a set with at least one image. A channel that has one value
// everywhere gets the deviation 1, so that it becomes 0 and not a division by zero.
func MeasureNormalisation(s *Set) Normalisation {
	counts := make([][256]int64, s.Channels)
	for i := range s.Len() {
		pixels := s.Image(i)
		for c := range counts {
			count := &counts[c]
			for p := c; p < len(pixels); p += s.Channels {
				count[pixels[p]]++
			}
		}
	}
	var n Normalisation
	for c := range counts {
		mean, std := moments(&counts[c])
		n.Mean = append(n.Mean, float32(mean/255))
		n.Std = append(n.Std, float32(std/255))
	}
	return n
}

// moments returns mean and deviation (biased) of byte values that occur so many times.
func moments(counts *[256]int64) (mean, std float64) {
	var n, sum int64
	for v, count := range counts {
		n += count
		sum += int64(v) * count
	}
	mean = float64(sum) / float64(n)
	var squares float64
	for v, count := range counts {
		distance := float64(v) - mean
		squares += float64(float64(count) * float64(distance*distance))
	}
	std = math.Sqrt(squares / float64(n))
	if std == 0 {
		std = 255
	}
	return mean, std
}

// table returns, for each channel, what each byte value becomes: (v/255 - mean) / std.
func (n Normalisation) table() [][256]float32 {
	table := make([][256]float32, len(n.Mean))
	for c := range table {
		for v := range table[c] {
			table[c][v] = (float32(v)/255 - n.Mean[c]) / n.Std[c]
		}
	}
	return table
}
