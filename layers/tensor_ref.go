package layers

// Tensor is what the references compute with: [Images, Size, Size, Maps] in float64 on the host, without a halo. Maps are a
// head's own, padding included.
type Tensor struct {
	Images, Size, Maps int
	V                  []float64
}

// NewTensor makes a tensor of zeros.
func NewTensor(images, size, maps int) Tensor {
	return Tensor{Images: images, Size: size, Maps: maps, V: make([]float64, images*size*size*maps)}
}

// Index is where the value of image n, row i, column j and map c lies in V.
func (t Tensor) Index(n, i, j, c int) int { return ((n*t.Size+i)*t.Size+j)*t.Maps + c }

// At is that value.
func (t Tensor) At(n, i, j, c int) float64 { return t.V[t.Index(n, i, j, c)] }

// Pixel is the values of all maps of image n at row i and column j, in place.
func (t Tensor) Pixel(n, i, j int) []float64 {
	at := t.Index(n, i, j, 0)
	return t.V[at : at+t.Maps]
}

// each calls do for every image, row, column and map, in the order of V.
func (t Tensor) each(do func(n, i, j, c int)) {
	for n := range t.Images {
		for i := range t.Size {
			for j := range t.Size {
				for c := range t.Maps {
					do(n, i, j, c)
				}
			}
		}
	}
}

// ReLUGradientRef is the gradient that passes a ReLU: dy where its output y is positive, else 0.
func ReLUGradientRef(y, dy float64) float64 {
	if y > 0 {
		return dy
	}
	return 0
}
