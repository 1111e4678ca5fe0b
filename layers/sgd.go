package layers

import "github.com/dvn-vk/dvn-vk/gpu"

// Segment is one tensor that trains, at the same place in the buffers of weights, gradients and momentum.
type Segment struct {
	Name        string
	At          int // index of its first float
	Rows, Width int // Rows x Width floats; a convolution has a row an output map, [Kernel, Kernel, In]
	Decays      bool
	Conv        *Conv  // of a convolution whose Blocks say what trains; nil: everything trains
	Blocks      Blocks // the others keep every bit, momentum included
}

// As shaders/segments.glsl declares it.
type sgdSegment struct {
	At, Rows, Width, Ins, Decays, First uint32
	InBounds, OutBounds                 [9]uint32
	Trains                              [16]uint32
}

type sgdPush struct {
	Segments, W, G, V, Hyper, Scale uint64
	Groups, SegmentCount            uint32
}

// Hyper is what the optimiser reads anew at every step: learning rate, momentum, weight decay.
type Hyper struct{ LearningRate, Momentum, WeightDecay float32 }

// HyperFloats is the size of Hyper on the device.
const HyperFloats = 3

// SGD records one step of Nesterov's momentum: g = gradient / scale + decay w; v = momentum v + g; w = w - lr (g + momentum v),
// with decay only where a segment decays (spec section 5). hyper holds a Hyper, scale a LossScale, which after an overflow lets
// nothing change.
func (b *Builder) SGD(segments []Segment, w, g, v, hyper, scale gpu.Range) {
	op := gpu.Op{Name: "sgd", Reads: []gpu.Range{w, g, v, hyper, scale}, Writes: []gpu.Range{w, v}}
	table := b.segments(segments, &op, 20)
	b.dispatch("sgd", op, sgdPush{table, address(w), address(g), address(v), address(hyper), address(scale), uint32(op.Workgroups), uint32(len(segments))})
}

// segments makes the table of a pass over what trains, a workgroup a row, that moves bytesEach bytes for each number.
func (b *Builder) segments(segments []Segment, op *gpu.Op, bytesEach int) uint64 {
	var entries []sgdSegment
	for _, s := range segments {
		e := sgdSegment{At: uint32(s.At), Rows: uint32(s.Rows), Width: uint32(s.Width), First: uint32(op.Workgroups)}
		if s.Decays {
			e.Decays = 1
		}
		if s.Conv != nil {
			e.Ins = uint32(s.Conv.In.Total())
			e.InBounds, e.OutBounds = b.bounds(*s.Conv)
			for u, trains := range s.Blocks {
				e.Trains[u] = uint32(trains)
			}
		}
		entries = append(entries, e)
		op.Workgroups += s.Rows
		op.Bytes += float64(bytesEach * s.Rows * s.Width)
	}
	return b.table(op.Name, entries)
}
