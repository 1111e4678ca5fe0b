package layers

// A reference of one number costs little where all of them take long: these are single numbers of what ConvForwardRef and its
// kin return, with their magnitudes, the sums of the terms' absolute values. Tensors and weights come as functions of an index,
// so that they need not lie in memory.

// ConvForwardAtRef is y[n,i,j,o] of ConvForwardRef.
func ConvForwardAtRef(c Conv, in, out UnitSet, x func(n, i, j, c int) float64, w func(k int) float64, n, i, j, o int) (sum, magnitude float64) {
	I, O := c.In.Physical(in), c.Out.Physical(out)
	c.eachTap(i, j, func(a, b, xi, xj int) {
		row := c.weight(O[o], a, b, 0)
		for ci, at := range I {
			addTerm(&sum, &magnitude, x(n, xi, xj, ci)*w(row+at))
		}
	})
	return sum, magnitude
}

// ConvBackwardDataAtRef is x[n,xi,xj,ci] of ConvBackwardDataRef: the output pixels (i,j) that it reaches by some tap (a,b).
func ConvBackwardDataAtRef(c Conv, in, out UnitSet, y func(n, i, j, o int) float64, w func(k int) float64, n, xi, xj, ci int) (sum, magnitude float64) {
	at, O, pad := c.In.Physical(in)[ci], c.Out.Physical(out), (c.Kernel-1)/2
	for a := range c.Kernel {
		for b := range c.Kernel {
			i, j := xi+pad-a, xj+pad-b // S times the output pixel
			if i < 0 || j < 0 || i%c.Stride != 0 || j%c.Stride != 0 || i/c.Stride >= c.OutSize() || j/c.Stride >= c.OutSize() {
				continue
			}
			for o, physical := range O {
				addTerm(&sum, &magnitude, y(n, i/c.Stride, j/c.Stride, o)*w(c.weight(physical, a, b, at)))
			}
		}
	}
	return sum, magnitude
}

// ConvBackwardWeightsAtRef is what one head adds, in ConvBackwardWeightsRef, to the weight of tap (a,b) between its own input map
// ci and output map o.
func ConvBackwardWeightsAtRef(c Conv, images int, x, y func(n, i, j, c int) float64, o, a, b, ci int) (sum, magnitude float64) {
	pad := (c.Kernel - 1) / 2
	for n := range images {
		for i := range c.OutSize() {
			for j := range c.OutSize() {
				xi, xj := c.Stride*i+a-pad, c.Stride*j+b-pad
				if xi >= 0 && xi < c.InSize && xj >= 0 && xj < c.InSize {
					addTerm(&sum, &magnitude, y(n, i, j, o)*x(n, xi, xj, ci))
				}
			}
		}
	}
	return sum, magnitude
}

func addTerm(sum, magnitude *float64, term float64) {
	*sum += term
	*magnitude += max(term, -term)
}
