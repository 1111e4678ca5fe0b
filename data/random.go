package data

import (
	"math/bits"
	"math/rand/v2"
)

// random is a stream of random numbers that depends on its keys alone. Everything random here names its own keys
// (seed, purpose, pass, position ...), so that no number depends on what was drawn before or ahead of it; and it
// turns the generator's words into numbers itself, with integer and exactly rounded operations only, so that no
// platform and no version of the standard library draws differently.
type random struct{ source rand.PCG }

// The purposes that keep apart what is drawn from one seed.
const (
	forOrder = iota + 1
	forCrop
	forShapes
	forTextures
)

// newRandom returns the stream of the given keys; their order matters.
func newRandom(keys ...uint64) *random {
	var key uint64
	for _, k := range keys {
		key = mix(key ^ k)
	}
	r := new(random)
	r.source.Seed(key, mix(key))
	return r
}

// mix is the step of SplitMix64, a bijection that scatters neighbouring keys
// (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// below returns a number from 0 to n-1.
func (r *random) below(n int) int {
	high, _ := bits.Mul64(r.source.Uint64(), uint64(n))
	return int(high)
}

// coin returns true half of the time.
func (r *random) coin() bool { return r.source.Uint64()>>63 == 1 }

// between returns a number in [low, high).
func (r *random) between(low, high float64) float64 {
	return low + float64((high-low)*unit(r.source.Uint64()))
}

// unit maps 64 random bits to [0, 1).
func unit(bits uint64) float64 { return float64(float64(bits>>11) * 0x1p-53) }

// permutation returns 0 to n-1 in random order.
func (r *random) permutation(n int) []int32 {
	order := make([]int32, n)
	for i := range order {
		j := r.below(i + 1)
		order[i] = order[j]
		order[j] = int32(i)
	}
	return order
}
