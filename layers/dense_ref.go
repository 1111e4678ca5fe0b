package layers

// DenseForwardRef is dense_forward.comp: y [images, outs] = x [images, ins] w [outs, ins]^T + b [outs], then ReLU if relu.
func DenseForwardRef(x, w, b []float64, images int, relu bool) []float64 {
	outs, ins := len(b), len(w)/len(b)
	y := make([]float64, images*outs)
	for n := range images {
		for o := range outs {
			sum := b[o]
			for i := range ins {
				sum += x[n*ins+i] * w[o*ins+i]
			}
			if relu {
				sum = max(sum, 0)
			}
			y[n*outs+o] = sum
		}
	}
	return y
}

// DenseBackwardWeightsRef is dense_backward_weights.comp: dw = y^T x and db = the sum of y over images; y is a gradient.
func DenseBackwardWeightsRef(x, y []float64, images int) (dw, db []float64) {
	ins, outs := len(x)/images, len(y)/images
	dw, db = make([]float64, outs*ins), make([]float64, outs)
	for n := range images {
		for o := range outs {
			db[o] += y[n*outs+o]
			for i := range ins {
				dw[o*ins+i] += y[n*outs+o] * x[n*ins+i]
			}
		}
	}
	return dw, db
}

// DenseBackwardDataRef is dense_backward_data.comp: x [images, ins] = the sum over heads of y[h] w[h], where mask is positive;
// x and y are gradients. Without a mask (nil) all pass.
func DenseBackwardDataRef(ys, ws [][]float64, images, ins int, mask []float64) []float64 {
	x := make([]float64, images*ins)
	for h, y := range ys {
		outs := len(y) / images
		for n := range images {
			for o := range outs {
				for i := range ins {
					x[n*ins+i] += y[n*outs+o] * ws[h][o*ins+i]
				}
			}
		}
	}
	for i, m := range mask {
		x[i] = ReLUGradientRef(m, x[i])
	}
	return x
}
