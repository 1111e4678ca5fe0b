package layers

import "github.com/dvn-vk/dvn-vk/gpu"

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
	a.Range.Size = uint64(a.Precision.Bytes()*images) * uint64(a.Size+2) * uint64(a.Size+2) * uint64(a.Maps)
	return a
}

// inside is the size in bytes of what lies inside the halo: what a pass that goes over all of it moves.
func (a Activations) inside() float64 {
	return float64(a.Precision.Bytes()*a.Images) * float64(a.Size*a.Size) * float64(a.Maps)
}
