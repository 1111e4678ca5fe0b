package data

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

func TestALoaderYieldsWhatItsStreamsYield(t *testing.T) {
	first, second := colourful(11, 16, 3), colourful(5, 8, 1)
	streams := func() []*Stream {
		return []*Stream{
			NewStream(first, MeasureNormalisation(first), 4, 1),
			NewStream(second, MeasureNormalisation(second), 2, 2),
		}
	}
	const steps = 20
	alone := streams()
	want := [][]Batch{nextBatches(alone[0], steps), nextBatches(alone[1], steps)}
	for _, ahead := range []int{1, 3} {
		t.Run(fmt.Sprintf("%d ahead", ahead), func(t *testing.T) {
			loader := NewLoader(t.Context(), streams(), ahead)
			defer loader.Close()
			for step := range steps {
				got, err := loader.Next()
				if err != nil {
					t.Fatal(err)
				}
				for i := range got {
					sameBatches(t, want[i][step:step+1], got[i:i+1])
				}
			}
		})
	}
}

func TestALoaderUsesItsMemoryAgain(t *testing.T) {
	s := colourful(8, 16, 3)
	loader := NewLoader(t.Context(), []*Stream{NewStream(s, MeasureNormalisation(s), 4, 1)}, 2)
	defer loader.Close()
	buffers := make(map[*float32]bool)
	for range 50 {
		step, err := loader.Next()
		if err != nil {
			t.Fatal(err)
		}
		buffers[&step[0].Images[0]] = true
	}
	if len(buffers) > 3 {
		t.Errorf("50 steps lay in %d buffers, want at most 3", len(buffers))
	}
}

func TestALoaderStopsAtCloseAndWithItsContext(t *testing.T) {
	s := colourful(8, 16, 3)
	newLoader := func(ctx context.Context) *Loader {
		return NewLoader(ctx, []*Stream{NewStream(s, MeasureNormalisation(s), 4, 1)}, 2)
	}
	t.Run("closed before the first step", func(t *testing.T) {
		loader := newLoader(t.Context())
		loader.Close()
		loader.Close()
		if _, err := loader.Next(); !errors.Is(err, ErrLoaderClosed) {
			t.Errorf("got %v, want ErrLoaderClosed", err)
		}
	})
	t.Run("closed in between", func(t *testing.T) {
		loader := newLoader(t.Context())
		if _, err := loader.Next(); err != nil {
			t.Fatal(err)
		}
		loader.Close()
		if _, err := loader.Next(); !errors.Is(err, ErrLoaderClosed) {
			t.Errorf("got %v, want ErrLoaderClosed", err)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		loader := newLoader(ctx)
		defer loader.Close()
		cancel()
		if _, err := loader.Next(); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
	})
}

// BenchmarkLoader measures images per second of the background preparation alone: what a trainer may consume at most.
func BenchmarkLoader(b *testing.B) {
	for _, size := range []int{32, 64, 96} {
		b.Run(fmt.Sprintf("%dpx", size), func(b *testing.B) {
			s := colourful(512, size, 3)
			stream := NewStream(s, MeasureNormalisation(s), 128, 1)
			loader := NewLoader(b.Context(), []*Stream{stream}, 2)
			defer loader.Close()
			images := 0
			for b.Loop() {
				step, err := loader.Next()
				if err != nil {
					b.Fatal(err)
				}
				images += step[0].N
			}
			b.ReportMetric(float64(images)/b.Elapsed().Seconds(), "images/s")
		})
	}
}
