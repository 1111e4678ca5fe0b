package layers

import (
	"slices"

	"github.com/dvn-vk/dvn-vk/gpu"
)

// As shaders/weights_turned.comp declares it.
type turnedWeights struct {
	W, Turned              uint64
	Ins, Outs, Taps, First uint32
}

type weightsTurnedPush struct {
	Layers             uint64
	Groups, LayerCount uint32
}

type convForwardWidePush struct {
	Heads, W                                                    uint64
	Groups, HeadCount, GroupsPerImage, InSize, OutSize, OutMaps uint32
	InBounds, OutBounds                                         [9]uint32
}

// convShape is what a workgroup of a convolution computes: vectors of as many maps as lanes, pixels, and in the wide form how many
// maps of the sum a turn takes.
type convShape struct {
	maps int
	tile
	depth int
}

// wideShape is that of the wide form, to maps from others: as many sums as stay in the registers of 16 lanes. With 8 lanes there
// are half as many registers, and two vectors that share the load of a pixel are faster (docs/kernels.md).
func wideShape(lanes int, from, to Maps, t tile) convShape {
	s := convShape{maps: 1, tile: t, depth: 4}
	if lanes <= 8 && to.narrowest() >= 2*lanes {
		s.maps = 2
	}
	if !divides(s.depth, from.widths()) {
		s.depth = UnitPad
	}
	return s
}

func (k *Kernels) wideForwardShape(c Conv) convShape {
	s := wideShape(k.lanes, c.In, c.Out, tile{8, 2})
	switch {
	case c.OutSize() <= 4:
		s.tile = tile{4, 4}
	case s.maps == 2:
		s.tile = tile{8, 1}
	}
	return s
}

// wideDataShape: multiples of the stride.
func (k *Kernels) wideDataShape(c Conv) convShape {
	s := wideShape(k.lanes, c.Out, c.In, tile{8, 2})
	switch {
	case c.Stride == 3:
		s.tile = tile{6, 3}
	case c.InSize <= 4:
		s.tile = tile{4, 4}
	}
	return s
}

// wideWeightsShape is how many of a tile's outputs a lane of the weight gradient has in registers, and rows of pixels a turn.
func wideWeightsShape(lanes int) (held, rows int) {
	if lanes <= 8 {
		return 4, 4
	}
	return weightsOuts, 2
}

// flatWide tells whether the wide forms of the direct kernels are for this device and convolution.
func (k *Kernels) flatWide(c Conv) bool { return k.wide && k.precision == FP32 && c.Kernel == 3 }

// turnsWeights tells whether the direct kernels have a second layout of the weights for forward.
func (k *Kernels) turnsWeights(c Conv) bool {
	return k.flatWide(c) && c.Out.Total() >= k.wideForwardShape(c).maps*k.lanes
}

// wideForward tells whether forward can run in the wide form; without the memory of the second layout it cannot.
func (k *Kernels) wideForward(c Conv, heads []ConvHead) bool {
	chunk := k.wideForwardShape(c).maps * k.lanes
	apart := func(h ConvHead) bool { return !c.Out.sideBySide(h.Out, chunk) }
	return k.turnsWeights(c) && c.Memory.Prepared[Forward].Buffer != nil && !slices.ContainsFunc(heads, apart)
}

// wideBackwardData tells whether the gradient of the input can be computed in the wide form.
func (k *Kernels) wideBackwardData(c Conv, heads []ConvHead) bool {
	chunk := k.wideDataShape(c).maps * k.lanes
	apart := func(h ConvHead) bool { return !c.In.sideBySide(h.In, chunk) }
	return k.flatWide(c) && c.In.Total() >= chunk && !slices.ContainsFunc(heads, apart)
}

// wideBackwardWeights tells whether the gradient of the weights can be computed in the wide form: where a load of LANES floats
// of x, or weightsOuts of y, is no more than a row of pixels (shaders/conv_backward_weights_wide.comp).
func (k *Kernels) wideBackwardWeights(c Conv, heads []ConvHead) bool {
	short := func(h ConvHead) bool {
		return (c.InSize+2)*h.X.Maps < k.lanes || (c.OutSize()+2)*h.Y.Maps < weightsOuts
	}
	return k.flatWide(c) && !slices.ContainsFunc(heads, short)
}

// sideBySide tells whether every chunk of a head's own maps, the last of which may be smaller, lies side by side in the layer.
func (m Maps) sideBySide(s UnitSet, chunk int) bool {
	physical := m.Physical(s)
	for own := range slices.Chunk(physical, chunk) {
		if own[len(own)-1]-own[0] != len(own)-1 {
			return false
		}
	}
	return true
}

// turnWeights records the second layouts of the weights that forward of the direct kernels reads.
func (b *Builder) turnWeights(convs []PreparedConv) {
	op := gpu.Op{Name: "weights turned"}
	var entries []turnedWeights
	for _, l := range convs {
		to := l.Conv.Memory.Prepared[Forward]
		if _, flat := l.Conv.Variants[Forward].kernels().(flatFamily); !flat || to.Buffer == nil {
			continue
		}
		ins, outs := l.Conv.In.Total(), l.Conv.Out.Total()
		entries = append(entries, turnedWeights{W: address(l.W), Turned: address(to), Ins: uint32(ins), Outs: uint32(outs), Taps: uint32(l.Conv.Kernel * l.Conv.Kernel), First: uint32(op.Workgroups)})
		op.Workgroups += ins / 2 * ceilDiv(outs, b.kernels.lanes)
		op.Reads, op.Writes = append(op.Reads, l.W), append(op.Writes, to)
		op.Bytes += float64(l.W.Size + to.Size)
	}
	if len(entries) == 0 {
		return
	}
	b.dispatch("weights_turned", op, weightsTurnedPush{b.table(op.Name, entries), uint32(op.Workgroups), uint32(len(entries))})
}
