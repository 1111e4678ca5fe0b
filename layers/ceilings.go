package layers

import (
	"fmt"

	"github.com/dvn-vk/dvn-vk/gpu"
)

// Operations that measure what limits a device. No network needs what they compute, but it can be checked.

const (
	ceilingSums  = 12 // independent numbers of a lane
	ceilingSteps = 64 // multiply-adds of a number in a turn
	ceilingPairs = 32 // pairs that a lane copies

	ceilingMatrices    = 4  // independent matrices of a subgroup
	ceilingMatrixSteps = 16 // products of a matrix in a turn
)

// As shaders/ceiling_fma.glsl declares it.
type ceilingFMAPush struct {
	To             uint64
	Groups, Turns  uint32
	Factor, Addend float32
}

type ceilingMatrixPush struct {
	To            uint64
	Groups, Turns uint32
	Factor        float32
}

type ceilingCopyPush struct {
	From, To       uint64
	Groups, Chunks uint32
}

// FMACeiling is a dispatch of multiply-adds that touch no memory: what limits arithmetic.
type FMACeiling struct {
	Half   bool            // fp16, for devices that have Features.Float16; else fp32
	Matrix gpu.MatrixShape // or on matrix units, products of this shape (MatrixCeiling)
	Groups int
	Turns  int // at most MaxTurns
}

// MatrixCeiling is the shape of the largest product of the device's matrix units that are for 16-bit floats; false: there are none.
func (k *Kernels) MatrixCeiling() (largest gpu.MatrixShape, ok bool) {
	for _, s := range k.matrixShapes() {
		if s.M*s.N*s.K > largest.M*largest.N*largest.K {
			largest, ok = s, true
		}
	}
	return largest, ok
}

func (c FMACeiling) matrix() bool { return c.Matrix.M > 0 }

// MaxTurns is how long a dispatch can count without rounding.
func (c FMACeiling) MaxTurns() int {
	switch {
	case c.matrix():
		return 1<<24/(ceilingMatrices*ceilingMatrixSteps*c.Matrix.K) - 1
	case c.Half:
		return 31
	}
	return 1 << 14
}

// Floats is the number of results that a dispatch writes.
func (c FMACeiling) Floats(k *Kernels) int {
	if c.matrix() {
		return c.Groups * c.Matrix.M * c.Matrix.N
	}
	return c.Groups * k.lanes
}

// FLOPs of a dispatch, a multiply-add being two.
func (c FMACeiling) FLOPs(k *Kernels) float64 {
	each := c.width() * ceilingSums * ceilingSteps
	if c.matrix() {
		each = c.Matrix.K * ceilingMatrices * ceilingMatrixSteps
	}
	return 2 * float64(each) * float64(c.Turns) * float64(c.Floats(k))
}

// Result is what each of the results must be: the numbers begin with 0, 1, 2, ... and a step adds 1, of matrices K.
func (c FMACeiling) Result() float32 {
	if c.matrix() {
		return float32(c.Matrix.K*ceilingMatrices*ceilingMatrixSteps*c.Turns + ceilingMatrices*(ceilingMatrices-1)/2)
	}
	return float32(c.width() * (ceilingSums*ceilingSteps*c.Turns + ceilingSums*(ceilingSums-1)/2))
}

// width is the number of numbers in a register of a lane.
func (c FMACeiling) width() int {
	if c.Half {
		return 2
	}
	return 1
}

// FMACeiling records a dispatch of multiply-adds that leaves its results in to.
func (b *Builder) FMACeiling(c FMACeiling, to gpu.Range) {
	shader := "ceiling_fma"
	if c.Half {
		shader = "ceiling_fma16"
	}
	switch k := b.kernels; {
	case c.Half && !k.Device.Info.Features.Float16:
		b.fail(fmt.Errorf("multiply-adds in fp16: %s has none, take fp32", k.Device.Info.Name))
	case c.Turns > c.MaxTurns() || to.Size < 4*uint64(c.Floats(k)):
		b.fail(fmt.Errorf("multiply-adds: %w: %d turns of %d, %d results for %d bytes", ErrShape, c.Turns, c.MaxTurns(), c.Floats(k), to.Size))
	}
	op := gpu.Op{Name: "multiply-adds", Workgroups: c.Groups, Writes: []gpu.Range{to}, FLOPs: c.FLOPs(b.kernels)}
	if c.matrix() {
		push := ceilingMatrixPush{To: address(to), Groups: uint32(c.Groups), Turns: uint32(c.Turns), Factor: 1}
		b.dispatch("ceiling_matrix", op, push, ceilingMatrices, ceilingMatrixSteps, c.Matrix.M, c.Matrix.N, c.Matrix.K)
		return
	}
	push := ceilingFMAPush{To: address(to), Groups: uint32(c.Groups), Turns: uint32(c.Turns), Factor: 1, Addend: 1}
	b.dispatch(shader, op, push, ceilingSums, ceilingSteps)
}

// CopyCeilingBytes is what the size of a copy must be a multiple of.
func (k *Kernels) CopyCeilingBytes() uint64 { return uint64(8 * ceilingPairs * k.lanes) }

// CopyCeiling records a dispatch that copies from to to, passes times over: what limits memory. Both have the same size, a
// multiple of CopyCeilingBytes.
func (b *Builder) CopyCeiling(from, to gpu.Range, passes int) {
	chunk := b.kernels.CopyCeilingBytes()
	if from.Size != to.Size || from.Size%chunk != 0 {
		b.fail(fmt.Errorf("copy: %w: %d to %d bytes, in chunks of %d", ErrShape, from.Size, to.Size, chunk))
	}
	chunks := int(from.Size / chunk)
	op := gpu.Op{
		Name: "copy", Workgroups: chunks * passes, Reads: []gpu.Range{from}, Writes: []gpu.Range{to}, Bytes: 2 * float64(from.Size) * float64(passes),
	}
	push := ceilingCopyPush{From: address(from), To: address(to), Groups: uint32(op.Workgroups), Chunks: uint32(chunks)}
	b.dispatch("ceiling_copy", op, push, ceilingPairs)
}
