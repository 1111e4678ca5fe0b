package data

import (
	"fmt"
	"slices"
)

// Split says which part of a data set is meant.
type Split int

// The two splits of every data set. Tiny-ImageNet's validation images are its Test split, for its test images have
// no published labels.
const (
	Train Split = iota
	Test
)

// String returns "train" or "test".
func (s Split) String() string {
	if s == Train {
		return "train"
	}
	return "test"
}

// Set is one split of a data set in memory, or a view of some of its images.
type Set struct {
	// Name is what messages call the set, such as "cifar10".
	Name string
	// Size is the height and width of every image in pixels.
	Size int
	// Channels is 3 (red, green, blue) or 1 (luma).
	Channels int
	// Classes names the classes; its length is the number of classes.
	Classes []string
	// Pixels holds images [M, Size, Size, Channels], 0 to 255. A view shares the pixels of the set it was taken
	// from, so M may exceed Len and the order may differ: Image finds the right one.
	Pixels []byte
	// Labels holds the class of each image [Len], 0 to len(Classes)-1, in the order of the view.
	Labels []int32
	// Skipped names the broken files that were left out, each with the reason (folder with SkipBroken only).
	Skipped []string

	index []int32 // the image in Pixels of each image of the view; nil: image i is image i
}

// Len returns the number of images.
func (s *Set) Len() int { return len(s.Labels) }

// Image returns the pixels [Size, Size, Channels] of image i, counted from 0. The slice belongs to the set.
func (s *Set) Image(i int) []byte {
	if s.index != nil {
		i = int(s.index[i])
	}
	n := s.imageLen()
	return s.Pixels[i*n : (i+1)*n : (i+1)*n]
}

// Limit returns the first n images as a view: all of them where n is 0 (no limit) or more than there are.
func (s *Set) Limit(n int) *Set {
	view := *s
	if n > 0 && n < s.Len() {
		view.Labels = s.Labels[:n:n]
		if s.index != nil {
			view.index = s.index[:n:n]
		}
	}
	return &view
}

// SelectClasses returns the images of the classes first to last, counted from 1 and both included, as a view that
// keeps their order and numbers those classes from 0 (scenarios S1 and J2, spec section 7). It returns an error
// if there are no such classes, or no images of them.
func (s *Set) SelectClasses(first, last int) (*Set, error) {
	if first < 1 || last < first || last > len(s.Classes) {
		return nil, fmt.Errorf("classes %d to %d of %s: choose first <= last between 1 and %d",
			first, last, s.Name, len(s.Classes))
	}
	view := *s
	view.Classes = slices.Clone(s.Classes[first-1 : last])
	view.Labels, view.index = nil, nil
	for i, label := range s.Labels {
		if int(label) < first-1 || int(label) >= last {
			continue
		}
		image := int32(i)
		if s.index != nil {
			image = s.index[i]
		}
		view.index = append(view.index, image)
		view.Labels = append(view.Labels, label-int32(first-1))
	}
	if view.Len() == 0 {
		return nil, fmt.Errorf("classes %d to %d of %s: none of its %d images belongs to them", first, last, s.Name, s.Len())
	}
	return &view, nil
}

// imageLen returns the number of values in one image.
func (s *Set) imageLen() int { return s.Size * s.Size * s.Channels }
