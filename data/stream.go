package data

import "fmt"

// StreamState is where a stream stands. It marshals to JSON as {"seed": 1, "pass": 0, "position": 128}.
type StreamState struct {
	// Seed decides order and augmentation of all passes.
	Seed uint64 `json:"seed"`
	// Pass counts the passes through the set that are complete.
	Pass int `json:"pass"`
	// Position counts the images of the present pass that have been used; it is less than the number of images.
	Position int `json:"position"`
}

// Stream yields a training set in batches without end: each pass in a new random order, each image augmented anew.
// Order and augmentation are a function of seed, pass and position alone. So a stream that is restored goes on with
// the same bits, and two streams with the same seed over sets of equal length (the coarse and the fine labels of
// CIFAR-100, scenario H1) yield the same images in the same order; other tasks need seeds of their own.
type Stream struct {
	set       *Set
	table     [][256]float32
	batch     int
	state     StreamState
	order     []int32 // images of the pass orderPass
	orderPass int
}

// NewStream returns a stream at the beginning of its first pass. It panics if the set is empty, the batch size is less
// than 1 or the normalisation is of another number of channels.
func NewStream(s *Set, norm Normalisation, batch int, seed uint64) *Stream {
	mustFit(s, norm, batch)
	return &Stream{set: s, table: norm.table(), batch: batch, state: StreamState{Seed: seed}}
}

// Batches returns the number of batches in a pass, the last partial one included.
func (t *Stream) Batches() int { return (t.set.Len() + t.batch - 1) / t.batch }

// State returns where the stream stands.
func (t *Stream) State() StreamState { return t.state }

// Restore moves the stream to a state that State or Batch.After gave. It returns an error if the stream cannot have
// been there: the state is of a set of another length or of another batch size.
func (t *Stream) Restore(state StreamState) error {
	if state.Pass < 0 || state.Position < 0 || state.Position >= t.set.Len() || state.Position%t.batch != 0 {
		return fmt.Errorf("restore the stream of %s: no batch begins at position %d of pass %d (%d images in batches of %d): use the run's own data and batch size",
			t.set.Name, state.Position, state.Pass, t.set.Len(), t.batch)
	}
	t.state = state
	t.order = nil
	return nil
}

// Next fills b with the next batch, in b's own memory where that is large enough.
func (t *Stream) Next(b *Batch) {
	t.shuffle()
	imageLen := t.set.imageLen()
	n := min(t.batch, t.set.Len()-t.state.Position)
	b.resize(n, imageLen)
	for i := range n {
		position := t.state.Position + i
		image := int(t.order[position])
		crop := t.drawCrop(position)
		crop.write(b.Images[i*imageLen:(i+1)*imageLen], t.set.Image(image), t.set.Size, t.table)
		b.Labels[i] = t.set.Labels[image]
	}
	t.state.Position += n
	if t.state.Position == t.set.Len() {
		t.state.Pass, t.state.Position = t.state.Pass+1, 0
	}
	b.After = t.state
}

// shuffle draws the order of the present pass where that has not been done.
func (t *Stream) shuffle() {
	if t.order == nil || t.orderPass != t.state.Pass {
		t.order = newRandom(forOrder, t.state.Seed, uint64(t.state.Pass)).permutation(t.set.Len())
		t.orderPass = t.state.Pass
	}
}

// drawCrop draws the augmentation of one position of the present pass.
func (t *Stream) drawCrop(position int) crop {
	r := newRandom(forCrop, t.state.Seed, uint64(t.state.Pass), uint64(position))
	pad := t.set.Size / 8
	return crop{dx: r.below(2*pad+1) - pad, dy: r.below(2*pad+1) - pad, flip: r.coin()}
}
