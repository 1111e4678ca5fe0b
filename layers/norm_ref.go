package layers

import "math"

// NormRows is a head's table as Merge and BackwardMerge fill it, a number a map in each row (shaders/norm.glsl).
type NormRows struct {
	Scale, Shift  []float64
	Mean, Inverse []float64 // xhat = (x - Mean) Inverse
	Variance      []float64 // unbiased, of the batch
	MeanG, MeanGX []float64 // backward: means of g and g xhat
}

// StatisticsRef is bn_statistics.comp and the merging in bn_merge.comp: mean, biased and unbiased variance of every map. With
// one value the unbiased variance divides by 1 (spec section 4).
func StatisticsRef(x Tensor) (mean, variance, unbiased []float64) {
	count := float64(x.Images * x.Size * x.Size)
	mean, variance, unbiased = make([]float64, x.Maps), make([]float64, x.Maps), make([]float64, x.Maps)
	x.each(func(n, i, j, c int) { mean[c] += x.At(n, i, j, c) / count })
	x.each(func(n, i, j, c int) {
		d := x.At(n, i, j, c) - mean[c]
		variance[c] += d * d / count
		unbiased[c] += d * d / max(count-1, 1)
	})
	return mean, variance, unbiased
}

// RunningRef is the update of a running statistic by a batch's.
func RunningRef(running, batch float64) float64 {
	return (1-NormMomentum)*running + NormMomentum*batch
}

// MergeRef is the rest of bn_merge.comp: scale and shift from mean and biased variance, be they the batch's or running ones.
func MergeRef(mean, variance, gamma, beta []float64) NormRows {
	var t NormRows
	for c := range mean {
		inverse := 1 / math.Sqrt(variance[c]+NormEpsilon)
		scale := gamma[c] * inverse
		t.Scale = append(t.Scale, scale)
		t.Shift = append(t.Shift, beta[c]-mean[c]*scale)
		t.Mean = append(t.Mean, mean[c])
		t.Inverse = append(t.Inverse, inverse)
	}
	return t
}

// Shortcut is a residual: map source[c] of X at the pixels that Stride takes is added to map c; -1 for none.
type Shortcut struct {
	X      Tensor
	Source []int32 // ShortcutSources
	Stride int
}

// ApplyRef is bn_apply.comp and the epilogue of conv_forward.comp: y = ReLU(scale x + shift [+ residual]); residual may be nil.
func ApplyRef(x Tensor, scale, shift []float64, residual *Shortcut) Tensor {
	y := NewTensor(x.Images, x.Size, x.Maps)
	x.each(func(n, i, j, c int) {
		value := scale[c]*x.At(n, i, j, c) + shift[c]
		if residual != nil && residual.Source[c] >= 0 {
			value += residual.X.At(n, i*residual.Stride, j*residual.Stride, int(residual.Source[c]))
		}
		y.V[y.Index(n, i, j, c)] = max(value, 0)
	})
	return y
}

// BackwardSumsRef is bn_backward_sums.comp and bn_backward_merge.comp: dbeta = sum g and dgamma = sum g xhat with g = dy where
// y > 0, else 0.
func BackwardSumsRef(x, y, dy Tensor, t NormRows) (dgamma, dbeta []float64) {
	dgamma, dbeta = make([]float64, x.Maps), make([]float64, x.Maps)
	x.each(func(n, i, j, c int) {
		g := ReLUGradientRef(y.At(n, i, j, c), dy.At(n, i, j, c))
		dbeta[c] += g
		dgamma[c] += g * (x.At(n, i, j, c) - t.Mean[c]) * t.Inverse[c]
	})
	return dgamma, dbeta
}

// BackwardApplyRef is bn_backward_apply.comp: dx = scale (g - mean(g) - xhat mean(g xhat)). The means are 0 where batch-norm
// used running statistics.
func BackwardApplyRef(x, y, dy Tensor, t NormRows) Tensor {
	dx := NewTensor(x.Images, x.Size, x.Maps)
	x.each(func(n, i, j, c int) {
		g := ReLUGradientRef(y.At(n, i, j, c), dy.At(n, i, j, c))
		xhat := (x.At(n, i, j, c) - t.Mean[c]) * t.Inverse[c]
		dx.V[dx.Index(n, i, j, c)] = t.Scale[c] * (g - t.MeanG[c] - xhat*t.MeanGX[c])
	})
	return dx
}

// SharedRunningRef is bn_shared.comp's update: batch[h] holds a statistic of head h's own maps, own[h][c] says which of them
// is physical map c, -1 for none; the heads update running one after another.
func SharedRunningRef(running []float64, batch [][]float64, own [][]int32) {
	for h := range batch {
		for c, at := range own[h] {
			if at >= 0 {
				running[c] = RunningRef(running[c], batch[h][at])
			}
		}
	}
}

// SharedGradientsRef is bn_shared.comp's sum over heads, of dgamma or dbeta.
func SharedGradientsRef(maps int, gradients [][]float64, own [][]int32) []float64 {
	sum := make([]float64, maps)
	for h := range gradients {
		for c, at := range own[h] {
			if at >= 0 {
				sum[c] += gradients[h][at]
			}
		}
	}
	return sum
}
