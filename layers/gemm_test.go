package layers

import (
	"cmp"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/gpu/ondevice"
)

// everyTile are the tiles of gemm, and of matrix where the device has it, for all passes at once.
func (b *bench) everyTile() []Variants {
	var all []Variants
	for _, name := range []Variant{Gemm, Matrix} {
		f := name.kernels().(tiledFamily)
		for i := range f.tiles(b.Kernels, Forward) {
			var v Variants
			for _, p := range Passes() {
				tiles := f.tiles(b.Kernels, p)
				v[p] = f.variant(tiles[i%len(tiles)])
			}
			all = append(all, v)
		}
	}
	return all
}

func TestEveryTileGivesTheSameBitsEachTime(t *testing.T) {
	const replays = 20
	ondevice.Run(t, func(t *testing.T, d *gpu.Device) {
		b, r := newBench(t, d), rand.New(rand.NewPCG(6, 6))
		set := NewUnitSet(1, 3)
		for _, variants := range b.everyTile() {
			p := newPhysical(r, 2)
			p.Variants = variants
			x, dy := p.tensors(r, set, 3)
			h := ConvHead{In: set, Out: set, X: b.activations(x), Y: b.activations(dy)}
			forward, backward := h, h
			forward.Y, backward.X = b.blank(dy.Images, dy.Size, dy.Maps), b.blank(x.Images, x.Size, x.Maps)
			w, g := b.floats(p.w), b.empty(len(p.w))
			p.Memory.Scratch[BackwardWeights] = b.empty(max(1, b.ConvScratch(BackwardWeights, p.Conv, []ConvHead{h}, allBlocks())))
			l := b.NewBuilder()
			l.ConvForward(p.Conv, w, []ConvHead{forward}, nil)
			l.ConvBackwardData(p.Conv, w, []ConvHead{backward})
			l.ConvBackwardWeights(p.Conv, g, []ConvHead{h}, allBlocks())
			program, err := l.Finish("replayed", false)
			if err != nil {
				t.Fatal(err)
			}
			defer program.Close()
			var first [][]float32
			for range replays {
				if err := program.Run(); err != nil {
					t.Fatal(err)
				}
				got := [][]float32{b.inside(forward.Y), b.inside(backward.X), b.read(g)}
				if first == nil {
					first = got
				}
				for p, values := range got {
					sameBits(t, string(variants[p]), values, first[p])
				}
			}
			finite(t, "y", first[Forward])
			finite(t, "dx", first[BackwardData])
		}
	})
}

// described are the kernels of a device that is not there.
func described(kind gpu.DeviceType, lanes int, limits gpu.Limits, s Selection) *Kernels {
	limits.SubgroupSize = lanes
	return &Kernels{
		lanes: lanes, selection: s, precision: cmp.Or(s.Precision, FP32),
		Device: &gpu.Device{Info: gpu.DeviceInfo{
			Name: "device", Type: kind, Limits: limits,
			Features: gpu.Features{CooperativeMatrix: len(limits.MatrixShapes) > 0, Float16: true, SubgroupControl: true},
		}},
	}
}

func TestTilesAreOfferedWhereTheyFit(t *testing.T) {
	plenty := gpu.Limits{WorkgroupInvocations: 1024, SharedMemory: 48 << 10, MatrixShapes: []gpu.MatrixShape{{M: 16, N: 16, K: 16}}}
	least := gpu.Limits{WorkgroupInvocations: 128, SharedMemory: 16 << 10}
	wide, narrow := NewMaps([]int{0, 64, 128}, UnitPad), NewMaps([]int{0, 8, 16}, UnitPad)
	heads := func(m Maps, images int) []ConvHead {
		maps := m.Width(AllUnits(2))
		return []ConvHead{{In: AllUnits(2), Out: AllUnits(2), X: Activations{Images: images, Size: 16, Maps: maps}, Y: Activations{Images: images, Size: 16, Maps: maps}}}
	}
	for _, c := range []struct {
		name    string
		kernels *Kernels
		pass    Pass
		maps    Maps
		images  int
		want    []Variant
	}{
		{"a GPU, many maps", described(gpu.Discrete, 32, plenty, Selection{Variant: Auto}), Forward, wide, 64, []Variant{"gemm:128x128x16", "gemm:32x256x16", "gemm:64x128x16", "gemm:64x32x32"}},
		{"a GPU, few maps", described(gpu.Integrated, 32, plenty, Selection{Variant: Auto}), BackwardData, narrow, 64, []Variant{"gemm:32x256x16", "gemm:128x128x16", "gemm:64x128x16", "gemm:64x32x32"}},
		{"a GPU, one image", described(gpu.Discrete, 32, plenty, Selection{Variant: Auto}), Forward, wide, 1, []Variant{"gemm:64x32x32", "gemm:128x128x16", "gemm:32x256x16", "gemm:64x128x16"}},
		{"a GPU, weights", described(gpu.Discrete, 32, plenty, Selection{Variant: Auto}), BackwardWeights, wide, 64, []Variant{"gemm:64x64x16", "gemm:128x128x16"}},
		{"the least that Vulkan promises", described(gpu.Integrated, 16, least, Selection{Variant: Auto}), Forward, wide, 64, []Variant{"gemm:64x32x32"}},
		{"a CPU", described(gpu.CPU, 8, plenty, Selection{Variant: Auto}), Forward, wide, 64, nil},
		{"a CPU, forced", described(gpu.CPU, 8, least, Selection{Variant: Gemm}), Forward, wide, 64, []Variant{"gemm:64x32x32"}},
		{"a GPU in halves", described(gpu.Discrete, 32, plenty, Selection{Variant: Auto, Precision: FP16}), BackwardWeights, wide, 64, []Variant{"matrix:64x64x32", "gemm:64x64x16", "gemm:128x128x16"}},
		{"matrix, forced", described(gpu.Discrete, 32, plenty, Selection{Variant: "matrix:64x32x32"}), Forward, wide, 1, []Variant{"matrix:64x32x32", "matrix:64x128x32", "gemm:64x32x32", "gemm:128x128x16", "gemm:32x256x16", "gemm:64x128x16"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			conv := Conv{Kernel: 3, Stride: 1, InSize: 16, In: c.maps, Out: c.maps}
			all := c.kernels.Candidates(c.pass, conv, heads(c.maps, c.images))
			got := slices.DeleteFunc(all, func(v Variant) bool { return v == Flat || v.Family() == Winograd })
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestForcedVariantsThatCannotRunAreRefused(t *testing.T) {
	limits := gpu.Limits{WorkgroupInvocations: 256, SharedMemory: 32 << 10}
	for v, want := range map[Variant]bool{
		Auto: true, Flat: true, Gemm: true, "gemm:64x32x32": true, "gemm:64x64x16": true,
		"gemm:64x32x33": false, Matrix: false, "matrix:64x32x32": false,
	} {
		err := described(gpu.CPU, 8, limits, Selection{Variant: v}).checkForced()
		if (err == nil) != want || err != nil && !errors.Is(err, ErrVariant) {
			t.Errorf("%s: %v", v, err)
		}
	}
}

// A workgroup must be whole subgroups, one for each part of its tile, and a part whole matrices: else sums are wrong at random.
func TestTilesOfMatrixUnitsAreWholeMatrices(t *testing.T) {
	for _, c := range []struct {
		name        string
		lanes       int
		shapes      []gpu.MatrixShape
		invocations int
		want        gpu.MatrixShape
		count       int
	}{
		{"32 lanes", 32, []gpu.MatrixShape{{M: 16, N: 8, K: 8}, {M: 16, N: 16, K: 16}, {M: 16, N: 8, K: 16}}, 1024, gpu.MatrixShape{M: 16, N: 16, K: 16}, 2},
		{"64 lanes", 64, []gpu.MatrixShape{{M: 16, N: 16, K: 16}}, 1024, gpu.MatrixShape{M: 16, N: 16, K: 16}, 2},
		{"16 lanes", 16, []gpu.MatrixShape{{M: 8, N: 16, K: 16}}, 1024, gpu.MatrixShape{M: 8, N: 16, K: 16}, 2},
		{"8 lanes", 8, []gpu.MatrixShape{{M: 8, N: 8, K: 8}}, 1024, gpu.MatrixShape{M: 8, N: 8, K: 8}, 2},
		{"matrices larger than a subgroup's tile", 64, []gpu.MatrixShape{{M: 64, N: 64, K: 16}}, 1024, gpu.MatrixShape{}, 0},
		{"matrices deeper than a step", 32, []gpu.MatrixShape{{M: 16, N: 16, K: 64}}, 1024, gpu.MatrixShape{}, 0},
		{"too few threads", 32, []gpu.MatrixShape{{M: 16, N: 16, K: 16}}, 128, gpu.MatrixShape{}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			limits := gpu.Limits{WorkgroupInvocations: c.invocations, SharedMemory: 32 << 10, MatrixShapes: c.shapes}
			k := described(gpu.Discrete, c.lanes, limits, Selection{Variant: Matrix})
			if got := len(matrixTiles(k, Forward)); got != c.count {
				t.Errorf("%d tiles, want %d", got, c.count)
			}
			for _, p := range Passes() {
				for _, tile := range matrixTiles(k, p) {
					lanes, shape := tile.product[0], gpu.MatrixShape{M: tile.product[1], N: tile.product[2], K: tile.product[3]}
					maps, pixels := tile.product[4], tile.product[5]
					if shape != c.want || lanes != c.lanes || tile.threads != tile.maps/maps*tile.pixels/pixels*lanes || maps > tile.maps ||
						maps%shape.N != 0 || pixels%shape.M != 0 || tile.depth%shape.K != 0 {
						t.Errorf("%s: tile %+v", p, tile)
					}
				}
			}
		})
	}
}
