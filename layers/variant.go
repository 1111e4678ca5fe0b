package layers

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/dvn-vk/dvn-vk/gpu"
)

// Pass is a direction of a convolution.
type Pass int

// The passes of a convolution.
const (
	Forward         Pass = iota
	BackwardData         // gradient of the input
	BackwardWeights      // gradient of the weights
	passes
)

// String is the pass as records and keys name it.
func (p Pass) String() string { return [...]string{"forward", "backward_data", "backward_weights"}[p] }

// Passes lists all passes.
func Passes() []Pass { return []Pass{Forward, BackwardData, BackwardWeights} }

// Variant is a way to compute a pass of a convolution: a family of kernels, and behind a colon the shape of its tiles where it
// has several. Together with the device it decides the order of every sum, and so the bits of a run.
type Variant string

// Families of kernels; Auto stands for the choice of one by shape and device.
const (
	Auto     Variant = "auto"
	Flat     Variant = "flat"     // the direct kernels, for everything (conv.go)
	Winograd Variant = "winograd" // F(4x4, 3x3), stride 1 (winograd.go)
	Gemm     Variant = "gemm"     // products of tiles in shared memory, for GPUs (gemm.go)
	Matrix   Variant = "matrix"   // the same by matrix units, on operands rounded to 16-bit floats (matrix.go)
)

// Family is the variant without the shape of its tiles.
func (v Variant) Family() Variant {
	name, _, _ := strings.Cut(string(v), ":")
	return Variant(name)
}

// Variants says by which variant each pass of a convolution runs; the empty one is Flat.
type Variants [passes]Variant

// family computes the passes of convolutions in one way. The convolution carries the memory that scratch and prepared ask for.
type family interface {
	// candidates lists the variants by which a pass of these heads can run on the device, the default first.
	candidates(k *Kernels, p Pass, c Conv, heads []ConvHead) []Variant
	// suits tells whether the default is faster than the direct kernels on devices of this kind (docs/kernels.md).
	suits(k *Kernels, p Pass, c Conv, heads []ConvHead) bool
	// readsWeights tells whether forward and backward-data read the weights themselves, not only what prepared is for.
	readsWeights() bool
	// prepared is the number of floats of a second layout of the weights, which PrepareConvs refreshes.
	prepared(k *Kernels, p Pass, c Conv) int
	// scratch is the number of floats that a pass needs while it runs.
	scratch(k *Kernels, p Pass, c Conv, heads []ConvHead, blocks Blocks) int

	forward(b *Builder, c Conv, w gpu.Range, heads []ConvHead, epilogue *Epilogue)
	backwardData(b *Builder, c Conv, w gpu.Range, heads []ConvHead)
	backwardWeights(b *Builder, c Conv, g gpu.Range, heads []ConvHead, blocks Blocks)
}

// families in the order of preference; the last can do everything.
func families() []Variant { return []Variant{Matrix, Winograd, Gemm, Flat} }

func (v Variant) kernels() family {
	switch v.Family() {
	case Winograd:
		return winogradFamily{}
	case Gemm:
		return tiledFamily{Gemm, gemmTiles}
	case Matrix:
		return tiledFamily{Matrix, matrixTiles}
	default:
		return flatFamily{}
	}
}

// Candidates lists the variants by which a pass of a convolution can run for these heads, Flat last.
func (k *Kernels) Candidates(p Pass, c Conv, heads []ConvHead) []Variant {
	var all []Variant
	for _, v := range families() {
		all = append(all, v.kernels().candidates(k, p, c, heads)...)
	}
	return all
}

// Choose is the variant by which a pass of a convolution runs for these heads: the forced one where it is possible, else what
// the plan says, else the first family that suits the kind of device.
func (k *Kernels) Choose(p Pass, c Conv, heads []ConvHead) Variant {
	candidates := k.Candidates(p, c, heads)
	if forced := k.selection.Variant; forced != Auto {
		for _, same := range []func(Variant) bool{
			func(v Variant) bool { return v == forced },
			func(v Variant) bool { return v.Family() == forced.Family() }, // a pass without such a tile takes the family's default
		} {
			if i := slices.IndexFunc(candidates, same); i >= 0 {
				return candidates[i]
			}
		}
		return Flat
	}
	if len(k.selection.Plan) > 0 {
		if v := k.selection.Plan[PlanKey(p, c, heads)]; slices.Contains(candidates, v) {
			return v
		}
	}
	for _, v := range candidates {
		if v.kernels().suits(k, p, c, heads) {
			return v
		}
	}
	return Flat
}

// Plan is which variant runs a pass of a convolution, by PlanKey: what was measured on a device.
type Plan map[string]Variant

// PlanKey names a pass of a convolution with everything that its time depends on: kernel, stride, size, the physical units,
// what each head holds of them, and the precision.
func PlanKey(p Pass, c Conv, heads []ConvHead) string {
	var key strings.Builder
	fmt.Fprintf(&key, "%s %dx%d/%d %d %v %v", p, c.Kernel, c.Kernel, c.Stride, c.InSize, c.In.Padded, c.Out.Padded)
	for _, h := range heads {
		fmt.Fprintf(&key, " %x:%x*%d", uint16(h.In), uint16(h.Out), h.X.Images)
	}
	if heads[0].X.Precision == FP16 {
		fmt.Fprintf(&key, " %s", FP16)
	}
	return key.String()
}

// Selection is how convolutions get their variants: all by one, or with Auto by a plan, and by what suits the kind of device
// where the plan says nothing; and the precision that the kernels have. A run keeps its selection.
type Selection struct {
	Variant   Variant   `json:"variant"`
	Plan      Plan      `json:"plan,omitempty"`
	Precision Precision `json:"precision,omitempty"`
}

// WithPlan are the same kernels with a plan, which Choose follows where no variant is forced.
func (k *Kernels) WithPlan(p Plan) (*Kernels, error) {
	planned := *k
	planned.selection.Plan = p
	return &planned, planned.selection.check()
}

// EnvironmentSelection is the selection that DVNVK_CONV_VARIANT names, else Auto without a plan.
func EnvironmentSelection() (Selection, error) {
	s := Selection{Variant: Auto}
	if name := os.Getenv("DVNVK_CONV_VARIANT"); name != "" {
		s.Variant = Variant(name)
	}
	if err := s.check(); err != nil {
		return s, fmt.Errorf("DVNVK_CONV_VARIANT: %w", err)
	}
	return s, nil
}

// ErrVariant is wrapped where a device cannot run a forced variant at all.
var ErrVariant = errors.New("not possible on this device")

// checkForced tells whether some pass can run by the forced variant.
func (k *Kernels) checkForced() error {
	forced := k.selection.Variant
	f, ok := forced.kernels().(tiledFamily)
	if !ok || forced == Auto {
		return nil
	}
	var known []Variant
	for _, p := range Passes() {
		for _, t := range f.tiles(k, p) {
			known = append(known, f.variant(t))
		}
	}
	if len(known) == 0 {
		return fmt.Errorf("convolution kernels %s: %w: %s has no matrix units for 16-bit floats that they could use: take auto", forced, ErrVariant, k.Device.Info.Name)
	}
	if forced != f.name && !slices.Contains(known, forced) {
		slices.Sort(known)
		return fmt.Errorf("convolution kernels %s: %w: of this family %s has %v", forced, ErrVariant, k.Device.Info.Name, slices.Compact(known))
	}
	return nil
}

func (s Selection) check() error {
	if s.Precision != "" && !slices.Contains(Precisions(), s.Precision) {
		return fmt.Errorf("precision %q: there are %v", s.Precision, Precisions())
	}
	known := append([]Variant{Auto}, families()...)
	for _, v := range append([]Variant{s.Variant}, slices.Collect(maps.Values(s.Plan))...) {
		if !slices.Contains(known, v.Family()) {
			return fmt.Errorf("convolution kernels %q: there are %v", v, known)
		}
	}
	return nil
}
