package layers

import (
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

// convShape is what a workgroup of a wide convolution computes: vectors of as many maps as lanes, pixels, and how many maps of
// the sum a turn takes.
type convShape struct {
	maps int
	tile
	depth int
}

// forwardShape: sums that stay in the registers of 16 lanes; 8 lanes have half as many registers, and two vectors that share a
// pixel's load pay there (docs/kernels.md).
func forwardShape(lanes int, c Conv) convShape {
	s := convShape{maps: 1, tile: tile{8, 2}, depth: 4}
	if lanes <= 8 && c.Out.narrowest() >= 2*lanes {
		s.maps, s.tile = 2, tile{8, 1}
	}
	if c.OutSize() <= 4 {
		s.tile = tile{4, s.x * s.y / 4}
	}
	if !divides(s.depth, c.In.widths()) {
		s.depth = 2
	}
	return s
}

// wideForward tells whether forward can run in the wide form.
func (k *Kernels) wideForward(c Conv, heads []ConvHead) bool {
	s := forwardShape(k.lanes, c)
	if !k.turnsWeights(c) || c.Memory.Prepared[Forward].Buffer == nil || !k.wholeChunks(s.depth, c.In.widths()...) {
		return false
	}
	for _, h := range heads {
		if !c.Out.sideBySide(h.Out, s.maps*k.lanes) {
			return false
		}
	}
	return true
}

// turnsWeights tells whether the direct kernels have a second layout of the weights for forward.
func (k *Kernels) turnsWeights(c Conv) bool {
	return k.wide && k.precision == FP32 && c.Kernel == 3 && c.Out.Total() >= forwardShape(k.lanes, c).maps*k.lanes
}

// sideBySide tells whether every chunk of a head's own maps, the last of which may be smaller, lies side by side in the layer.
func (m Maps) sideBySide(s UnitSet, chunk int) bool {
	physical := m.Physical(s)
	for first := 0; first < len(physical); first += chunk {
		last := min(first+chunk, len(physical)) - 1
		if physical[last]-physical[first] != last-first {
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
