package data

import "math"

// weave makes a pattern in the plane whose coordinates count periods. A horizontal flip must leave its class as it is.
type weave struct {
	name string
	make func(r *random) pattern
}

// weaves lists the classes of the data set textures.
func weaves() []weave {
	return []weave{
		{"stripes", plain(func(u, _ float64) bool { return fraction(u) < 0.5 })},
		{"waves", plain(func(u, v float64) bool { return fraction(u+float64(0.9*math.Abs(fraction(float64(0.6*v))-0.5))) < 0.5 })},
		{"checks", plain(func(u, v float64) bool { return (fraction(u) < 0.5) == (fraction(v) < 0.5) })},
		{"dots", plain(func(u, v float64) bool { return within(fraction(u)-0.5, fraction(v)-0.5, 0.3) })},
		{"bricks", plain(inBrick)},
		{"rings", plain(func(u, v float64) bool { return fraction(math.Sqrt(float64(u*u)+float64(v*v))) < 0.5 })},
		{"clouds", clouds},
		{"grain", grain},
	}
}

// loadTextures draws patterns at random offsets, angles, scales and colours.
func loadTextures(_ string, src Source, split Split) (*Set, error) {
	weaves := weaves()
	classes := make([]string, len(weaves))
	for i, w := range weaves {
		classes[i] = w.name
	}
	return generate(src, split, classes, forTextures, func(r *random, class int, pixels []byte) {
		background, foreground := r.colours(90)
		at := placement{x: r.between(-1, 1), y: r.between(-1, 1), scale: r.between(0.55, 0.85)}
		at.cos, at.sin = r.direction()
		woven := weaves[class].make(r)
		covers := func(x, y float64) float64 { return woven(at.toLocal(x, y)) }
		paint(r, pixels, src.Size, src.Channels, background, []layer{{covers, foreground}})
	})
}

// plain is a weave without chance.
func plain(contains func(u, v float64) bool) func(*random) pattern {
	return func(*random) pattern {
		return func(u, v float64) float64 {
			if contains(u, v) {
				return 1
			}
			return 0
		}
	}
}

// inBrick tells whether a point lies in a brick, not in the mortar; every other row is moved by half a brick.
func inBrick(u, v float64) bool {
	u /= 1.7
	if int(math.Floor(v))%2 != 0 {
		u += 0.5
	}
	return fraction(u) > 0.16 && fraction(v) > 0.28
}

// clouds is smooth noise of one period a bump.
func clouds(r *random) pattern {
	key := r.source.Uint64()
	return func(u, v float64) float64 {
		u, v = float64(1.4*u), float64(1.4*v)
		i, j := math.Floor(u), math.Floor(v)
		a, b := smooth(u-i), smooth(v-j)
		low := blend(lattice(key, i, j), lattice(key, i+1, j), a)
		high := blend(lattice(key, i, j+1), lattice(key, i+1, j+1), a)
		return blend(low, high, b)
	}
}

// grain is noise in cells of a quarter of a period.
func grain(r *random) pattern {
	key := r.source.Uint64()
	return func(u, v float64) float64 { return lattice(key, math.Floor(float64(4*u)), math.Floor(float64(4*v))) }
}

// lattice returns the noise at a point of the grid, 0 to 1.
func lattice(key uint64, i, j float64) float64 {
	return unit(mix(mix(key^uint64(int64(i))) ^ uint64(int64(j))))
}

func blend(a, b, share float64) float64 { return a + float64(share*(b-a)) }

// smooth eases from 0 to 1 with level ends.
func smooth(t float64) float64 { return float64(t*t) * (3 - float64(2*t)) }

// fraction returns what is left of x above the whole number below it.
func fraction(x float64) float64 { return x - math.Floor(x) }
