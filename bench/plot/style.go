package plot

import (
	"image/color"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// style is how points and the line through them are drawn.
type style struct {
	colour color.Color
	glyph  draw.GlyphDrawer // nil: no points
	dashes []vg.Length      // nil: a full line
	noLine bool
}

func (s style) line() draw.LineStyle {
	if s.noLine {
		return draw.LineStyle{}
	}
	return draw.LineStyle{Color: s.colour, Width: 1.6, Dashes: s.dashes}
}

func (s style) point() draw.GlyphStyle {
	if s.glyph == nil {
		return draw.GlyphStyle{Color: s.colour, Shape: draw.CircleGlyph{}} // of no radius
	}
	return draw.GlyphStyle{Color: s.colour, Radius: 3.5, Shape: s.glyph}
}

// colour i is told apart from the others by the colour-blind (M. Okabe and K. Ito, Color Universal Design); after seven they
// come again.
func colour(i int) color.Color {
	all := []color.RGBA{
		{0, 114, 178, 255}, {213, 94, 0, 255}, {0, 158, 115, 255}, {204, 121, 167, 255}, {230, 159, 0, 255}, {86, 180, 233, 255}, {0, 0, 0, 255},
	}
	return all[i%len(all)]
}

// glyph i is told apart from the others; after six they come again.
func glyph(i int) draw.GlyphDrawer {
	all := []draw.GlyphDrawer{
		draw.CircleGlyph{}, draw.BoxGlyph{}, draw.PyramidGlyph{}, draw.CrossGlyph{}, draw.RingGlyph{}, draw.PlusGlyph{},
	}
	return all[i%len(all)]
}
