package data

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"
)

// colourful is a set of n images whose bytes all differ as far as bytes can.
func colourful(n, size, channels int) *Set {
	s := &Set{Name: "colourful", Size: size, Channels: channels, Classes: []string{"a", "b", "c"}}
	for i := range n {
		for p := range size * size * channels {
			s.Pixels = append(s.Pixels, byte(i*37+p*11+1))
		}
		s.Labels = append(s.Labels, int32(i%3))
	}
	return s
}

// copied returns what a batch holds, independent of its memory.
func copied(b *Batch) Batch {
	c := *b
	c.Images, c.Labels = slices.Clone(b.Images), slices.Clone(b.Labels)
	return c
}

// nextBatches draws n batches.
func nextBatches(t *Stream, n int) []Batch {
	var b Batch
	var all []Batch
	for range n {
		t.Next(&b)
		all = append(all, copied(&b))
	}
	return all
}

// sameBatches fails the test unless both hold the same bits.
func sameBatches(t *testing.T, want, got []Batch) {
	t.Helper()
	for i := range want {
		w, g := want[i], got[i]
		if w.N != g.N || w.After != g.After || !slices.Equal(w.Labels, g.Labels) {
			t.Fatalf("batch %d: got %d images, labels %v, after it %+v; want %d, %v, %+v", i, g.N, g.Labels, g.After, w.N, w.Labels, w.After)
		}
		for p := range w.Images {
			if math.Float32bits(w.Images[p]) != math.Float32bits(g.Images[p]) {
				t.Fatalf("batch %d, value %d: got %v, want %v", i, p, g.Images[p], w.Images[p])
			}
		}
	}
}

func TestAPassShowsEveryImageOnceAndEachPassInAnotherOrder(t *testing.T) {
	s := numbered(10) // images of one pixel have no padding, so the value tells the image
	stream := NewStream(s, Normalisation{Mean: []float32{0}, Std: []float32{1. / 255}}, 4, 7)
	if stream.Batches() != 3 {
		t.Errorf("got %d batches a pass, want 3", stream.Batches())
	}
	var orders []string
	for pass := range 4 {
		var order []int
		for i, b := range nextBatches(stream, 3) {
			if want := []int{4, 4, 2}[i]; b.N != want || len(b.Images) != want || len(b.Labels) != want {
				t.Errorf("pass %d, batch %d: got %d images, want %d", pass, i, b.N, want)
			}
			want := StreamState{Seed: 7, Pass: pass, Position: 4 * (i + 1)}
			if i == 2 {
				want = StreamState{Seed: 7, Pass: pass + 1}
			}
			if b.After != want || i == 2 && stream.State() != want {
				t.Errorf("pass %d, batch %d: got state %+v, want %+v", pass, i, b.After, want)
			}
			for k, v := range b.Images {
				image := int(v + 0.5)
				order = append(order, image)
				if b.Labels[k] != int32(image%4) {
					t.Errorf("image %d has label %d", image, b.Labels[k])
				}
			}
		}
		orders = append(orders, fmt.Sprint(order))
		slices.Sort(order)
		if !slices.Equal(order, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) {
			t.Errorf("pass %d shows %v", pass, order)
		}
	}
	if slices.Sort(orders); len(slices.Compact(orders)) != 4 {
		t.Errorf("passes repeat their order: %v", orders)
	}
}

func TestARestoredStreamGoesOnWithTheSameBits(t *testing.T) {
	s := colourful(11, 16, 3)
	norm := MeasureNormalisation(s)
	all := nextBatches(NewStream(s, norm, 4, 3), 9)
	for stop := range 8 {
		text, err := json.Marshal(all[stop].After)
		if err != nil {
			t.Fatal(err)
		}
		var state StreamState
		if err := json.Unmarshal(text, &state); err != nil {
			t.Fatal(err)
		}
		stream := NewStream(s, norm, 4, 99)
		nextBatches(stream, 2)
		if err := stream.Restore(state); err != nil {
			t.Fatal(err)
		}
		sameBatches(t, all[stop+1:], nextBatches(stream, 8-stop))
	}
}

func TestRestoreRefusesStatesThatTheStreamCannotHaveHad(t *testing.T) {
	s := numbered(10)
	stream := NewStream(s, MeasureNormalisation(s), 4, 1)
	for _, state := range []StreamState{{1, 0, 10}, {1, 0, -4}, {1, -1, 0}, {1, 0, 3}, {1, 2, 12}} {
		wantError(t, stream.Restore(state), "numbered", fmt.Sprint(state.Position), "batches of 4")
	}
	if stream.State() != (StreamState{Seed: 1}) {
		t.Errorf("a refused state has moved the stream to %+v", stream.State())
	}
}

func TestStreamsWithOneSeedShowTheSameImages(t *testing.T) {
	fine := colourful(9, 8, 3)
	coarse := *fine
	coarse.Labels = []int32{0, 0, 0, 1, 1, 1, 2, 2, 2}
	norm := MeasureNormalisation(fine)
	a, b := nextBatches(NewStream(fine, norm, 4, 5), 6), nextBatches(NewStream(&coarse, norm, 4, 5), 6)
	for i := range a {
		if slices.Equal(a[i].Labels, b[i].Labels) {
			t.Errorf("batch %d has the same labels twice", i)
		}
		a[i].Labels, b[i].Labels = nil, nil
	}
	sameBatches(t, a, b)
	other := nextBatches(NewStream(fine, norm, 4, 6), 1)
	if slices.Equal(a[0].Images, other[0].Images) {
		t.Error("another seed shows the same images")
	}
}

func TestACropIsThePaddedImageMovedAndFlipped(t *testing.T) {
	for _, shape := range []struct{ size, channels int }{{16, 3}, {9, 1}, {8, 3}} {
		s := colourful(1, shape.size, shape.channels)
		table := MeasureNormalisation(s).table()
		pad := shape.size / 8
		for dy := -pad; dy <= pad; dy++ {
			for dx := -pad; dx <= pad; dx++ {
				for _, flip := range []bool{false, true} {
					got := make([]float32, s.imageLen())
					for i := range got {
						got[i] = float32(math.NaN())
					}
					crop{dx, dy, flip}.write(got, s.Image(0), shape.size, table)
					checkCrop(t, s, got, dx, dy, flip, table)
				}
			}
		}
	}
}

// checkCrop compares a crop with its definition, pixel by pixel.
func checkCrop(t *testing.T, s *Set, got []float32, dx, dy int, flip bool, table [][256]float32) {
	t.Helper()
	for y := range s.Size {
		for x := range s.Size {
			sy, sx := y+dy, x+dx
			if flip {
				sx = s.Size - 1 - x + dx
			}
			for c := range s.Channels {
				var want float32
				if sy >= 0 && sy < s.Size && sx >= 0 && sx < s.Size {
					want = table[c][s.Image(0)[(sy*s.Size+sx)*s.Channels+c]]
				}
				if got := got[(y*s.Size+x)*s.Channels+c]; got != want {
					t.Fatalf("size %d, moved by %d, %d, flip %v: row %d, column %d, channel %d: got %v, want %v",
						s.Size, dx, dy, flip, y, x, c, got, want)
				}
			}
		}
	}
}

func TestCropsAreDrawnEvenly(t *testing.T) {
	stream := NewStream(colourful(1, 16, 1), Normalisation{Mean: []float32{0}, Std: []float32{1}}, 1, 11)
	counts := make(map[crop]int)
	const draws = 50_000
	for position := range draws {
		counts[stream.drawCrop(position)]++
	}
	if len(counts) != 5*5*2 {
		t.Errorf("got %d different crops, want 50", len(counts))
	}
	for c, n := range counts {
		if n < draws/50-200 || n > draws/50+200 { // six deviations
			t.Errorf("%+v was drawn %d times, want about %d", c, n, draws/50)
		}
	}
}

func TestTheFirstOrderAndCropsAreTheseOnEveryPlatform(t *testing.T) {
	s := colourful(8, 32, 3)
	stream := NewStream(s, MeasureNormalisation(s), 8, 42)
	stream.shuffle()
	if want := []int32{1, 5, 6, 2, 7, 0, 3, 4}; !slices.Equal(stream.order, want) {
		t.Errorf("got order %v, want %v", stream.order, want)
	}
	for position, want := range []crop{{0, 2, true}, {3, -3, true}, {3, -4, false}} {
		if got := stream.drawCrop(position); got != want {
			t.Errorf("position %d: got %+v, want %+v", position, got, want)
		}
	}
}
