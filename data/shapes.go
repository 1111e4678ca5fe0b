package data

import "math"

// outline is a shape inside the unit disc around its centre. A horizontal flip must leave its class as it is.
type outline struct {
	name     string
	contains func(x, y float64) bool
}

// outlines lists the classes of the data set shapes.
func outlines() []outline {
	return []outline{
		{"disc", func(x, y float64) bool { return within(x, y, 0.85) }},
		{"ring", func(x, y float64) bool { return within(x, y, 0.95) && !within(x, y, 0.5) }},
		{"square", func(x, y float64) bool { return inBox(x, y, 0.7, 0.7) }},
		{"triangle", func(x, y float64) bool { return sidesFacing(x, y, 3, 0.48) == 3 }},
		{"cross", func(x, y float64) bool { return inBox(x, y, 0.24, 0.97) || inBox(x, y, 0.97, 0.24) }},
		// Five lines bound a star: a point inside is on the inner side of at least four.
		{"star", func(x, y float64) bool { return sidesFacing(x, y, 5, 0.31) >= 4 }},
		{"bars", func(x, y float64) bool { return inBox(x, math.Abs(y)-0.65, 0.7, 0.2) }},
		{"crescent", func(x, y float64) bool { return within(x, y, 0.95) && !within(x-0.5, y, 0.75) }},
	}
}

// loadShapes draws filled shapes at random places, sizes, angles and colours, with small marks around and below them.
func loadShapes(_ string, src Source, split Split) (*Set, error) {
	outlines := outlines()
	classes := make([]string, len(outlines))
	for i, o := range outlines {
		classes[i] = o.name
	}
	return generate(src, split, classes, forShapes, func(r *random, class int, pixels []byte) {
		background, foreground := r.colours(90)
		layers := make([]layer, 0, 5)
		for range 1 + r.below(3) {
			layers = append(layers, layer{r.mark(), r.colour()})
		}
		layers = append(layers, layer{r.place(outlines[class].contains), foreground})
		paint(r, pixels, src.Size, src.Channels, background, layers)
	})
}

// place returns the shape at a random place, angle and size, wholly inside the image.
func (r *random) place(contains func(x, y float64) bool) pattern {
	at := placement{scale: r.between(0.6, 0.9)}
	at.cos, at.sin = r.direction()
	free := 1 - at.scale
	at.x, at.y = r.between(-free, free), r.between(-free, free)
	return func(x, y float64) float64 {
		if contains(at.toLocal(x, y)) {
			return 1
		}
		return 0
	}
}

// mark returns a small bar or speck anywhere in the image.
func (r *random) mark() pattern {
	at := placement{scale: 1, x: r.between(-1, 1), y: r.between(-1, 1)}
	at.cos, at.sin = r.direction()
	length, width := r.between(0.05, 0.3), r.between(0.04, 0.08)
	return func(x, y float64) float64 {
		u, v := at.toLocal(x, y)
		if inBox(u, v, length, width) {
			return 1
		}
		return 0
	}
}

// within tells whether a point lies in the disc of that radius around the origin.
func within(x, y, radius float64) bool { return float64(x*x)+float64(y*y) < radius*radius }

// inBox tells whether a point lies in the box around the origin that is 2 width wide and 2 height high.
func inBox(x, y, width, height float64) bool { return math.Abs(x) < width && math.Abs(y) < height }

// sidesFacing counts the sides of the regular polygon with n = 3 or 5 sides, at that distance from the origin, which
// have the point on their inner side.
func sidesFacing(x, y float64, n int, distance float64) int {
	const (
		cos120, sin120 = -0.5, 0.86602540378443864676
		cos72, sin72   = 0.30901699437494742410, 0.95105651629515357212
	)
	cos, sin := cos72, sin72
	if n == 3 {
		cos, sin = cos120, sin120
	}
	count := 0
	nx, ny := 0.0, 1.0
	for range n {
		if float64(nx*x)+float64(ny*y) < distance {
			count++
		}
		nx, ny = float64(cos*nx)-float64(sin*ny), float64(sin*nx)+float64(cos*ny)
	}
	return count
}
