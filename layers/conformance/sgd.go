package conformance

import "github.com/dvn-vk/dvn-vk/layers"

// sgd: gradients are multiplied by a loss scale; segments of both kinds lie in three buffers of one layout, with floats between them that are no segment's.
func sgd(t *trial) {
	hyper := layers.Hyper{LearningRate: t.Float32(), Momentum: []float32{0, 0.9}[t.IntN(2)], WeightDecay: t.Float32()}
	var segments []layers.Segment
	floats := 0
	for range t.between(1, 6) {
		s := layers.Segment{Name: "segment", At: floats + t.IntN(5), Rows: t.between(1, 40), Width: t.between(1, 40), Decays: t.chance(2)}
		if t.chance(2) {
			s.Conv, s.Blocks = t.frozen()
			s.Rows, s.Width = s.Conv.Out.Total(), s.Conv.Weights()/s.Conv.Out.Total()
		}
		segments = append(segments, s)
		floats = s.At + s.Rows*s.Width
	}
	t.describe("%d segments, momentum %g", len(segments), hyper.Momentum)
	w, g, v := t.numbers(floats), t.numbers(floats), t.numbers(floats)
	ofW, ofG, ofV := absolute(w), absolute(g), absolute(v)
	weights, gradients, momenta := t.input("w", w), t.input("g", g), t.input("v", v)
	rates := t.input("hyper", []float64{float64(hyper.LearningRate), float64(hyper.Momentum), float64(hyper.WeightDecay)})
	negative := hyper // magnitudes add up what the step subtracts
	negative.LearningRate = -hyper.LearningRate
	scale := []float64{1, 1 << 10}[t.IntN(2)]
	for _, gradients := range [][]float64{g, ofG} {
		for i := range gradients {
			gradients[i] /= scale
		}
	}
	var changed []int
	for _, s := range segments {
		layers.SGDRef(s, w, g, v, hyper)
		layers.SGDRef(s, ofW, ofG, ofV, negative)
		for k := range s.Rows * s.Width {
			if s.Trains(k/s.Width, k%s.Width) {
				changed = append(changed, s.At+k)
			}
		}
	}
	t.expectSome("w", weights, changed, w, ofW, allowed(composed, 1))
	t.expectSome("v", momenta, changed, v, ofV, allowed(composed, 1))
	t.builder.SGD(segments, weights, gradients, momenta, rates, t.input("scale", []float64{scale, 0, 0, 0}))
}

// frozen draws a convolution of which some blocks do not train.
func (t *trial) frozen() (*layers.Conv, layers.Blocks) {
	units := t.between(1, mostUnits)
	c := layers.Conv{Name: "conv", Kernel: []int{1, 3}[t.IntN(2)], In: t.divide(t.between(1, mostMaps), units), Out: t.divide(t.between(1, mostMaps), units)}
	var blocks layers.Blocks
	for u := range units {
		blocks[u] = uint16(t.Uint32())
	}
	return &c, blocks
}
