package bench

import (
	"math"
	"slices"
)

// paperFigures are what the paper publishes of a network's levels (spec section 7): TITAN Xp, TensorFlow.
type paperFigures struct {
	where    string
	backbone string
	size     int // side of the images in pixels
	levels   []paperLevel
}

// paperLevel is one level; it has no speed-up where the paper tells none.
type paperLevel struct {
	density float64 // of equal units: the square of their share
	ms      float64 // an image
	speedUp float64
}

func published() []paperFigures {
	return []paperFigures{
		{"Table 1", "wrn-32-4", 32, []paperLevel{{1.0 / 4, 0.11, 0}, {1, 0.3, 0}}},
		{"Table 2", "resnet-42", 64, []paperLevel{{1.0 / 16, 0.18, 5.8}, {4.0 / 16, 0.38, 2.8}, {9.0 / 16, 0.67, 1.6}, {1, 1.05, 1}}},
		{"scenario J3, STL-10", "resnet-42", 96, []paperLevel{{4.0 / 16, 0.65, 0}, {9.0 / 16, 1.02, 0}, {1, 1.51, 0}}},
	}
}

// nearDensity is how far a level's density may be from the paper's: stem and classes do not shrink with the units.
const nearDensity = 0.01

// paperOf finds the paper's figures of a network with these levels, where it is the paper's.
func paperOf(backbone string, size int, levels []Table2Row) (paperFigures, bool) {
	for _, p := range published() {
		same := p.backbone == backbone && p.size == size && slices.EqualFunc(p.levels, levels, func(l paperLevel, r Table2Row) bool {
			return math.Abs(l.density-r.Density) < nearDensity
		})
		if same {
			return p, true
		}
	}
	return paperFigures{}, false
}
