package data

import (
	"fmt"
	"math"
)

// generate draws the images of a split, the classes in turns. Each image has random numbers of its own, which depend
// on seed, purpose, split and position alone: the splits share none, and more images leave the first as they are.
func generate(src Source, split Split, classes []string, purpose uint64, draw func(r *random, class int, pixels []byte)) (*Set, error) {
	if err := src.checkShape(); err != nil {
		return nil, err
	}
	n := src.Train
	if split == Test {
		n = src.Test
	}
	if n < 1 || n > math.MaxInt32 {
		return nil, fmt.Errorf("%d images: choose at least 1", n)
	}
	set, err := newSet(src.Kind, src.Size, src.Channels, classes, n)
	if err != nil {
		return nil, err
	}
	return set, inParallel(n, func(i int) error {
		class := i % len(classes)
		set.Labels[i] = int32(class)
		draw(newRandom(purpose, src.Seed, uint64(split), uint64(i)), class, set.Image(i))
		return nil
	})
}
