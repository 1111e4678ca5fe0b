package layers

import "github.com/dvn-vk/dvn-vk/gpu"

// Activations is a tensor [Images, Size+2, Size+2, Maps] of float32 on the device with a halo of zeros: whoever allocates
// it zeroes it, operations write the inside only. Maps are a head's own, padding included.
type Activations struct {
	gpu.Range
	Images, Size, Maps int
}

// ActivationsBytes is the size of such a tensor; the error says that it is too large to count.
func ActivationsBytes(images, size, maps int) (uint64, error) {
	return gpu.Product(4, images, size+2, size+2, maps)
}

// For is the same memory with fewer images.
func (a Activations) For(images int) Activations {
	a.Images = images
	a.Range.Size = uint64(4*images) * uint64(a.Size+2) * uint64(a.Size+2) * uint64(a.Maps)
	return a
}

// inside is the size in bytes of what lies inside the halo: what a pass that goes over all of it moves.
func (a Activations) inside() float64 {
	return 4 * float64(a.Images) * float64(a.Size*a.Size) * float64(a.Maps)
}
