package network

import (
	"fmt"
	"strconv"
	"strings"
)

// WideStem is the number of stem maps of every wrn backbone (spec section 3).
const WideStem = 16

// Backbone is the shape of a residual network of post-activation basic blocks (spec section 3).
type Backbone struct {
	Name   string
	Stem   int   // maps of the stem, w0
	Groups []int // maps of each group
	Blocks int   // basic blocks in a group, two convolutions each
}

// Layer is one 3x3 convolution behind the stem.
type Layer struct {
	Name               string // group{g}.block{b}.conv{i}
	Group, Block, Conv int    // from 1
	Out, In            int    // physical maps
	Stride             int
	ReadsStem          bool // all stem maps feed it, whatever the head's units
}

// ParseBackbone reads wrn-n-s (n = 6m+2, three groups of 16s, 32s, 64s maps behind a stem of 16) and
// resnet-n or resnet-n-w (n = 8m+2, four groups of w, 2w, 4w, 8w maps behind a stem of w; w is 64 where it is left out).
func ParseBackbone(name string) (Backbone, error) {
	kind, rest, _ := strings.Cut(name, "-")
	var numbers []int
	for field := range strings.SplitSeq(rest, "-") {
		n, err := strconv.Atoi(field)
		if err != nil || n < 1 || n > 4096 || strconv.Itoa(n) != field {
			return Backbone{}, fmt.Errorf("backbone %q: %q is not a number from 1 to 4096; write wrn-n-s, resnet-n or resnet-n-w, for example wrn-32-4", name, field)
		}
		numbers = append(numbers, n)
	}
	switch n := numbers[0]; {
	case kind == "wrn" && len(numbers) == 2:
		if n < 8 || (n-2)%6 != 0 {
			return Backbone{}, fmt.Errorf("backbone %q: wrn-n-s needs n = 6m+2 with m >= 1 (8, 14, 20, 26, 32, ...), not %d", name, n)
		}
		s := numbers[1]
		return Backbone{Name: name, Stem: WideStem, Groups: []int{16 * s, 32 * s, 64 * s}, Blocks: (n - 2) / 6}, nil
	case kind == "resnet" && len(numbers) <= 2:
		if n < 10 || (n-2)%8 != 0 {
			return Backbone{}, fmt.Errorf("backbone %q: resnet-n needs n = 8m+2 with m >= 1 (10, 18, 26, 34, 42, ...), not %d", name, n)
		}
		w := 64
		if len(numbers) == 2 {
			w = numbers[1]
		}
		return Backbone{Name: name, Stem: w, Groups: []int{w, 2 * w, 4 * w, 8 * w}, Blocks: (n - 2) / 8}, nil
	}
	return Backbone{}, fmt.Errorf("backbone %q is unknown; write wrn-n-s, resnet-n or resnet-n-w, for example wrn-32-4 or resnet-42", name)
}

// Layers lists the convolutions behind the stem in the order in which they run. The first block of every group but
// the first has stride 2 in its first convolution.
func (b Backbone) Layers() []Layer {
	layers := make([]Layer, 0, 2*b.Blocks*len(b.Groups))
	before := b.Stem
	for g, maps := range b.Groups {
		for block := range b.Blocks {
			stride := 1
			if g > 0 && block == 0 {
				stride = 2
			}
			for conv := 1; conv <= 2; conv++ {
				layers = append(layers, Layer{
					Name:  fmt.Sprintf("group%d.block%d.conv%d", g+1, block+1, conv),
					Group: g + 1, Block: block + 1, Conv: conv,
					Out: maps, In: before, Stride: stride, ReadsStem: len(layers) == 0,
				})
				before, stride = maps, 1
			}
		}
	}
	return layers
}

// Features is the number of physical maps of the last layer, which are pooled and feed the fully connected layers.
func (b Backbone) Features() int { return b.Groups[len(b.Groups)-1] }

// OutputSize is the side of the feature maps of a 3x3 convolution with padding 1: floor((size-1)/stride) + 1 pixels.
func OutputSize(size, stride int) int { return (size-1)/stride + 1 }
