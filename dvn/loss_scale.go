package dvn

import "github.com/dvn-vk/dvn-vk/layers"

// LossScale is what the next step multiplies the losses' gradients by, and how often that was too much.
func (t *Trainer) LossScale() layers.LossScale {
	words := t.scale.Host()
	counts := intsOf(words)
	return layers.LossScale{Scale: floatsOf(words)[0], Good: uint32(counts[1]), Skipped: uint32(counts[2])}
}

// SetLossScale lets the next step go on from a scale: that of the run so far.
func (t *Trainer) SetLossScale(s layers.LossScale) {
	words := t.scale.Host()
	floatsOf(words)[0] = s.Scale
	copy(intsOf(words)[1:], []int32{int32(s.Good), int32(s.Skipped), int32(s.Overflow)})
}

// Gradient is the last step's gradient of a tensor that trains, in the order of files, before decay and without the loss
// scale. Blocks that do not train are not written: 0 in a store whose first phase it is.
func (t *Trainer) Gradient(name string) ([]float32, error) {
	store := t.graph.store
	values, err := store.read(store.gradients, store.mustHave(name))
	for i := range values {
		values[i] /= t.used
	}
	return values, err
}
