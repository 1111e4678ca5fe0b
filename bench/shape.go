package bench

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/dvn-vk/dvn-vk/dvn/network"
)

// Shape is a 3x3 convolution with padding 1.
type Shape struct {
	In, Out int // maps
	Size    int // side of the input in pixels
	Stride  int
	Stem    bool // it reads images: nobody wants the gradient of its input, and they are not divided into units
}

// String is as in 64x32: maps x side; 64-128x32 where inputs and outputs differ, s2 behind it for stride 2.
func (s Shape) String() string {
	text := strconv.Itoa(s.In)
	if s.In != s.Out {
		text += "-" + strconv.Itoa(s.Out)
	}
	text += "x" + strconv.Itoa(s.Size)
	if s.Stride != 1 {
		text += "s" + strconv.Itoa(s.Stride)
	}
	return text
}

var shapeText = regexp.MustCompile(`^(\d{1,5})(?:-(\d{1,5}))?x(\d{1,5})(?:s([123]))?$`)

// UnmarshalText reads what String writes.
func (s *Shape) UnmarshalText(text []byte) error {
	parts := shapeText.FindStringSubmatch(string(text))
	if parts == nil {
		return fmt.Errorf("%q: write maps x side as in 64x32, or 64-128x32s2 with other outputs and stride 2", text)
	}
	number := func(text string, other int) int {
		if n, err := strconv.Atoi(text); err == nil {
			return n
		}
		return other
	}
	in := number(parts[1], 0)
	*s = Shape{In: in, Out: number(parts[2], in), Size: number(parts[3], 0), Stride: number(parts[4], 1)}
	if min(s.In, s.Out, s.Size) < 1 {
		return fmt.Errorf("%q: maps and sides are at least 1", text)
	}
	return nil
}

// Shapes lists the different convolutions of a backbone on images of a size, in the order in which they run.
func Shapes(backbone string, size int) ([]Shape, error) {
	b, err := network.ParseBackbone(backbone)
	if err != nil {
		return nil, err
	}
	shapes := []Shape{{In: channels, Out: b.Stem, Size: size, Stride: stemStride(size), Stem: true}}
	size = network.OutputSize(size, stemStride(size))
	for _, l := range b.Layers() {
		if s := (Shape{In: l.In, Out: l.Out, Size: size, Stride: l.Stride}); !slices.Contains(shapes, s) {
			shapes = append(shapes, s)
		}
		size = network.OutputSize(size, l.Stride)
	}
	return shapes, nil
}
