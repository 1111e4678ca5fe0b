package conformance

import "github.com/dvn-vk/dvn-vk/layers"

// shortcut draws a block's input for outputs of a shape: the same units, but of other widths, and pixels beyond those that
// the stride takes.
func (t *trial) shortcut(s shape, stride int) *layers.Shortcut {
	in, set := t.before(s)
	return &layers.Shortcut{
		X:      t.tensor(s.images, t.inputSize(s.size, stride), in.Width(set)),
		Source: layers.ShortcutSources(in, set, s.layer, s.set),
		Stride: stride,
	}
}

// before draws the layer that a shortcut comes from.
func (t *trial) before(s shape) (in layers.Maps, set layers.UnitSet) {
	in, set = t.divide(t.between(1, min(mostMaps, 2*s.maps)), s.layer.Units()), s.set
	if t.chance(2) {
		in = s.layer
	}
	if in.Width(set) == 0 {
		set = layers.AllUnits(in.Units())
	}
	return in, set
}

// inputSize draws a size that a stride turns into size.
func (t *trial) inputSize(size, stride int) int { return (size-1)*stride + t.between(1, stride) }

func absoluteShortcut(s *layers.Shortcut) *layers.Shortcut {
	if s == nil {
		return nil
	}
	return &layers.Shortcut{X: absoluteTensor(s.X), Source: s.Source, Stride: s.Stride}
}

func shortcutBackward(t *trial) {
	stride := t.between(1, 2)
	shapes := t.shapes()
	inputSize := t.inputSize(shapes[0].size, stride)
	var heads []layers.ShortcutHead
	for _, s := range shapes {
		in, set := t.before(s)
		target := layers.ShortcutTargets(in, set, s.layer, s.set)
		_, y, dy := t.backward(s)
		dx := t.tensor(s.images, inputSize, in.Width(set))
		h := layers.ShortcutHead{
			Y: t.activations("y", y), DY: t.activations("dy", dy), DX: t.activations("dx", dx), Target: t.mapIndices("target", target),
		}
		heads = append(heads, h)
		magnitude := absoluteTensor(dx)
		layers.ShortcutBackwardRef(y, absoluteTensor(dy), magnitude, target, stride)
		layers.ShortcutBackwardRef(y, dy, dx, target, stride)
		t.expectActivations("dx", h.DX, dx, magnitude, allowed(plain, 1))
	}
	t.builder.ShortcutBackward("block", heads, stride)
}
