package data

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// numbered is a set of 1x1 gray images whose pixels are their numbers, with classes 0 1 2 3 0 1 2 3 ...
func numbered(n int) *Set {
	s := &Set{Name: "numbered", Size: 1, Channels: 1, Classes: []string{"a", "b", "c", "d"}}
	for i := range n {
		s.Pixels = append(s.Pixels, byte(i))
		s.Labels = append(s.Labels, int32(i%4))
	}
	return s
}

// content returns the number and the class name of each image.
func content(s *Set) (images []int, classes string) {
	for i := range s.Len() {
		images = append(images, int(s.Image(i)[0]))
		classes += s.Classes[s.Labels[i]]
	}
	return images, classes
}

func TestViewsShowTheChosenImages(t *testing.T) {
	selected := func(s *Set, first, last int) *Set {
		t.Helper()
		view, err := s.SelectClasses(first, last)
		if err != nil {
			t.Fatal(err)
		}
		return view
	}
	s := numbered(10)
	for _, c := range []struct {
		name    string
		view    *Set
		images  []int
		classes string
		count   int
	}{
		{"no limit", s.Limit(0), []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, "abcdabcdab", 4},
		{"a limit", s.Limit(3), []int{0, 1, 2}, "abc", 4},
		{"a limit beyond the end", s.Limit(11), []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, "abcdabcdab", 4},
		{"the last classes", selected(s, 3, 4), []int{2, 3, 6, 7}, "cdcd", 2},
		{"one class", selected(s, 2, 2), []int{1, 5, 9}, "bbb", 1},
		{"a limit of a selection", selected(s, 1, 2).Limit(3), []int{0, 1, 4}, "aba", 2},
		{"a selection of a limit", selected(s.Limit(5), 1, 2), []int{0, 1, 4}, "aba", 2},
		{"a selection of a selection", selected(selected(s, 2, 4), 2, 2), []int{2, 6}, "cc", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			images, classes := content(c.view)
			if diff := cmp.Diff(c.images, images); diff != "" {
				t.Errorf("images (-want +got):\n%s", diff)
			}
			if classes != c.classes || len(c.view.Classes) != c.count {
				t.Errorf("got classes %s of %d, want %s of %d", classes, len(c.view.Classes), c.classes, c.count)
			}
			if &c.view.Pixels[0] != &s.Pixels[0] {
				t.Error("the view has copied the pixels")
			}
		})
	}
	if images, classes := content(s); len(images) != 10 || classes != "abcdabcdab" {
		t.Errorf("the set has changed: %v %s", images, classes)
	}
}

func TestSelectClassesRefusesClassesThatAreNotThere(t *testing.T) {
	for _, c := range [][2]int{{0, 1}, {3, 2}, {1, 5}, {5, 5}} {
		_, err := numbered(8).SelectClasses(c[0], c[1])
		wantError(t, err, "numbered", "between 1 and 4")
	}
	_, err := numbered(2).SelectClasses(3, 4)
	wantError(t, err, "classes 3 to 4 of numbered", "none of its 2 images")
}
