package layers

import "github.com/dvn-vk/dvn-vk/gpu"

// Dense is one head's fully connected layer: Y [Images, Outs] = X [Images, Ins] W [Outs, Ins]^T + B [Outs], then ReLU where
// asked for. Ins is even. Backward, DY is the gradient before the ReLU.
type Dense struct {
	X, W, B, Y gpu.Range
	DY, DW, DB gpu.Range // backward only
	Ins, Outs  int
	Images     int
	ReLU       bool
}

// As shaders/dense.glsl declares it.
type denseHead struct {
	X, W, B, Y, DW, DB             uint64
	Ins, Outs, Images, Relu, First uint32
	_                              uint32
}

type densePush struct {
	Heads             uint64
	Groups, HeadCount uint32
}

type denseGroup struct {
	X, Mask                              uint64
	Ins, Images, Masked, From, To, First uint32
}

type denseBackwardDataPush struct {
	Heads, Table       uint64
	Groups, GroupCount uint32
}

// DenseForward records Y of every head in one dispatch.
func (b *Builder) DenseForward(name string, heads []Dense) {
	op := gpu.Op{Name: name + " forward"}
	var entries []denseHead
	for _, h := range heads {
		e := h.entry(h.Y, op.Workgroups)
		if h.ReLU {
			e.Relu = 1
		}
		entries = append(entries, e)
		op.Workgroups += h.Images * ceilDiv(h.Outs, b.kernels.lanes)
		op.Reads, op.Writes = append(op.Reads, h.X, h.W, h.B), append(op.Writes, h.Y)
		op.FLOPs += h.flops()
	}
	b.dispatch("dense_forward", op, densePush{b.table(op.Name, entries), uint32(op.Workgroups), uint32(len(heads))})
}

// DenseBackwardWeights records DW = DY^T X and DB = the sum of DY, over the images in order.
func (b *Builder) DenseBackwardWeights(name string, heads []Dense) {
	op := gpu.Op{Name: name + " backward weights"}
	var entries []denseHead
	for _, h := range heads {
		entries = append(entries, h.entry(h.DY, op.Workgroups))
		op.Workgroups += h.Outs * ceilDiv(h.Ins/2, b.kernels.lanes)
		op.Reads, op.Writes = append(op.Reads, h.X, h.DY), append(op.Writes, h.DW, h.DB)
		op.FLOPs += h.flops()
	}
	b.dispatch("dense_backward_weights", op, densePush{b.table(op.Name, entries), uint32(op.Workgroups), uint32(len(heads))})
}

// DenseInput is one input whose gradient is wanted, and the heads that read it: their gradients add up in order.
type DenseInput struct {
	DX    gpu.Range // [Images, Ins]
	Mask  gpu.Range // [Images, Ins]: gradients pass where it is positive, because the input was a ReLU's output; empty: all pass
	Heads []Dense   // of the same Ins and Images
}

// DenseBackwardData records DX of every input in one dispatch.
func (b *Builder) DenseBackwardData(name string, inputs []DenseInput) {
	op := gpu.Op{Name: name + " backward data"}
	var entries []denseHead
	var groups []denseGroup
	for _, in := range inputs {
		first := in.Heads[0]
		g := denseGroup{X: address(in.DX), Ins: uint32(first.Ins), Images: uint32(first.Images), From: uint32(len(entries)), First: uint32(op.Workgroups)}
		if in.Mask.Buffer != nil {
			g.Mask, g.Masked = address(in.Mask), 1
			op.Reads = append(op.Reads, in.Mask)
		}
		for _, h := range in.Heads {
			entries = append(entries, h.entry(h.DY, 0))
			op.Reads = append(op.Reads, h.DY, h.W)
			op.FLOPs += h.flops()
		}
		g.To = uint32(len(entries))
		groups = append(groups, g)
		op.Writes = append(op.Writes, in.DX)
		op.Workgroups += ceilDiv(first.Images*first.Ins/2, b.kernels.lanes)
	}
	b.dispatch("dense_backward_data", op, denseBackwardDataPush{b.table(op.Name, entries), b.table(op.Name+" groups", groups), uint32(op.Workgroups), uint32(len(groups))})
}

func (h Dense) entry(y gpu.Range, first int) denseHead {
	return denseHead{
		X: address(h.X), W: address(h.W), B: address(h.B), Y: address(y), DW: address(h.DW), DB: address(h.DB),
		Ins: uint32(h.Ins), Outs: uint32(h.Outs), Images: uint32(h.Images), First: uint32(first),
	}
}

func (h Dense) flops() float64 { return 2 * float64(h.Images) * float64(h.Ins) * float64(h.Outs) }
