package conformance

import "github.com/dvn-vk/dvn-vk/layers"

func poolForward(t *trial) {
	var heads []layers.PoolHead
	for _, s := range t.shapes() {
		x := t.tensor(s.images, s.size, s.maps)
		h := layers.PoolHead{X: t.activations("x", x), Pooled: t.output("pooled", s.images*s.maps)}
		heads = append(heads, h)
		want, magnitude := layers.PoolForwardRef(x), layers.PoolForwardRef(absoluteTensor(x))
		t.expect("pooled", h.Pooled, []int{s.images, s.maps}, want, magnitude, allowed(composed, s.size*s.size))
	}
	t.builder.PoolForward(heads)
}

func poolBackward(t *trial) {
	var heads []layers.PoolHead
	for _, s := range t.shapes() {
		pooled := t.numbers(s.images * s.maps)
		h := layers.PoolHead{X: t.blank("x", s.images, s.size, s.maps), Pooled: t.input("pooled", pooled)}
		heads = append(heads, h)
		want := layers.PoolBackwardRef(pooled, s.images, s.size, s.maps)
		t.expectActivations("x", h.X, want, absoluteTensor(want), allowed(plain, 1))
	}
	t.builder.PoolBackward(heads)
}

func headSum(t *trial) {
	s := t.shapes()[0]
	var values, magnitudes []layers.Tensor
	var xs []layers.Activations
	for range t.between(1, mostHeads) {
		x := t.tensor(s.images, s.size, s.maps)
		values, magnitudes, xs = append(values, x), append(magnitudes, absoluteTensor(x)), append(xs, t.activations("x", x))
	}
	y := t.blank("y", s.images, s.size, s.maps)
	t.expectActivations("y", y, layers.HeadSumRef(values), layers.HeadSumRef(magnitudes), allowed(plain, len(xs)))
	t.builder.HeadSum("stem", xs, y)
}
