package plot

import (
	"bytes"
	"fmt"
	"image/color"
	"io"
	"path/filepath"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/dvn-vk/dvn-vk/bench"
)

// Picture is a plot with its legend below, so that the legend never hides data.
type Picture struct {
	plot   *plot.Plot
	legend plot.Legend
	lines  int       // of the legend
	width  vg.Length // enough for the title and the legend's lines
}

// Sizes of a picture, in points; the legend makes it higher, and long names wider.
const (
	width, height = 640, 420
	margin        = 12
	textSize      = 11
	legendSign    = 34
	legendLine    = 15
	dotsPerInch   = 144
)

// newPicture has axes without data.
func newPicture(title, x, y string) *Picture {
	p := &Picture{plot: plot.New(), legend: plot.NewLegend()}
	sans := func(size vg.Length) font.Font { return font.Font{Typeface: "Liberation", Variant: "Sans", Size: size} }
	p.plot.Title.Text, p.plot.Title.TextStyle.Font, p.plot.Title.Padding = title, sans(textSize+2), margin/3
	for _, axis := range []*plot.Axis{&p.plot.X, &p.plot.Y} {
		axis.Scale, axis.Tick.Marker = plot.LogScale{}, ticks{}
		axis.Label.TextStyle.Font, axis.Tick.Label.Font = sans(textSize), sans(textSize-1)
		axis.Label.Padding = margin / 2
	}
	p.width = max(width, p.plot.Title.TextStyle.Width(title)+2*margin)
	p.plot.X.Label.Text, p.plot.Y.Label.Text = x, y
	p.legend.Left, p.legend.Top = true, true
	p.legend.TextStyle.Font, p.legend.ThumbnailWidth = sans(textSize), legendSign
	p.legend.Padding = legendLine - p.legend.TextStyle.Rectangle("X").Max.Y // which is what the legend takes a line to need
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = color.Gray{Y: 215}, color.Gray{Y: 215}
	p.plot.Add(grid)
	return p
}

// line draws points, joined in their order where the style has a line. Without points it draws nothing.
func (p *Picture) line(points plotter.XYs, s style) error {
	if len(points) == 0 {
		return nil
	}
	l, g, err := plotter.NewLinePoints(points)
	if err != nil {
		return err
	}
	l.LineStyle, g.GlyphStyle = s.line(), s.point()
	p.plot.Add(l, g)
	return nil
}

// explain adds a line to the legend.
func (p *Picture) explain(text string, s style) {
	p.legend.Add(text, &plotter.Line{LineStyle: s.line()}, &plotter.Scatter{GlyphStyle: s.point()})
	p.lines++
	p.width = max(p.width, legendSign+p.legend.TextStyle.Width(text)+4*margin)
}

// fit makes the axes reach beyond what was drawn.
func (p *Picture) fit() {
	widen(&p.plot.X)
	widen(&p.plot.Y)
}

// Format is the form of a picture in a file of this name, svg or png: its ending.
func Format(path string) (string, error) {
	format := strings.TrimPrefix(filepath.Ext(path), ".")
	if format != "svg" && format != "png" {
		return "", fmt.Errorf("plot to %s: %w", path, unknown(format))
	}
	return format, nil
}

func unknown(format string) error {
	return fmt.Errorf("%q is no form of a picture: it is svg or png", format)
}

// Save writes the picture to a file, as SVG or PNG by the ending of its name.
func (p *Picture) Save(path string) error {
	format, err := Format(path)
	if err != nil {
		return err
	}
	picture, err := p.Encode(format)
	if err != nil {
		return fmt.Errorf("plot to %s: %w", path, err)
	}
	return bench.WriteFile(path, func(w io.Writer) error {
		_, err := w.Write(picture)
		return err
	})
}

// Encode draws the picture as svg or png.
func (p *Picture) Encode(format string) ([]byte, error) {
	w, h := p.width, vg.Length(height+legendLine*p.lines)
	var canvas vg.CanvasWriterTo
	switch format {
	case "svg":
		canvas = vgsvg.New(w, h)
	case "png":
		canvas = vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(w, h), vgimg.UseDPI(dotsPerInch))}
	default:
		return nil, unknown(format)
	}
	p.draw(draw.NewCanvas(canvas, w, h))
	var picture bytes.Buffer
	if _, err := canvas.WriteTo(&picture); err != nil {
		return nil, err
	}
	// Where Liberation Sans is not installed, Arial has the same widths.
	return bytes.ReplaceAll(picture.Bytes(), []byte("font-family:Liberation Sans;"), []byte("font-family:Liberation Sans,Arial,sans-serif;")), nil
}

func (p *Picture) draw(c draw.Canvas) {
	c.SetColor(color.White)
	c.Fill(c.Path())
	c = draw.Crop(c, margin, -margin, margin, -margin)
	below := vg.Length(legendLine * p.lines)
	p.plot.Draw(draw.Crop(c, 0, 0, below+margin, 0))
	p.legend.Draw(draw.Crop(c, margin, 0, 0, below-c.Size().Y))
}
