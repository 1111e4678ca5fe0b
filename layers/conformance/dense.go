package conformance

import "github.com/dvn-vk/dvn-vk/layers"

// Widths of fully connected layers.
const (
	mostInputs  = 70
	mostOutputs = 40
)

// denseShape is one head's fully connected layer.
type denseShape struct{ images, ins, outs int }

func (t *trial) denseShapes() []denseShape {
	var shapes []denseShape
	for range t.between(1, mostHeads) {
		shapes = append(shapes, denseShape{t.between(1, mostImages), pad(t.between(1, mostInputs)), t.between(1, mostOutputs)})
	}
	t.describe("heads (images, inputs, outputs) %v", shapes)
	return shapes
}

func denseForward(t *trial) {
	relu := t.chance(2)
	var heads []layers.Dense
	for _, s := range t.denseShapes() {
		x, w, b := t.numbers(s.images*s.ins), t.numbers(s.outs*s.ins), t.numbers(s.outs)
		h := layers.Dense{
			X: t.input("x", x), W: t.input("w", w), B: t.input("b", b), Y: t.output("y", s.images*s.outs),
			Ins: s.ins, Outs: s.outs, Images: s.images, ReLU: relu,
		}
		heads = append(heads, h)
		want := layers.DenseForwardRef(x, w, b, s.images, relu)
		magnitude := layers.DenseForwardRef(absolute(x), absolute(w), absolute(b), s.images, relu)
		t.expect("y", h.Y, []int{s.images, s.outs}, want, magnitude, allowed(plain, s.ins))
	}
	t.builder.DenseForward("dense", heads)
}

func denseBackwardWeights(t *trial) {
	var heads []layers.Dense
	for _, s := range t.denseShapes() {
		x, y := t.numbers(s.images*s.ins), t.numbers(s.images*s.outs)
		h := layers.Dense{
			X: t.input("x", x), DY: t.input("dy", y), DW: t.output("dw", s.outs*s.ins), DB: t.output("db", s.outs),
			Ins: s.ins, Outs: s.outs, Images: s.images,
		}
		heads = append(heads, h)
		dw, db := layers.DenseBackwardWeightsRef(x, y, s.images)
		ofW, ofB := layers.DenseBackwardWeightsRef(absolute(x), absolute(y), s.images)
		t.expect("dw", h.DW, []int{s.outs, s.ins}, dw, ofW, allowed(plain, s.images))
		t.expect("db", h.DB, []int{s.outs}, db, ofB, allowed(plain, s.images))
	}
	t.builder.DenseBackwardWeights("dense", heads)
}

// denseBackwardData: every input is read by some heads of different widths.
func denseBackwardData(t *trial) {
	var inputs []layers.DenseInput
	for _, s := range t.denseShapes() {
		in := layers.DenseInput{DX: t.output("dx", s.images*s.ins)}
		var mask []float64
		if t.chance(2) {
			mask = t.numbers(s.images * s.ins)
			in.Mask = t.input("mask", mask)
		}
		var ys, ws, ofYs, ofWs [][]float64
		terms := 0
		for range t.between(1, 3) {
			outs := t.between(1, mostOutputs)
			y, w := t.numbers(s.images*outs), t.numbers(outs*s.ins)
			ys, ws, ofYs, ofWs = append(ys, y), append(ws, w), append(ofYs, absolute(y)), append(ofWs, absolute(w))
			in.Heads = append(in.Heads, layers.Dense{
				DY: t.input("dy", y), W: t.input("w", w), Ins: s.ins, Outs: outs, Images: s.images,
			})
			terms += outs
		}
		inputs = append(inputs, in)
		want := layers.DenseBackwardDataRef(ys, ws, s.images, s.ins, mask)
		magnitude := layers.DenseBackwardDataRef(ofYs, ofWs, s.images, s.ins, mask)
		t.expect("dx", in.DX, []int{s.images, s.ins}, want, magnitude, allowed(plain, terms))
	}
	t.builder.DenseBackwardData("dense", inputs)
}
