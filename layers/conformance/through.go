package conformance

import (
	"math"

	"github.com/dvn-vk/dvn-vk/layers"
)

// throughFamilies are a variant's convolutions with the batch-norm beside them: statistics of the output, and the way back
// through the input's batch-norm and a shortcut.
func throughFamilies(name string, v layers.Variant, cases, roundings int) []family {
	return []family{
		{op: name + " forward with statistics", cases: cases, variant: v, make: func(t *trial) {
			t.convStatistics(t.drawFor(v, layers.Forward, fitsEpilogue), roundings)
		}},
		{op: name + " backward data through batch-norm", cases: cases, variant: v, make: func(t *trial) {
			t.convThrough(t.drawFor(v, layers.BackwardData, fitsEpilogue), roundings)
		}},
	}
}

func (t *trial) convStatistics(c convCase, roundings int) {
	weights, w := t.weights(layers.Forward, c)
	var heads []layers.ConvHead
	var norms []layers.NormHead
	for _, h := range c.heads {
		x := t.tensor(h.images, c.InSize, c.In.Width(h.in))
		y := t.blank("y", h.images, c.OutSize(), c.Out.Width(h.out))
		heads = append(heads, layers.ConvHead{In: h.in, Out: h.out, X: t.activations("x", x), Y: y})
		p := t.parameters(y.Maps)
		p.Partials = t.scratch("partials", t.kernels.NormPartials(y.Images, y.Size, y.Maps))
		norms = append(norms, layers.NormHead{Norm: p.Norm, X: y})

		want := layers.ConvForwardRef(c.Conv, h.in, h.out, x, w)
		magnitude := layers.ConvForwardRef(c.Conv, h.in, h.out, absoluteTensor(x), absolute(w))
		limit := allowed(roundings, c.Kernel*c.Kernel*x.Maps)
		t.expectActivations("y", y, want, magnitude, limit)
		mean, variance, unbiased := layers.StatisticsRef(want)
		ofMean, _, _ := layers.StatisticsRef(magnitude)
		ofVariance := make([]float64, y.Maps)
		for k, m := range magnitude.V {
			ofVariance[k%y.Maps] += m * m / float64(max(len(magnitude.V)/y.Maps-1, 1))
		}
		limit = 4*limit + allowed(composed, y.Images*y.Size*y.Size)
		if y.Precision == layers.FP16 {
			limit += 4 * StoredRounding(layers.FP16, 1, 1) // statistics may be of the numbers as they are stored
		}
		gamma, beta := p.own(p.gamma), p.own(p.beta)
		rows := layers.MergeRef(mean, variance, gamma, beta)
		t.expectMerged(p.Table, rows, magnitudes(rows, variance, ofMean, ofVariance, gamma, beta), ofMean, limit)
		t.expectRow("variance", p.Table, varianceRow, unbiased, ofVariance, limit)
	}
	t.prepare(layers.Forward, &c, weights, layers.Blocks{})
	t.builder.ConvForwardStatistics(c.Conv, weights, heads, norms)
	t.builder.Merge("batch-norm", norms, layers.BatchStatistics)
}

// throughHead is a head's part of the way back, as numbers.
type throughHead struct {
	want, magnitude layers.Tensor // of the gradient before it is masked
	z, y            layers.Tensor
	rows            layers.NormRows
	limit           float64
}

func (t *trial) convThrough(c convCase, roundings int) {
	weights, w := t.weights(layers.BackwardData, c)
	withShortcut, masked, behindResidual := t.chance(2) && c.In.Units() == c.Out.Units(), t.chance(2), t.chance(2)
	through := layers.Through{Stride: c.Stride}
	var heads []layers.ConvHead
	var numbers []throughHead
	for _, h := range c.heads {
		dy := t.tensor(h.images, c.OutSize(), c.Out.Width(h.out))
		head := layers.ConvHead{In: h.in, Out: h.out, X: t.blank("x", h.images, c.InSize, c.In.Width(h.in)), Y: t.activations("y", dy)}
		heads = append(heads, head)
		n := throughHead{
			want:      layers.ConvBackwardDataRef(c.Conv, h.in, h.out, dy, w),
			magnitude: layers.ConvBackwardDataRef(c.Conv, h.in, h.out, absoluteTensor(dy), absolute(w)),
			limit:     allowed(roundings+composed, c.Kernel*c.Kernel*dy.Maps),
		}
		if withShortcut {
			_, y, gradient := t.backward(shape{images: dy.Images, size: dy.Size, maps: dy.Maps})
			for k := range y.V {
				if masked && y.V[k] <= 0 {
					gradient.V[k] = 0
				}
			}
			target := layers.ShortcutTargets(c.In, h.in, c.Out, h.out)
			through.Shortcuts = append(through.Shortcuts, layers.ShortcutHead{
				Y: t.activations("output", y), DY: t.activations("output's gradient", gradient), DX: head.X, Masked: masked, Target: t.mapIndices("target", target),
			})
			layers.ShortcutBackwardRef(y, gradient, n.want, target, c.Stride)
			layers.ShortcutBackwardRef(y, absoluteTensor(gradient), n.magnitude, target, c.Stride)
		}
		through.Norms = append(through.Norms, t.normBehind(head.X, behindResidual, &n))
		numbers = append(numbers, n)
	}
	t.prepare(layers.BackwardData, &c, weights, layers.Blocks{})
	t.builder.ConvBackwardDataThrough(c.Conv, weights, heads, through)
	t.builder.BackwardMerge("batch-norm", through.Norms, false)
	for i, n := range numbers {
		t.expectThrough(through.Norms[i], n)
	}
}

// normBehind draws the batch-norm that the convolution's input x came out of, into n. Its activations keep clear of 0, so that
// rounding does not decide which gradients pass.
func (t *trial) normBehind(x layers.Activations, behindResidual bool, n *throughHead) layers.NormHead {
	n.rows = layers.NormRows{Scale: t.numbers(x.Maps), Shift: t.numbers(x.Maps), Mean: t.numbers(x.Maps), Inverse: absolute(t.numbers(x.Maps))}
	n.z, n.y, _ = t.backward(shape{images: x.Images, size: x.Size, maps: x.Maps})
	h := layers.NormHead{
		Norm: layers.Norm{
			Maps: x.Maps, Table: t.table(x.Maps, n.rows), DGamma: t.output("dgamma", x.Maps), DBeta: t.output("dbeta", x.Maps),
			Partials: t.scratch("partials", t.kernels.NormPartials(x.Images, x.Size, x.Maps)),
		},
		DY: x,
	}
	if !behindResidual {
		for k := range n.z.V {
			m := k % x.Maps
			if scale, shift := n.rows.Scale[m], n.rows.Shift[m]; math.Abs(scale*n.z.V[k]+shift) < 1e-2 {
				n.z.V[k] = t.stored([]float64{n.z.V[k] + 1/(scale+math.Copysign(0.1, scale))})[0]
			}
			n.y.V[k] = max(n.rows.Scale[m]*n.z.V[k]+n.rows.Shift[m], 0)
		}
		n.y.V = t.stored(n.y.V)
	}
	h.X, h.Y = t.activations("z", n.z), t.activations("activations", n.y)
	if behindResidual {
		h.Residual = h.Y // only whether there is one counts
	}
	return h
}

// expectThrough says what comes out: the gradient, masked where the kernels did so, and its sums.
func (t *trial) expectThrough(h layers.NormHead, n throughHead) {
	dgamma, dbeta := layers.BackwardSumsRef(n.z, n.y, n.want, n.rows)
	ofGamma, ofBeta := make([]float64, h.Maps), make([]float64, h.Maps)
	want, magnitude := layers.NewTensor(n.want.Images, n.want.Size, n.want.Maps), layers.NewTensor(n.want.Images, n.want.Size, n.want.Maps)
	for k := range want.V {
		m := k % h.Maps
		g := math.Abs(layers.ReLUGradientRef(n.y.V[k], n.magnitude.V[k]))
		ofBeta[m] += g
		ofGamma[m] += g * math.Abs(n.z.V[k]-n.rows.Mean[m]) * n.rows.Inverse[m]
		want.V[k], magnitude.V[k] = n.want.V[k], n.magnitude.V[k]
		if h.Masked {
			want.V[k] = layers.ReLUGradientRef(n.y.V[k], n.want.V[k])
		}
	}
	if h.DY.Precision == layers.FP16 {
		n.limit += StoredRounding(layers.FP16, 1, 1) // stored before and after the shortcut's gradient is added, and sums may be of what is stored
	}
	limit := n.limit + allowed(composed, n.want.Images*n.want.Size*n.want.Size)
	t.expectActivations("g", h.DY, want, magnitude, n.limit)
	t.expect("dgamma", h.DGamma, []int{h.Maps}, dgamma, ofGamma, limit)
	t.expect("dbeta", h.DBeta, []int{h.Maps}, dbeta, ofBeta, limit)
	t.expectRow("mean of g", h.Table, meanGRow, scaled(dbeta, 0), ofBeta, limit)
	t.expectRow("mean of g xhat", h.Table, meanGXRow, scaled(dgamma, 0), ofGamma, limit)
}
