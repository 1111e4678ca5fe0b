package scenario

import (
	"fmt"
	"slices"
	"unicode"

	"github.com/dvn-vk/dvn-vk/dvn/network"
)

// checkTask checks the task at index i by itself and beside the tasks before it.
func (c Config) checkTask(v *validator, i int) {
	t := c.Tasks[i]
	path := fmt.Sprintf("tasks[%d]", i+1)
	v.text(path+".name", t.Name)
	v.require(!slices.ContainsFunc(c.Tasks[:i], func(other Task) bool { return other.Name == t.Name }), path+".name", "%q is another task's name", t.Name)
	v.between(path+".batch", t.Batch, 1, mostBatch)
	set, ok := t.dataSet()
	if !ok {
		v.oneOf(path+".kind", t.Kind, "cifar10", "cifar100", "stl10", "tiny-imagenet", "folder", "shapes", "textures")
		return
	}
	t.checkSource(v, path, set)
	t.checkClasses(v, path, set)
	if t.checkImage(v, path, set) {
		c.checkBesideFirst(v, path, t)
	}
	c.checkImagesOf(v, path, i)
}

// checkSource checks the keys that belong to some kinds only.
func (t Task) checkSource(v *validator, path string, set dataSet) {
	if t.Kind == "cifar100" {
		v.oneOf(path+".labels", t.Labels, "fine", "coarse")
	} else {
		v.require(t.Labels == "", path+".labels", "only cifar100 has a choice of labels, not %s", t.Kind)
	}
	if t.Kind == "folder" {
		v.require(t.Path != "", path+".path", "missing: it says where the folder's images are")
	} else {
		v.require(t.Path == "", path+".path", "only the kind folder has a path, not %s", t.Kind)
	}
	if set.generated {
		v.between(path+".train", t.Train, 1, mostImages)
		v.between(path+".test", t.Test, 1, mostImages)
	} else {
		v.require(t.Train == 0, path+".train", "only generated sets have a number to choose, not %s; data.limit_train takes the first images", t.Kind)
		v.require(t.Test == 0, path+".test", "only generated sets have a number to choose, not %s; data.limit_test takes the first images", t.Kind)
	}
}

func (t Task) checkClasses(v *validator, path string, set dataSet) {
	path += ".classes"
	if len(t.Classes) == 0 {
		return
	}
	if len(t.Classes) != 2 {
		v.require(false, path, "%d numbers: write [first, last], or [] for all", len(t.Classes))
		return
	}
	first, last := t.Classes[0], t.Classes[1]
	v.require(first >= 1 && first < last, path, "%d to %d is no range of two classes or more, counted from 1", first, last)
	v.require(set.classes == 0 || last <= set.classes, path, "class %d: %s has %d", last, t.Kind, set.classes)
}

// checkImage checks image and stem, and returns whether they are possible.
func (t Task) checkImage(v *validator, path string, set dataSet) bool {
	before := len(v.problems)
	if set.chosen {
		v.between(path+".size", t.Size, leastSize, mostSize)
		v.require(t.Channels == 1 || t.Channels == 3, path+".channels", "%d is not 3 (colour) or 1 (grey)", t.Channels)
	} else {
		v.require(t.Size == set.size, path+".size", "%d: the images of %s have %d pixels", t.Size, t.Kind, set.size)
		v.require(t.Channels == 3, path+".channels", "%d: the images of %s have 3", t.Channels, t.Kind)
	}
	v.between(path+".stride", t.Stride, 1, max(t.Size, 1))
	return len(v.problems) == before
}

// checkBesideFirst checks that the task fits into one network with the first (spec section 3), and in sequential
// training that its images can go through the first task's stem (spec section 5).
func (c Config) checkBesideFirst(v *validator, path string, t Task) {
	first := c.Tasks[0]
	if first.Size < 1 || first.Stride < 1 {
		return // refused itself
	}
	want, got := network.OutputSize(first.Size, first.Stride), network.OutputSize(t.Size, t.Stride)
	v.require(got == want, path+".stride", "the stem makes maps of %d pixels from %d, those of task 1 have %d: one network needs one size, choose other strides", got, t.Size, want)
	if c.Objective == "sequential" {
		v.require(t.Size == first.Size && t.Channels == first.Channels, path+".size",
			"%d pixels, %d channels: in sequential training the images go through the old tasks' stems, so they need the %d pixels and %d channels of task 1", t.Size, t.Channels, first.Size, first.Channels)
	}
}

// checkImagesOf checks that a task that sees an earlier task's images would read the same ones in the same batches.
func (c Config) checkImagesOf(v *validator, path string, i int) {
	t, number := c.Tasks[i], i+1
	path += ".images_of"
	if t.ImagesOf == number {
		return
	}
	if t.ImagesOf < 1 || t.ImagesOf > number {
		v.require(false, path, "%d is not the number of this task, %d, or an earlier one", t.ImagesOf, number)
		return
	}
	other := c.Tasks[t.ImagesOf-1]
	v.require(other.ImagesOf == t.ImagesOf, path, "task %d sees the images of task %d itself: name that one", t.ImagesOf, other.ImagesOf)
	v.require(sameImages(t, other), path, "task %d differs in more than labels and stem: kind, path, classes, size, channels, batch, train and test must agree", t.ImagesOf)
	all := len(t.Classes) == 0 || t.Labels == other.Labels
	v.require(all, path, "the same classes of %s and %s labels are not the same images: take all classes", t.Labels, other.Labels)
}

// sameImages says whether two tasks draw the same images in the same batches; their labels, names and stems may differ.
func sameImages(a, b Task) bool {
	return a.Kind == b.Kind && a.Path == b.Path && slices.Equal(a.Classes, b.Classes) && a.Size == b.Size &&
		a.Channels == b.Channels && a.Batch == b.Batch && a.Train == b.Train && a.Test == b.Test
}

func notPrintable(r rune) bool { return !unicode.IsPrint(r) }
