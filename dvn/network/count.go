package network

import "fmt"

// Parameters counts the weights of one head, part by part (spec section 6).
type Parameters struct {
	Conv, Stem, FC int // weights
	Bias           int // of the fully connected layer
	BatchNorm      int // gamma and beta, stem included
}

// Weights is the number that reports and budgets use: convolution, stem and fully connected weights, no biases, no batch-norm.
func (p Parameters) Weights() int { return p.Conv + p.Stem + p.FC }

// HeadParameters counts the parameters of a head that holds units, with classes outputs and an image of channels channels.
func (b Backbone) HeadParameters(shares []float64, units []int, classes, channels int) (Parameters, error) {
	p := Parameters{Stem: 9 * b.Stem * channels, Bias: classes, BatchNorm: 2 * b.Stem}
	for _, layer := range b.Layers() {
		in, out, err := b.headMaps(layer, shares, units)
		if err != nil {
			return Parameters{}, err
		}
		p.Conv += 9 * in * out
		p.BatchNorm += 2 * out
		p.FC = classes * out
	}
	return p, nil
}

// HeadFLOPs counts the floating point operations of one image through a head: twice the multiply-adds of stem,
// convolutions (padded positions counted) and fully connected layer (spec section 6). size is the image's side, stride the stem's.
func (b Backbone) HeadFLOPs(shares []float64, units []int, classes, channels, size, stride int) (int64, error) {
	size = OutputSize(size, stride)
	flops := 18 * int64(channels) * int64(b.Stem) * int64(size*size)
	features := 0
	for _, layer := range b.Layers() {
		in, out, err := b.headMaps(layer, shares, units)
		if err != nil {
			return 0, err
		}
		size = OutputSize(size, layer.Stride)
		flops += 18 * int64(in) * int64(out) * int64(size*size)
		features = out
	}
	return flops + 2*int64(features)*int64(classes), nil
}

func (b Backbone) headMaps(layer Layer, shares []float64, units []int) (in, out int, err error) {
	outs, err := Boundaries(layer.Out, shares)
	if err != nil {
		return 0, 0, fmt.Errorf("layer %s: %w", layer.Name, err)
	}
	in = layer.In
	if !layer.ReadsStem {
		ins, err := Boundaries(layer.In, shares)
		if err != nil {
			return 0, 0, fmt.Errorf("layer %s: %w", layer.Name, err)
		}
		in = Maps(ins, units)
	}
	return in, Maps(outs, units), nil
}

// LevelForBudget chooses the largest level whose cost (parameters or bytes, ascending by level) fits budget.
func LevelForBudget(costs []int, budget int) (level int, err error) {
	for l, cost := range costs {
		if cost <= budget {
			level = l + 1
		}
	}
	if level == 0 {
		return 0, fmt.Errorf("a budget of %d fits no level: the smallest needs %d", budget, costs[0])
	}
	return level, nil
}
