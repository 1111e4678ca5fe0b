package layers

import "github.com/dvn-vk/dvn-vk/gpu"

// LossKind is what a head learns from.
type LossKind uint32

// CrossEntropy with labels, or Distillation from the old network's logits at a temperature (spec section 5).
const (
	CrossEntropy LossKind = iota
	Distillation
)

// LossHead is one head's loss: Logits, Teacher and Gradient [Images, Classes], Labels [Images] int32, Each [Images] and
// Loss [1] for the losses. Weight is its factor in the total loss, which Gradient contains and Loss does not.
type LossHead struct {
	Kind                                          LossKind
	Logits, Teacher, Labels, Gradient, Each, Loss gpu.Range
	Classes, Images                               int
	Weight                                        float32
}

// As shaders/loss.glsl declares it.
type lossHead struct {
	Logits, Teacher, Labels, Gradient, Each, Loss uint64
	Classes, Images, Kind                         uint32
	Weight                                        float32
	First, _                                      uint32
}

type lossPush struct {
	Heads, Scale      uint64
	Groups, HeadCount uint32
	Temperature       float32
}

type lossMeanPush struct {
	Heads             uint64
	Groups, HeadCount uint32
}

// Loss records every head's loss and the gradient of the total loss to its logits, times the scale, a LossScale.
func (b *Builder) Loss(heads []LossHead, temperature float64, scale gpu.Range) {
	each, mean := gpu.Op{Name: "loss", Reads: []gpu.Range{scale}}, gpu.Op{Name: "loss mean", Workgroups: ceilDiv(len(heads), b.kernels.lanes)}
	var entries []lossHead
	for _, h := range heads {
		entries = append(entries, lossHead{
			Logits: address(h.Logits), Teacher: address(h.Teacher), Labels: address(h.Labels), Gradient: address(h.Gradient),
			Each: address(h.Each), Loss: address(h.Loss), Classes: uint32(h.Classes), Images: uint32(h.Images),
			Kind: uint32(h.Kind), Weight: h.Weight, First: uint32(each.Workgroups),
		})
		each.Workgroups += ceilDiv(h.Images, b.kernels.lanes)
		target := h.Labels
		if h.Kind == Distillation {
			target = h.Teacher
		}
		each.Reads, each.Writes = append(each.Reads, h.Logits, target), append(each.Writes, h.Gradient, h.Each)
		mean.Reads, mean.Writes = append(mean.Reads, h.Each), append(mean.Writes, h.Loss)
	}
	table := b.table("loss", entries)
	b.dispatch("loss", each, lossPush{table, address(scale), uint32(each.Workgroups), uint32(len(heads)), float32(temperature)})
	b.dispatch("loss_mean", mean, lossMeanPush{table, uint32(mean.Workgroups), uint32(len(heads))})
}
