package layers

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The references' gradients against central differences, in float64: they are the oracle of every kernel.

// random draws numbers of either sign that keep off 0, where a ReLU has no derivative.
func random(r *rand.Rand, n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = 0.1 + r.Float64()
		if r.IntN(2) == 0 {
			v[i] = -v[i]
		}
	}
	return v
}

func randomTensor(r *rand.Rand, images, size, maps int) Tensor {
	return Tensor{Images: images, Size: size, Maps: maps, V: random(r, images*size*size*maps)}
}

// dot is the loss of an output whose gradient is given.
func dot(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// checkGradient moves every number of x a little each way, and compares what that does to the loss with gradient.
func checkGradient(t *testing.T, name string, x, gradient []float64, loss func() float64) {
	t.Helper()
	if len(x) != len(gradient) || len(x) == 0 {
		t.Fatalf("%s: %d numbers, %d gradients", name, len(x), len(gradient))
	}
	const step = 1e-5
	largest := 0.0
	for i, keep := range x {
		x[i] = keep + step
		up := loss()
		x[i] = keep - step
		down := loss()
		x[i] = keep
		numeric := (up - down) / (2 * step)
		largest = max(largest, math.Abs(numeric))
		if math.Abs(numeric-gradient[i]) > 1e-6*(1+math.Abs(numeric)) {
			t.Errorf("%s[%d]: gradient %g, differences say %g", name, i, gradient[i], numeric)
			return
		}
	}
	if largest == 0 {
		t.Errorf("%s: every gradient is 0", name)
	}
}

func TestConvolutionGradients(t *testing.T) {
	in, out := NewMaps([]int{0, 2, 3, 5}, UnitPad), NewMaps([]int{0, 1, 4, 6}, UnitPad)
	for _, c := range []struct {
		name                 string
		kernel, stride, size int
	}{
		{"3x3 stride 1", 3, 1, 4}, {"3x3 stride 2 even", 3, 2, 4}, {"3x3 stride 2 odd", 3, 2, 5}, {"3x3 stride 3", 3, 3, 7},
		{"1x1 stride 1", 1, 1, 3}, {"1x1 stride 2", 1, 2, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			conv := Conv{In: in, Out: out, Kernel: c.kernel, Stride: c.stride, InSize: c.size}
			set := NewUnitSet(1, 3)
			w, x := random(r, conv.Weights()), randomTensor(r, 2, c.size, in.Width(set))
			dy := randomTensor(r, 2, conv.OutSize(), out.Width(set))
			loss := func() float64 { return dot(ConvForwardRef(conv, set, set, x, w).V, dy.V) }
			checkGradient(t, "x", x.V, ConvBackwardDataRef(conv, set, set, dy, w).V, loss)
			g := make([]float64, len(w))
			var all Blocks
			for u := range all {
				all[u] = uint16(AllUnits(in.Units()))
			}
			ConvBackwardWeightsRef(conv, set, set, all, x, dy, g)
			checkGradient(t, "w", w, g, loss)
		})
	}
}

func TestBatchNormGradients(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	const maps = 2
	x, dy := randomTensor(r, 3, 2, maps), randomTensor(r, 3, 2, maps)
	gamma, beta := random(r, maps), random(r, maps)
	running, spread := random(r, maps), []float64{0.5, 2}
	for _, c := range []struct {
		name  string
		batch bool
	}{{"statistics of the batch", true}, {"running statistics", false}} {
		t.Run(c.name, func(t *testing.T) {
			forward := func() (NormRows, Tensor) {
				mean, variance := running, spread
				if c.batch {
					mean, variance, _ = StatisticsRef(x)
				}
				rows := MergeRef(mean, variance, gamma, beta)
				return rows, ApplyRef(x, rows.Scale, rows.Shift, nil)
			}
			loss := func() float64 {
				_, y := forward()
				return dot(y.V, dy.V)
			}
			rows, y := forward()
			dgamma, dbeta := BackwardSumsRef(x, y, dy, rows)
			rows.MeanG, rows.MeanGX = make([]float64, maps), make([]float64, maps)
			if c.batch {
				values := float64(len(x.V) / maps)
				for c := range maps {
					rows.MeanG[c], rows.MeanGX[c] = dbeta[c]/values, dgamma[c]/values
				}
			}
			checkGradient(t, "x", x.V, BackwardApplyRef(x, y, dy, rows).V, loss)
			checkGradient(t, "gamma", gamma, dgamma, loss)
			checkGradient(t, "beta", beta, dbeta, loss)
		})
	}
}

func TestShortcutGradients(t *testing.T) {
	in, out := NewMaps([]int{0, 2, 4}, UnitPad), NewMaps([]int{0, 4, 7}, UnitPad)
	set := AllUnits(2)
	for _, stride := range []int{1, 2} {
		r := rand.New(rand.NewPCG(5, uint64(stride)))
		x, before := randomTensor(r, 2, 4, in.Width(set)), randomTensor(r, 2, 4/stride, out.Width(set))
		dy, ones := randomTensor(r, 2, 4/stride, out.Width(set)), make([]float64, out.Width(set))
		for c := range ones {
			ones[c] = 1
		}
		forward := func() Tensor {
			residual := &Shortcut{X: x, Source: ShortcutSources(in, set, out, set), Stride: stride}
			return ApplyRef(before, ones, make([]float64, len(ones)), residual)
		}
		dx := NewTensor(2, 4, in.Width(set))
		ShortcutBackwardRef(forward(), dy, dx, ShortcutTargets(in, set, out, set), stride)
		checkGradient(t, "x", x.V, dx.V, func() float64 { return dot(forward().V, dy.V) })
	}
}

func TestPoolGradients(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 7))
	x, dpooled := randomTensor(r, 2, 3, 4), random(r, 8)
	checkGradient(t, "x", x.V, PoolBackwardRef(dpooled, 2, 3, 4).V, func() float64 { return dot(PoolForwardRef(x), dpooled) })
}

func TestDenseGradients(t *testing.T) {
	const images, ins, outs = 3, 4, 5
	for _, relu := range []bool{false, true} {
		r := rand.New(rand.NewPCG(8, 9))
		x, w, b, dy := random(r, images*ins), random(r, outs*ins), random(r, outs), random(r, images*outs)
		loss := func() float64 { return dot(DenseForwardRef(x, w, b, images, relu), dy) }
		through := append([]float64(nil), dy...) // the gradient before the ReLU
		if relu {
			for i, y := range DenseForwardRef(x, w, b, images, relu) {
				through[i] = ReLUGradientRef(y, dy[i])
			}
		}
		dw, db := DenseBackwardWeightsRef(x, through, images)
		checkGradient(t, "w", w, dw, loss)
		checkGradient(t, "b", b, db, loss)
		dx := DenseBackwardDataRef([][]float64{through}, [][]float64{w}, images, ins, nil)
		checkGradient(t, "x", x, dx, loss)
	}
}

func TestDenseGradientsOfHeadsThatReadOneInput(t *testing.T) {
	const images, ins = 2, 4
	r := rand.New(rand.NewPCG(10, 11))
	below, w1, w2 := random(r, images*ins), random(r, 3*ins), random(r, 5*ins)
	dy1, dy2 := random(r, images*3), random(r, images*5)
	relu := func() []float64 {
		x := append([]float64(nil), below...)
		for i := range x {
			x[i] = max(x[i], 0)
		}
		return x
	}
	dx := DenseBackwardDataRef([][]float64{dy1, dy2}, [][]float64{w1, w2}, images, ins, relu())
	checkGradient(t, "below", below, dx, func() float64 {
		x := relu()
		return dot(DenseForwardRef(x, w1, make([]float64, 3), images, false), dy1) + dot(DenseForwardRef(x, w2, make([]float64, 5), images, false), dy2)
	})
}

func TestLossGradients(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 13))
	z, teacher := random(r, 7), random(r, 7)
	_, gradient := CrossEntropyRef(z, 3)
	checkGradient(t, "cross entropy", z, gradient, func() float64 {
		loss, _ := CrossEntropyRef(z, 3)
		return loss
	})
	for _, temperature := range []float64{1, 2} {
		_, gradient := DistillationRef(z, teacher, temperature)
		checkGradient(t, "distillation", z, gradient, func() float64 {
			loss, _ := DistillationRef(z, teacher, temperature)
			return loss
		})
	}
}

func TestLossesOfKnownLogits(t *testing.T) {
	// softmax(log 1, log 2, log 5) = 1/8, 2/8, 5/8
	z := []float64{0, math.Log(2), math.Log(5)}
	loss, gradient := CrossEntropyRef(z, 1)
	near(t, "cross entropy", loss, math.Log(4))
	for c, want := range []float64{0.125, -0.75, 0.625} {
		near(t, "gradient", gradient[c], want)
	}
	// a network that agrees with its teacher: the teacher's entropy, and no gradient
	doubled := []float64{2 * z[0], 2 * z[1], 2 * z[2]}
	loss, gradient = DistillationRef(doubled, doubled, 2)
	near(t, "distillation", loss, math.Log(8)/8+math.Log(4)/4+math.Log(8.0/5)*5/8)
	for _, g := range gradient {
		near(t, "gradient", g, 0)
	}
}

func TestNesterovStepByHand(t *testing.T) {
	w, v := []float64{2, 5}, []float64{1, 1}
	s := Segment{Rows: 1, Width: 1, Decays: true}
	SGDRef(s, w, []float64{3, 3}, v, Hyper{LearningRate: 0.5, Momentum: 0.25, WeightDecay: 0.5})
	// g = 3 + 0.5*2 = 4; v = 0.25 + 4 = 4.25; w = 2 - 0.5 (4 + 0.25*4.25)
	near(t, "v", v[0], 4.25)
	near(t, "w", w[0], 2-0.5*(4+0.25*4.25))
	if w[1] != 5 || v[1] != 1 {
		t.Errorf("a number outside the segment became %g, %g", w[1], v[1])
	}
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-12 {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
