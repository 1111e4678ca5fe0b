package data

import (
	"fmt"
	"math"
)

// Source says which data set to read and how. Fields that a kind does not name below are ignored by it.
type Source struct {
	// Kind is one of Kinds: cifar10, cifar100, stl10, tiny-imagenet, folder, shapes, textures.
	Kind string
	// Labels chooses the labels of cifar100: "fine" (100 classes, also when empty) or "coarse" (20 classes).
	Labels string
	// Path is where the images of a folder lie, relative to the data directory unless absolute.
	Path string
	// Size is the image size in pixels that folder scales and crops to, or that shapes and textures draw.
	Size int
	// Channels is 3 or 1 for folder, shapes and textures.
	Channels int
	// Train and Test are the numbers of images that shapes and textures draw.
	Train, Test int
	// Seed decides every pixel that shapes and textures draw.
	Seed uint64
	// SkipBroken lets folder leave out files that cannot be decoded; Set.Skipped names them.
	SkipBroken bool
}

// kind is a data set that Load knows.
type kind struct {
	name string
	load func(dir string, src Source, split Split) (*Set, error)
}

// kinds lists them all: a new data set is a file of its own and a line here.
func kinds() []kind {
	return []kind{
		{"cifar10", loadCIFAR10},
		{"cifar100", loadCIFAR100},
		{"stl10", loadSTL10},
		{"tiny-imagenet", loadTinyImageNet},
		{"folder", loadFolder},
		{"shapes", loadShapes},
		{"textures", loadTextures},
	}
}

// Kinds returns the values that Source.Kind may have.
func Kinds() []string {
	var names []string
	for _, k := range kinds() {
		names = append(names, k.name)
	}
	return names
}

// Load reads one split of a data set into memory. The directory dir holds the published archives or the folders that
// they unpack to, under their official names; where both are present the folder is read. Archives are read to their
// end, so that damage anywhere in them is noticed. Record counts come from sizes: a subset in the official layout is
// a data set like any other. Errors about damaged input name the file and the record, counted from 1.
func Load(dir string, src Source, split Split) (*Set, error) {
	for _, k := range kinds() {
		if k.name != src.Kind {
			continue
		}
		set, err := k.load(dir, src, split)
		if err != nil {
			return nil, fmt.Errorf("load %s, %s split: %w", src.Kind, split, err)
		}
		return set, nil
	}
	return nil, fmt.Errorf("load data set %q: there is no such kind: choose one of %v", src.Kind, Kinds())
}

// maxImageSize bounds the height and width of the images that the program itself makes, in pixels.
const maxImageSize = 1024

// checkShape refuses image shapes that folder, shapes and textures cannot make.
func (src Source) checkShape() error {
	if src.Size < 8 || src.Size > maxImageSize {
		return fmt.Errorf("size %d: choose an image size of 8 to %d pixels", src.Size, maxImageSize)
	}
	if src.Channels != 1 && src.Channels != 3 {
		return fmt.Errorf("channels %d: choose 3 (colour) or 1 (gray)", src.Channels)
	}
	return nil
}

// maxSetBytes bounds the pixels of one split, which stay in memory.
const maxSetBytes = 64 << 30

// newSet returns a set with room for n images, after checking that their size can be allocated.
func newSet(name string, size, channels int, classes []string, n int) (*Set, error) {
	bytes := int64(size) * int64(size) * int64(channels)
	if int64(n) > min(maxSetBytes, math.MaxInt)/bytes {
		return nil, fmt.Errorf("%d images of %dx%dx%d need more than %d GiB: use fewer or smaller images",
			n, size, size, channels, maxSetBytes>>30)
	}
	return &Set{
		Name: name, Size: size, Channels: channels, Classes: classes,
		Pixels: make([]byte, int64(n)*bytes),
		Labels: make([]int32, n),
	}, nil
}
