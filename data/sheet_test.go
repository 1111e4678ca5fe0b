package data

import (
	"image"
	"image/color"
	"testing"
)

func TestAContactSheetShowsTheImagesRowByRow(t *testing.T) {
	for _, c := range []struct {
		name                string
		images, size        int
		columns, rows       int
		tile, across, below int
	}{
		{"small images are enlarged", 6, 16, 3, 2, 96, 3, 2},
		{"large images are not", 6, 96, 3, 2, 96, 3, 2},
		{"rows that stay empty are left out", 4, 16, 3, 9, 96, 3, 2},
		{"a single row is as wide as the set", 2, 16, 5, 1, 96, 2, 1},
		{"no less than one image is shown", 2, 16, 0, 0, 96, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := plainSet(c.images, c.size)
			sheet := ContactSheet(s, c.columns, c.rows)
			cell := image.Pt(c.tile+sheetGap, c.tile+labelHigh+sheetGap)
			if got, want := sheet.Bounds().Size(), image.Pt(c.across*cell.X+sheetGap, c.below*cell.Y+sheetGap); got != want {
				t.Fatalf("got a sheet of %v, want %v", got, want)
			}
			for i := range min(c.images, c.across*c.below) {
				corner := image.Pt(sheetGap+i%c.across*cell.X, sheetGap+i/c.across*cell.Y)
				for _, at := range []image.Point{corner, corner.Add(image.Pt(c.tile-1, c.tile-1))} {
					if got, want := sheet.At(at.X, at.Y), (color.RGBA{byte(i), 2, 3, 255}); got != want {
						t.Errorf("image %d at %v: got %v, want %v", i, at, got, want)
					}
				}
				if !hasInk(sheet, image.Rectangle{corner.Add(image.Pt(0, c.tile)), corner.Add(image.Pt(c.tile, c.tile+labelHigh))}) {
					t.Errorf("image %d has no label", i)
				}
			}
		})
	}
}

// plainSet is a set whose image i has the colour (i, 2, 3) everywhere.
func plainSet(n, size int) *Set {
	s := &Set{Name: "plain", Size: size, Channels: 3, Classes: []string{"a class of a very long name"}}
	for i := range n {
		for range size * size {
			s.Pixels = append(s.Pixels, byte(i), 2, 3)
		}
		s.Labels = append(s.Labels, 0)
	}
	return s
}

// hasInk tells whether a rectangle has a black pixel.
func hasInk(sheet image.Image, r image.Rectangle) bool {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if sheet.At(x, y) == (color.RGBA{0, 0, 0, 255}) {
				return true
			}
		}
	}
	return false
}
