package layers

// ShortcutBackwardRef is shortcut_backward.comp: dx[i,j,c] += g[i/S, j/S, target[c]] at the pixels that the stride S takes,
// with g = dy where the block's output y is positive, else 0; target is ShortcutTargets.
func ShortcutBackwardRef(y, dy, dx Tensor, target []int32, stride int) {
	y.each(func(n, i, j, o int) {
		for c, to := range target {
			if int(to) == o {
				dx.V[dx.Index(n, i*stride, j*stride, c)] += ReLUGradientRef(y.At(n, i, j, o), dy.At(n, i, j, o))
			}
		}
	})
}
