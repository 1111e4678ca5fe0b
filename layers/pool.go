package layers

import "github.com/dvn-vk/dvn-vk/gpu"

// PoolHead is what one head brings to the global average pool: X [N, Size+2, Size+2, Maps], Pooled [N, Maps]. Backward, both
// are gradients.
type PoolHead struct {
	X      Activations
	Pooled gpu.Range
}

// As shaders/pool.glsl declares it.
type poolHead struct {
	X, Pooled           uint64
	Maps, Images, First uint32
	_                   uint32
}

type poolPush struct {
	Heads                                   uint64
	Groups, HeadCount, GroupsPerImage, Size uint32
}

// PoolForward records Pooled = the mean over the pixels of X.
func (b *Builder) PoolForward(heads []PoolHead) {
	op, push := b.poolPass("pool forward", heads)
	for _, h := range heads {
		op.Reads, op.Writes = append(op.Reads, h.X.Range), append(op.Writes, h.Pooled)
	}
	b.dispatch("pool_forward", op, push)
}

// PoolBackward records X = Pooled / pixels at every pixel.
func (b *Builder) PoolBackward(heads []PoolHead) {
	op, push := b.poolPass("pool backward", heads)
	for _, h := range heads {
		op.Reads, op.Writes = append(op.Reads, h.Pooled), append(op.Writes, h.X.Range)
	}
	b.dispatch("pool_backward", op, push)
}

func (b *Builder) poolPass(name string, heads []PoolHead) (gpu.Op, poolPush) {
	op := gpu.Op{Name: name}
	var entries []poolHead
	perImage, images := 0, 0
	for _, h := range heads {
		entries = append(entries, poolHead{X: address(h.X.Range), Pooled: address(h.Pooled), Maps: uint32(h.X.Maps), Images: uint32(h.X.Images), First: uint32(perImage)})
		perImage += ceilDiv(h.X.Maps/2, b.kernels.lanes)
		images = max(images, h.X.Images)
		op.Bytes += h.X.inside()
	}
	op.Workgroups = perImage * images
	return op, poolPush{Heads: b.table(name, entries), Groups: uint32(op.Workgroups), HeadCount: uint32(len(heads)), GroupsPerImage: uint32(perImage), Size: uint32(heads[0].X.Size)}
}

type headSumPush struct {
	Heads, Y                      uint64
	Groups, HeadCount, Size, Maps uint32
}

// HeadSum records y = the sum of xs in order, all of y's shape: the gradient of a stem's output, which several heads read.
func (b *Builder) HeadSum(name string, xs []Activations, y Activations) {
	op := gpu.Op{Name: name + " sum over heads", Workgroups: y.Images * y.Size, Writes: []gpu.Range{y.Range}, Bytes: y.inside()}
	var sources []uint64
	for _, x := range xs {
		sources = append(sources, address(x.Range))
		op.Reads = append(op.Reads, x.Range)
		op.Bytes += x.inside()
	}
	b.dispatch("head_sum", op, headSumPush{
		Heads: b.table(op.Name, sources), Y: address(y.Range),
		Groups: uint32(op.Workgroups), HeadCount: uint32(len(xs)), Size: uint32(y.Size), Maps: uint32(y.Maps),
	})
}
