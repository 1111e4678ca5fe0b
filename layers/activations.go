package layers

import "github.com/dvn-vk/dvn-vk/gpu"

const floatBytes = 4

// Activations is a tensor [Images, Size+2, Size+2, Maps] on the device with a halo of zeros: whoever allocates it zeroes it,
// operations write the inside only. Maps are a head's own, padding included. Its numbers have the kernels' precision.
type Activations struct {
	gpu.Range
	Precision          Precision
	Images, Size, Maps int
}

// For is the same memory with fewer images.
func (a Activations) For(images int) Activations {
	a.Images = images
	a.Range.Size = uint64(a.Precision.Bytes()) * uint64(a.Len())
	return a
}

// part is a run of its images.
func (a Activations) part(first, images int) Activations {
	if a.Buffer == nil || a.Images == 0 {
		return a
	}
	a.Offset += uint64(a.Precision.Bytes() * first * a.Len() / a.Images)
	return a.For(images)
}

// Len is the number of its numbers, halo included.
func (a Activations) Len() int { return a.Images * (a.Size + 2) * (a.Size + 2) * a.Maps }

// inside is the size in bytes of what lies inside the halo: what a pass that goes over all of it moves.
func (a Activations) inside() float64 {
	return float64(a.Precision.Bytes()*a.Images) * float64(a.Size*a.Size) * float64(a.Maps)
}
