package data

import (
	"image"
	"image/color"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

// The look of a contact sheet, in pixels.
const (
	minTile   = 84 // small images are enlarged, in whole steps, until they are at least this wide
	sheetGap  = 6
	labelHigh = 16
)

// ContactSheet returns a picture of the first columns x rows images of the set, row by row, each with the name of its
// class below. Rows that the set cannot fill are left out.
func ContactSheet(s *Set, columns, rows int) image.Image {
	columns = min(max(columns, 1), s.Len())
	rows = min(max(rows, 1), (s.Len()+columns-1)/columns)
	enlarge := (minTile + s.Size - 1) / s.Size
	tile := s.Size * enlarge
	cellWidth, cellHeight := tile+sheetGap, tile+labelHigh+sheetGap
	sheet := image.NewRGBA(image.Rect(0, 0, columns*cellWidth+sheetGap, rows*cellHeight+sheetGap))
	draw.Draw(sheet, sheet.Bounds(), image.White, image.Point{}, draw.Src)
	for i := range min(s.Len(), columns*rows) {
		corner := image.Pt(sheetGap+i%columns*cellWidth, sheetGap+i/columns*cellHeight)
		picture := s.picture(i)
		draw.NearestNeighbor.Scale(sheet, image.Rectangle{Min: corner, Max: corner.Add(image.Pt(tile, tile))},
			picture, picture.Bounds(), draw.Src, nil)
		writeLabel(sheet, corner.Add(image.Pt(0, tile)), tile, s.Classes[s.Labels[i]])
	}
	return sheet
}

// picture returns image i as a picture.
func (s *Set) picture(i int) image.Image {
	pixels := s.Image(i)
	picture := image.NewRGBA(image.Rect(0, 0, s.Size, s.Size))
	for p := range s.Size * s.Size {
		red, green, blue := pixels[p*s.Channels], pixels[p*s.Channels], pixels[p*s.Channels]
		if s.Channels == 3 {
			green, blue = pixels[p*3+1], pixels[p*3+2]
		}
		picture.SetRGBA(p%s.Size, p/s.Size, color.RGBA{red, green, blue, 255})
	}
	return picture
}

// writeLabel writes as much of a text as fits below a tile.
func writeLabel(sheet *image.RGBA, corner image.Point, width int, text string) {
	face := basicfont.Face7x13
	letters := []rune(text)
	letters = letters[:min(len(letters), width/face.Advance)]
	writer := font.Drawer{Dst: sheet, Src: image.Black, Face: face, Dot: fixed.P(corner.X, corner.Y+face.Ascent+1)}
	writer.DrawString(string(letters))
}
