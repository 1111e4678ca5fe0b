package layers

import "github.com/dvn-vk/dvn-vk/gpu"

// ShortcutSources lists, for each of a head's own maps at a block's output, the own map of the block's input that the
// shortcut adds to it: map c of unit u to map c of unit u (option A of He et al. 2016, per unit; spec section 3); -1 for none.
func ShortcutSources(in Maps, inUnits UnitSet, out Maps, outUnits UnitSet) []int32 {
	var sources []int32
	inStart := 0
	for u := 1; u <= out.Units(); u++ {
		width := in.Real[u] - in.Real[u-1]
		if outUnits.Has(u) {
			for c := range out.Padded[u] - out.Padded[u-1] {
				source := int32(-1)
				if inUnits.Has(u) && c < min(width, out.Real[u]-out.Real[u-1]) {
					source = int32(inStart + c)
				}
				sources = append(sources, source)
			}
		}
		if inUnits.Has(u) {
			inStart += in.Padded[u] - in.Padded[u-1]
		}
	}
	return sources
}

// ShortcutTargets is the inverse of ShortcutSources: for each own map of the input the own map of the output, or -1.
func ShortcutTargets(in Maps, inUnits UnitSet, out Maps, outUnits UnitSet) []int32 {
	targets := make([]int32, in.Width(inUnits))
	for c := range targets {
		targets[c] = -1
	}
	for o, c := range ShortcutSources(in, inUnits, out, outUnits) {
		if c >= 0 {
			targets[c] = int32(o)
		}
	}
	return targets
}

// MapIndices is a table of a head's maps on the device: for each map one of another tensor, or -1 for none.
type MapIndices struct {
	gpu.Range     // [maps] int32
	Run       int // what MapRun says of them; 0 where nobody asked
}

// MapRun is the length of the runs that indices come in: in each group of so many, from the first on, either none is -1 and they
// ascend by one, or all are -1.
func MapRun(indices []int32) int {
	run := len(indices)
	for i := 1; i < len(indices); i++ {
		if goesOn := indices[i-1] >= 0 && indices[i] == indices[i-1]+1 || indices[i-1] < 0 && indices[i] < 0; !goesOn {
			run = greatestCommonDivisor(run, i)
		}
	}
	return run
}

func greatestCommonDivisor(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// ShortcutHead is what one head brings to the shortcut's gradient.
type ShortcutHead struct {
	Y, DY  Activations // the block's output and its gradient
	Masked bool        // DY is 0 already where Y is not positive
	DX     Activations // gradient of the block's input, to which the shortcut's is added
	Target MapIndices  // ShortcutTargets, of DX's maps
}

// ShortcutBackward records DX += the gradient of the shortcut, for every head in one dispatch.
func (b *Builder) ShortcutBackward(name string, heads []ShortcutHead, stride int) {
	var norms []NormHead
	var whole []int
	for _, h := range heads {
		whole = append(whole, h.DX.Maps, max(1, h.Target.Run))
		norms = append(norms, NormHead{DX: h.DX, DY: h.DY, Residual: h.Y, Source: h.Target})
	}
	op, push := b.normPass(name+" shortcut backward", norms, func(h NormHead, op *gpu.Op) {
		op.Reads, op.Writes = append(op.Reads, h.Residual.Range, h.DY.Range, h.DX.Range), append(op.Writes, h.DX.Range)
		op.Bytes += 2*h.Residual.inside() + 2*h.DX.inside()
	}, func(h NormHead) Activations { return h.DX })
	b.dispatchWide(whole, "shortcut_backward", op, push, normBlockRows, normTurns, stride, flag(heads[0].Masked))
}
