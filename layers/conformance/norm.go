package conformance

import (
	"math"
	"slices"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// The rows of a head's table.
const (
	scaleRow = iota
	shiftRow
	meanRow
	inverseRow
	varianceRow
	meanGRow
	meanGXRow
)

// table lays out a head's table; rows that are nil are NaN.
func (t *trial) table(maps int, rows layers.NormRows) gpu.Range {
	r := t.output("table", layers.NormTableFloats(maps))
	for row, values := range [][]float64{rows.Scale, rows.Shift, rows.Mean, rows.Inverse, rows.Variance, rows.MeanG, rows.MeanGX} {
		for c, v := range values {
			t.memory.before[int(r.Offset/4)+row*maps+c] = float32(v)
		}
	}
	return r
}

func (t *trial) expectRow(name string, table gpu.Range, row int, want, magnitude []float64, allowed float64) {
	maps := len(want)
	t.expect(name, table.Buffer.Part(table.Offset+4*uint64(row*maps), 4*uint64(maps)), []int{maps}, want, magnitude, allowed)
}

// parameters are those of a physical layer, and which of its maps are the head's.
type parameters struct {
	layers.Norm
	physical                       []int32
	gamma, beta, running, variance []float64
}

func (t *trial) parameters(maps int) parameters {
	all := maps
	if t.chance(2) {
		all += t.between(1, 20)
	}
	p := parameters{gamma: t.numbers(all), beta: t.numbers(all), running: t.numbers(all), variance: absolute(t.numbers(all))}
	for _, at := range t.Perm(all)[:maps] {
		p.physical = append(p.physical, int32(at))
	}
	p.Norm = layers.Norm{
		Maps: maps, Gamma: t.input("gamma", p.gamma), Beta: t.input("beta", p.beta),
		RunningMean: t.input("running mean", p.running), RunningVar: t.input("running variance", p.variance),
		Table: t.table(maps, layers.NormRows{}), Physical: t.integers("physical", p.physical),
	}
	return p
}

// own picks the head's maps.
func (p parameters) own(values []float64) []float64 {
	var own []float64
	for _, at := range p.physical {
		own = append(own, values[at])
	}
	return own
}

// magnitudes are those of a table's rows, from mean and variance and their magnitudes (tolerance.go).
func magnitudes(rows layers.NormRows, variance, ofMean, ofVariance, gamma, beta []float64) layers.NormRows {
	var m layers.NormRows
	for c := range rows.Mean {
		inverse := rows.Inverse[c] * (1 + ofVariance[c]/(variance[c]+layers.NormEpsilon)/2)
		scale := math.Abs(gamma[c]) * inverse
		m.Inverse = append(m.Inverse, inverse)
		m.Scale = append(m.Scale, scale)
		m.Shift = append(m.Shift, math.Abs(beta[c])+math.Abs(rows.Scale[c])*ofMean[c]+math.Abs(rows.Mean[c])*scale)
	}
	return m
}

// expectMerged says what Merge writes in a table whatever the source.
func (t *trial) expectMerged(table gpu.Range, rows, magnitude layers.NormRows, ofMean []float64, allowed float64) {
	t.expectRow("scale", table, scaleRow, rows.Scale, magnitude.Scale, allowed)
	t.expectRow("shift", table, shiftRow, rows.Shift, magnitude.Shift, allowed)
	t.expectRow("mean", table, meanRow, rows.Mean, ofMean, allowed)
	t.expectRow("1/deviation", table, inverseRow, rows.Inverse, magnitude.Inverse, allowed)
}

// spreadOut draws activations whose maps have means from 0 to 10,000 and deviations from 1 down to 0.
func (t *trial) spreadOut(s shape) layers.Tensor {
	x := t.tensor(s.images, s.size, s.maps)
	for c := range s.maps {
		mean, deviation := []float64{0, 1, -100, 1e4}[t.IntN(4)], []float64{1, 0.01, 0}[t.IntN(3)]
		for k := c; k < len(x.V); k += s.maps {
			x.V[k] = float64(float32(mean + deviation*x.V[k]))
		}
	}
	x.V = t.stored(x.V)
	return x
}

func normStatistics(t *trial) {
	source := []layers.Source{layers.BatchStatistics, layers.BatchAndUpdate}[t.IntN(2)]
	var heads []layers.NormHead
	for _, s := range t.shapes() {
		x, p := t.spreadOut(s), t.parameters(s.maps)
		p.Partials = t.scratch("partials", t.kernels.NormPartials(s.images, s.size, s.maps))
		heads = append(heads, layers.NormHead{Norm: p.Norm, X: t.activations("x", x)})

		mean, variance, unbiased := layers.StatisticsRef(x)
		ofMean, _, _ := layers.StatisticsRef(absoluteTensor(x))
		ofVariance, ofUnbiased := make([]float64, s.maps), make([]float64, s.maps)
		for c := range s.maps {
			ofVariance[c] = math.Sqrt(variance[c] * (variance[c] + mean[c]*mean[c]))
			ofUnbiased[c] = math.Sqrt(unbiased[c] * (unbiased[c] + mean[c]*mean[c]))
		}
		gamma, beta := p.own(p.gamma), p.own(p.beta)
		rows, limit := layers.MergeRef(mean, variance, gamma, beta), allowed(composed, s.images*s.size*s.size)
		t.expectMerged(p.Table, rows, magnitudes(rows, variance, ofMean, ofVariance, gamma, beta), ofMean, limit)
		t.expectRow("variance", p.Table, varianceRow, unbiased, ofUnbiased, limit)
		if source == layers.BatchAndUpdate {
			t.expectRunning("running mean", p, p.RunningMean, p.running, mean, ofMean, limit)
			t.expectRunning("running variance", p, p.RunningVar, p.variance, unbiased, ofUnbiased, limit)
		}
	}
	t.builder.Statistics("batch-norm", heads)
	t.builder.Merge("batch-norm", heads, source)
}

// expectRunning says what running statistics become; those that are not the head's stay.
func (t *trial) expectRunning(name string, p parameters, r gpu.Range, before, batch, ofBatch []float64, allowed float64) {
	want, magnitude := slices.Clone(before), absolute(before)
	var some []int
	for own, at := range p.physical {
		some = append(some, int(at))
		want[at], magnitude[at] = layers.RunningRef(want[at], batch[own]), layers.RunningRef(magnitude[at], ofBatch[own])
	}
	t.expectSome(name, r, some, want, magnitude, allowed)
}

func normEvaluation(t *trial) {
	var heads []layers.NormHead
	for _, s := range t.shapes() {
		p := t.parameters(s.maps)
		heads = append(heads, layers.NormHead{Norm: p.Norm})
		mean, variance, gamma, beta := p.own(p.running), p.own(p.variance), p.own(p.gamma), p.own(p.beta)
		rows := layers.MergeRef(mean, variance, gamma, beta)
		t.expectMerged(p.Table, rows, magnitudes(rows, variance, absolute(mean), variance, gamma, beta), absolute(mean), allowed(composed, 1))
	}
	t.builder.Merge("batch-norm", heads, layers.RunningStatistics)
}

func normApply(t *trial) {
	stride, withResidual := t.between(1, 2), t.chance(2)
	var heads []layers.NormHead
	for _, s := range t.shapes() {
		x, scale, shift := t.tensor(s.images, s.size, s.maps), t.numbers(s.maps), t.numbers(s.maps)
		h := layers.NormHead{
			Norm: layers.Norm{Maps: s.maps, Table: t.table(s.maps, layers.NormRows{Scale: scale, Shift: shift})},
			X:    t.activations("x", x), Y: t.blank("y", s.images, s.size, s.maps),
		}
		var residual *layers.Shortcut
		if withResidual {
			residual = t.shortcut(s, stride)
			h.Residual, h.Source = t.activations("residual", residual.X), t.mapIndices("source", residual.Source)
		}
		heads = append(heads, h)
		magnitude := layers.ApplyRef(absoluteTensor(x), absolute(scale), absolute(shift), absoluteShortcut(residual))
		t.expectActivations("y", h.Y, layers.ApplyRef(x, scale, shift, residual), magnitude, allowed(plain, 1))
	}
	t.builder.Apply("batch-norm", heads, stride)
}

// backward draws what the backward passes read: x, the activations y (0 where the ReLU cut off), their gradient dy.
func (t *trial) backward(s shape) (x, y, dy layers.Tensor) {
	x, y, dy = t.tensor(s.images, s.size, s.maps), t.tensor(s.images, s.size, s.maps), t.tensor(s.images, s.size, s.maps)
	for k, v := range y.V {
		y.V[k] = max(v, 0)
	}
	return x, y, dy
}

func normBackwardSums(t *trial) {
	batch := t.chance(2)
	var heads []layers.NormHead
	for _, s := range t.shapes() {
		x, y, dy := t.backward(s)
		rows := layers.NormRows{Mean: t.numbers(s.maps), Inverse: absolute(t.numbers(s.maps))}
		h := layers.NormHead{
			Norm: layers.Norm{
				Maps: s.maps, Table: t.table(s.maps, rows), DGamma: t.output("dgamma", s.maps), DBeta: t.output("dbeta", s.maps),
				Partials: t.scratch("partials", t.kernels.NormPartials(s.images, s.size, s.maps)),
			},
			X: t.activations("x", x), Y: t.activations("y", y), DY: t.activations("dy", dy),
		}
		heads = append(heads, h)

		dgamma, dbeta := layers.BackwardSumsRef(x, y, dy, rows)
		ofGamma, ofBeta := make([]float64, s.maps), make([]float64, s.maps)
		for k := range x.V {
			c := k % s.maps
			g := math.Abs(layers.ReLUGradientRef(y.V[k], dy.V[k]))
			ofGamma[c] += g * math.Abs(x.V[k]-rows.Mean[c]) * rows.Inverse[c]
			ofBeta[c] += g
		}
		values := s.images * s.size * s.size
		limit, means := allowed(composed, values), 0.0
		t.expect("dgamma", h.DGamma, []int{s.maps}, dgamma, ofGamma, limit)
		t.expect("dbeta", h.DBeta, []int{s.maps}, dbeta, ofBeta, limit)
		if batch {
			means = 1 / float64(values)
		}
		t.expectRow("mean of g", h.Table, meanGRow, scaled(dbeta, means), scaled(ofBeta, means), limit)
		t.expectRow("mean of g xhat", h.Table, meanGXRow, scaled(dgamma, means), scaled(ofGamma, means), limit)
	}
	t.builder.BackwardSums("batch-norm", heads)
	t.builder.BackwardMerge("batch-norm", heads, batch)
}

func normBackwardApply(t *trial) {
	inPlace := t.chance(2)
	var heads []layers.NormHead
	for _, s := range t.shapes() {
		x, y, dy := t.backward(s)
		rows := layers.NormRows{
			Scale: t.numbers(s.maps), Mean: t.numbers(s.maps), Inverse: absolute(t.numbers(s.maps)),
			MeanG: t.numbers(s.maps), MeanGX: t.numbers(s.maps),
		}
		h := layers.NormHead{
			Norm: layers.Norm{Maps: s.maps, Table: t.table(s.maps, rows)},
			X:    t.activations("x", x), Y: t.activations("y", y), DY: t.activations("dy", dy),
		}
		h.DX = h.DY
		if !inPlace {
			h.DX = t.blank("dx", s.images, s.size, s.maps)
		}
		heads = append(heads, h)
		magnitude := layers.NewTensor(s.images, s.size, s.maps)
		for k := range x.V {
			c := k % s.maps
			g, xhat := layers.ReLUGradientRef(y.V[k], dy.V[k]), (x.V[k]-rows.Mean[c])*rows.Inverse[c]
			magnitude.V[k] = math.Abs(rows.Scale[c]) * (math.Abs(g) + math.Abs(rows.MeanG[c]) + math.Abs(xhat*rows.MeanGX[c]))
		}
		t.expectActivations("dx", h.DX, layers.BackwardApplyRef(x, y, dy, rows), magnitude, allowed(composed, 1))
	}
	t.builder.BackwardApply("batch-norm", heads)
}

func scaled(values []float64, factor float64) []float64 {
	s := make([]float64, len(values))
	for i, v := range values {
		s[i] = v * factor
	}
	return s
}
