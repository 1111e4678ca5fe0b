package data

import (
	"fmt"
	"iter"
)

// Batch holds images ready for a network.
type Batch struct {
	// N is the number of images: less than the batch size in a pass's last batch if the set does not divide evenly.
	N int
	// Images holds float32 [N, Size, Size, Channels], normalised and, in training, augmented.
	Images []float32
	// Labels holds the class of each image [N].
	Labels []int32
	// After is where the stream stands behind this batch: what a checkpoint stores once the batch has been used.
	After StreamState
}

// resize makes room for n images of imageLen values, in the batch's own memory where that is large enough.
func (b *Batch) resize(n, imageLen int) {
	if cap(b.Images) < n*imageLen {
		b.Images = make([]float32, n*imageLen)
	}
	if cap(b.Labels) < n {
		b.Labels = make([]int32, n)
	}
	b.N, b.Images, b.Labels = n, b.Images[:n*imageLen], b.Labels[:n]
}

// EvaluationBatches yields all images of a set once, in order, in batches of the given size (the last one may be
// smaller), normalised and not augmented. The batch is valid until the loop goes on; its After stays zero.
func EvaluationBatches(s *Set, norm Normalisation, batch int) iter.Seq[*Batch] {
	mustFit(s, norm, batch)
	table := norm.table()
	return func(yield func(*Batch) bool) {
		var b Batch
		for start := 0; start < s.Len(); start += batch {
			n := min(batch, s.Len()-start)
			b.resize(n, s.imageLen())
			for i := range n {
				b.Labels[i] = s.Labels[start+i]
				normalise(b.Images[i*s.imageLen():(i+1)*s.imageLen()], s.Image(start+i), table)
			}
			if !yield(&b) {
				return
			}
		}
	}
}

// normalise writes the values of an image, or of a part of its rows, by the table of its channels.
func normalise(to []float32, from []byte, table [][256]float32) {
	channels := len(table)
	for c := range table {
		values := &table[c]
		for i := c; i < len(from); i += channels {
			to[i] = values[from[i]]
		}
	}
}

// mustFit panics where a caller combines what cannot belong together.
func mustFit(s *Set, norm Normalisation, batch int) {
	if batch < 1 || s.Len() == 0 || len(norm.Mean) != s.Channels || len(norm.Std) != s.Channels {
		panic(fmt.Sprintf("data: batches of %d from %s: %d images of %d channels, normalisation of %d",
			batch, s.Name, s.Len(), s.Channels, len(norm.Mean)))
	}
}
