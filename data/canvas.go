package data

import "math"

// The generated data sets are drawn here: layers of colour on a background, then light and noise. Points run from
// -1 to 1 across the image. All arithmetic is exactly rounded (products are converted before they are added, so that
// no platform fuses them, and angles come without sine and cosine): every platform draws the same pixels.

// pattern tells how much of a point a layer covers, from 0 to 1.
type pattern func(x, y float64) float64

// colour holds red, green and blue, 0 to 255.
type colour [3]float64

// layer is a pattern filled with a colour.
type layer struct {
	covers pattern
	colour colour
}

// placement says where and how a pattern lies: moved, turned, and scaled.
type placement struct{ x, y, cos, sin, scale float64 }

// toLocal returns the point of the pattern that lies at a point of the image.
func (p placement) toLocal(x, y float64) (u, v float64) {
	x, y = (x-p.x)/p.scale, (y-p.y)/p.scale
	return float64(p.cos*x) + float64(p.sin*y), float64(p.cos*y) - float64(p.sin*x)
}

// direction returns cosine and sine of a random angle: a random point of the disc, moved to its rim.
func (r *random) direction() (cos, sin float64) {
	for {
		x, y := r.between(-1, 1), r.between(-1, 1)
		square := float64(x*x) + float64(y*y)
		if square > 0.01 && square <= 1 {
			length := math.Sqrt(square)
			return x / length, y / length
		}
	}
}

// colours returns a random pair whose brightness differs by at least contrast: either may be the brighter one.
func (r *random) colours(contrast float64) (a, b colour) {
	for {
		a, b = r.colour(), r.colour()
		if math.Abs(a.brightness()-b.brightness()) >= contrast {
			return a, b
		}
	}
}

func (r *random) colour() colour {
	return colour{r.between(0, 255), r.between(0, 255), r.between(0, 255)}
}

func (c colour) brightness() float64 {
	return float64(0.299*c[0]) + float64(0.587*c[1]) + float64(0.114*c[2])
}

// samplesPerSide is how often each pixel is sampled along each side: edges are smooth even at 16 pixels.
const samplesPerSide = 4

// paint draws the layers, first to last, over the background, into pixels [size, size, channels].
func paint(r *random, pixels []byte, size, channels int, background colour, layers []layer) {
	slopeX, slopeY := r.between(-0.2, 0.2), r.between(-0.2, 0.2)
	noise := r.between(4, 20)
	for y := range size {
		for x := range size {
			pixel := samplePixel(x, y, size, background, layers)
			light := 1 + float64(slopeX*centre(x, size)) + float64(slopeY*centre(y, size))
			for c := range pixel {
				pixel[c] = float64(pixel[c]*light) + float64(noise*r.bell())
			}
			pixel.store(pixels[(y*size+x)*channels:], channels)
		}
	}
}

// centre returns the place of the middle of pixel i of n, from -1 to 1.
func centre(i, n int) float64 { return float64(2*i+1)/float64(n) - 1 }

// samplePixel returns the mean colour of one pixel.
func samplePixel(x, y, size int, background colour, layers []layer) colour {
	var sum colour
	for sy := range samplesPerSide {
		for sx := range samplesPerSide {
			px, py := centre(x*samplesPerSide+sx, size*samplesPerSide), centre(y*samplesPerSide+sy, size*samplesPerSide)
			point := background
			for _, layer := range layers {
				if share := layer.covers(px, py); share > 0 {
					for c := range point {
						point[c] += float64(share * (layer.colour[c] - point[c]))
					}
				}
			}
			for c := range sum {
				sum[c] += point[c]
			}
		}
	}
	for c := range sum {
		sum[c] /= samplesPerSide * samplesPerSide
	}
	return sum
}

// bell returns a number around 0 with a deviation of about 1: the sum of four uniform ones.
func (r *random) bell() float64 {
	bits := r.source.Uint64()
	sum := bits&0xffff + bits>>16&0xffff + bits>>32&0xffff + bits>>48
	return (float64(sum) - 2*0xffff) / 37837 // 37837 = 65536 * sqrt(4/12)
}

// store writes a colour as three bytes, or as its brightness in one.
func (c colour) store(pixels []byte, channels int) {
	var rgb [3]byte
	for i, v := range c {
		rgb[i] = byte(min(max(v, 0), 255) + 0.5)
	}
	if channels == 1 {
		pixels[0] = luma(rgb[:])
		return
	}
	copy(pixels, rgb[:])
}
