package layers

// ConvForwardRef is conv_forward.comp for one head of units in -> out: x [N, InSize, InSize, maps], w the physical weights
// [Out, Kernel, Kernel, In]; it returns y.
//
//	y[n,i,j,o] = sum over inputs c and taps (a,b) of x[n, S i + a - PAD, S j + b - PAD, c] w[O(o), a, b, I(c)]
func ConvForwardRef(c Conv, in, out UnitSet, x Tensor, w []float64) Tensor {
	y := NewTensor(x.Images, c.OutSize(), c.Out.Width(out))
	I, O := c.In.Physical(in), c.Out.Physical(out)
	y.each(func(n, i, j, o int) {
		sum := 0.0
		c.eachTap(i, j, func(a, b, xi, xj int) {
			row, pixel := c.weight(O[o], a, b, 0), x.Pixel(n, xi, xj)
			for ci, at := range I {
				sum += pixel[ci] * w[row+at]
			}
		})
		y.V[y.Index(n, i, j, o)] = sum
	})
	return y
}

// ConvBackwardDataRef is conv_backward_data.comp: from y, the gradient of the output, it returns x, that of the input.
func ConvBackwardDataRef(c Conv, in, out UnitSet, y Tensor, w []float64) Tensor {
	x := NewTensor(y.Images, c.InSize, c.In.Width(in))
	I, O := c.In.Physical(in), c.Out.Physical(out)
	y.each(func(n, i, j, o int) {
		g := y.At(n, i, j, o)
		c.eachTap(i, j, func(a, b, xi, xj int) {
			row, pixel := c.weight(O[o], a, b, 0), x.Pixel(n, xi, xj)
			for ci, at := range I {
				pixel[ci] += g * w[row+at]
			}
		})
	})
	return x
}

// ConvBackwardWeightsRef is conv_backward_weights.comp for one head: it adds to g, the gradient of the physical weights, what
// the head's x and y, the gradient of the output, give (eq. 5: called for every head in turn). Blocks that do not train keep
// theirs.
func ConvBackwardWeightsRef(c Conv, in, out UnitSet, blocks Blocks, x, y Tensor, g []float64) {
	I, O := c.In.Physical(in), c.Out.Physical(out)
	y.each(func(n, i, j, o int) {
		u, dy := c.Out.UnitOf(O[o]), y.At(n, i, j, o)
		c.eachTap(i, j, func(a, b, xi, xj int) {
			row, pixel := c.weight(O[o], a, b, 0), x.Pixel(n, xi, xj)
			for ci, at := range I {
				if blocks.Has(u, c.In.UnitOf(at)) {
					g[row+at] += dy * pixel[ci]
				}
			}
		})
	})
}

// eachTap calls do for the taps (a,b) of output pixel (i,j) whose input pixel (xi,xj) is inside: the rest meet zeros.
func (c Conv) eachTap(i, j int, do func(a, b, xi, xj int)) {
	pad := (c.Kernel - 1) / 2
	for a := range c.Kernel {
		for b := range c.Kernel {
			xi, xj := c.Stride*i+a-pad, c.Stride*j+b-pad
			if xi >= 0 && xi < c.InSize && xj >= 0 && xj < c.InSize {
				do(a, b, xi, xj)
			}
		}
	}
}

// weight is the index of a physical weight.
func (c Conv) weight(o, a, b, i int) int { return ((o*c.Kernel+a)*c.Kernel+b)*c.In.Total() + i }
