package layers

// SGDRef is sgd.comp for one segment: g = gradient + decay w; v = momentum v + g; w = w - lr (g + momentum v), in place.
func SGDRef(s Segment, w, gradient, v []float64, hyper Hyper) {
	lr, momentum, decay := float64(hyper.LearningRate), float64(hyper.Momentum), 0.0
	if s.Decays {
		decay = float64(hyper.WeightDecay)
	}
	for row := range s.Rows {
		for i := range s.Width {
			if !s.Trains(row, i) {
				continue
			}
			at := s.At + row*s.Width + i
			g := gradient[at] + decay*w[at]
			v[at] = momentum*v[at] + g
			w[at] -= lr * (g + momentum*v[at])
		}
	}
}

// Trains tells whether float i of a row does: in a convolution its block (u, v) decides.
func (s Segment) Trains(row, i int) bool {
	if s.Conv == nil {
		return true
	}
	u, v := s.Conv.Out.UnitOf(row), s.Conv.In.UnitOf(i%s.Conv.In.Total())
	return s.Blocks.Has(u, v)
}
