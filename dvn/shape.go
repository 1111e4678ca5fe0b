package dvn

import (
	"fmt"
	"slices"

	"github.com/dvn-vk/dvn-vk/dvn/network"
	"github.com/dvn-vk/dvn-vk/layers"
)

// block is one residual block of a network on the device.
type block struct {
	name         string // group{g}.block{b}
	conv1, conv2 layers.Conv
	readsStem    bool
}

// shape is a phase's network laid out for the device: every layer with its padded units.
type shape struct {
	phase   *Phase
	stem    layers.Maps
	blocks  []block
	feature layers.Maps // of the last layer
	size    int         // of the last layer's maps
}

// stemConv is the stem of a task: one unit reads the image's channels, padded like a unit.
func (s *shape) stemConv(task int) layers.Conv {
	t := s.phase.Tasks[task-1]
	return layers.Conv{
		Name: stemName(task), In: layers.NewMaps([]int{0, t.Channels}, layers.UnitPad), Out: s.stem,
		Kernel: 3, Stride: t.Stride, InSize: t.Size,
	}
}

func (s *shape) allUnits() layers.UnitSet { return layers.AllUnits(len(s.phase.Shares)) }

// newShape lays out a normalised phase.
func newShape(p *Phase) (*shape, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	backbone, err := network.ParseBackbone(p.Backbone)
	if err != nil {
		return nil, err
	}
	maps := func(n int) layers.Maps {
		boundaries, boundariesErr := network.Boundaries(n, p.Shares)
		if boundariesErr != nil {
			err = boundariesErr
			return layers.Maps{}
		}
		return layers.NewMaps(boundaries, layers.UnitPad)
	}
	first := p.Tasks[p.Heads[0].Trunk[0]-1]
	s := &shape{phase: p, stem: maps(backbone.Stem), size: network.OutputSize(first.Size, first.Stride)}
	all := backbone.Layers()
	for i := 0; i < len(all); i += 2 {
		b := block{name: fmt.Sprintf("group%d.block%d", all[i].Group, all[i].Block), readsStem: all[i].ReadsStem}
		b.conv1 = layers.Conv{Name: all[i].Name, In: maps(all[i].In), Out: maps(all[i].Out), Kernel: 3, Stride: all[i].Stride, InSize: s.size}
		s.size = b.conv1.OutSize()
		b.conv2 = layers.Conv{Name: all[i+1].Name, In: b.conv1.Out, Out: maps(all[i+1].Out), Kernel: 3, Stride: 1, InSize: s.size}
		s.blocks = append(s.blocks, b)
	}
	s.feature = s.blocks[len(s.blocks)-1].conv2.Out
	return s, err
}

// only leaves out of every layer behind the stem, which all heads read, the units that are not in a set: on the device they
// have width 0, and the same kernels run on smaller tensors.
func (s *shape) only(units layers.UnitSet) {
	for i := range s.blocks {
		b := &s.blocks[i]
		if !b.readsStem {
			b.conv1.In = b.conv1.In.Only(units)
		}
		b.conv1.Out = b.conv1.Out.Only(units)
		b.conv2.In, b.conv2.Out = b.conv2.In.Only(units), b.conv2.Out.Only(units)
	}
	s.feature = s.feature.Only(units)
}

// Names of tensors (spec section 9).
func stemName(task int) string           { return fmt.Sprintf("task%d.stem", task) }
func headName(task, level int) string    { return fmt.Sprintf("task%d.level%d", task, level) }
func (b block) normName(conv int) string { return fmt.Sprintf("%s.bn%d", b.name, conv) }

// trunkNormName is the batch-norm of a trunk, or the one of all trunks where it is shared.
func (p *Phase) trunkNormName(trunk [2]int, norm string) string {
	if p.BN == BNShared {
		return norm
	}
	return headName(trunk[0], trunk[1]) + "." + norm
}

// blocksThatTrain lists the weight blocks (u,v) of a convolution that some head of the phase holds and that are not frozen.
func (s *shape) blocksThatTrain(c layers.Conv, readsStem bool) layers.Blocks {
	var blocks layers.Blocks
	if !s.phase.trains(c.Name + ".weight") {
		return blocks
	}
	for _, h := range s.phase.Heads {
		for _, u := range h.Units {
			for v := 1; v <= c.In.Units(); v++ {
				frozen := u <= s.phase.FrozenUnits && (readsStem || v <= s.phase.FrozenUnits)
				if !frozen && (readsStem || slices.Contains(h.Units, v)) {
					blocks[u-1] |= 1 << (v - 1)
				}
			}
		}
	}
	return blocks
}
