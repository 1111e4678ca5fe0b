package layers

// PoolForwardRef is pool_forward.comp: pooled [N, Maps], the mean over the pixels of x.
func PoolForwardRef(x Tensor) []float64 {
	pooled := make([]float64, x.Images*x.Maps)
	x.each(func(n, i, j, c int) { pooled[n*x.Maps+c] += x.At(n, i, j, c) / float64(x.Size*x.Size) })
	return pooled
}

// PoolBackwardRef is pool_backward.comp: the gradient of x from that of pooled.
func PoolBackwardRef(pooled []float64, images, size, maps int) Tensor {
	x := NewTensor(images, size, maps)
	x.each(func(n, i, j, c int) { x.V[x.Index(n, i, j, c)] = pooled[n*maps+c] / float64(size*size) })
	return x
}

// HeadSumRef is head_sum.comp: the sum of tensors of one shape.
func HeadSumRef(xs []Tensor) Tensor {
	y := NewTensor(xs[0].Images, xs[0].Size, xs[0].Maps)
	for _, x := range xs {
		for i, value := range x.V {
			y.V[i] += value
		}
	}
	return y
}
