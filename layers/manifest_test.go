package layers

import (
	"encoding/binary"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/shaders"
)

// pushes are the push constants of every shader as the host lays them out.
var pushes = map[string]any{
	"bn_apply":                       normPush{},
	"bn_backward_apply":              normPush{},
	"bn_backward_merge":              normMergePush{},
	"bn_backward_sums":               normPush{},
	"bn_merge":                       normMergePush{},
	"bn_shared":                      normSharedPush{},
	"bn_statistics":                  normPush{},
	"ceiling_copy":                   ceilingCopyPush{},
	"ceiling_fma":                    ceilingFMAPush{},
	"ceiling_fma16":                  ceilingFMAPush{},
	"ceiling_matrix":                 ceilingMatrixPush{},
	"conv_backward_data":             convBackwardDataPush{},
	"conv_backward_data_wide":        convBackwardDataPush{},
	"conv_backward_weights":          convBackwardWeightsPush{},
	"conv_backward_weights_wide":     convBackwardWeightsPush{},
	"conv_forward":                   convForwardPush{},
	"conv_forward_wide":              convForwardWidePush{},
	"conv_sum_partials":              convSumPartialsPush{},
	"dense_backward_data":            denseBackwardDataPush{},
	"dense_backward_weights":         densePush{},
	"dense_forward":                  densePush{},
	"gemm_backward_data":             gemmBackwardDataPush{},
	"gemm_backward_weights":          gemmBackwardWeightsPush{},
	"gemm_forward":                   gemmForwardPush{},
	"gemm_sum_partials":              gemmSumPartialsPush{},
	"head_sum":                       headSumPush{},
	"loss":                           lossPush{},
	"loss_mean":                      lossMeanPush{},
	"loss_scale_check":               lossScaleCheckPush{},
	"loss_scale_update":              lossScaleUpdatePush{},
	"matrix_backward_data":           gemmBackwardDataPush{},
	"matrix_backward_weights":        gemmBackwardWeightsPush{},
	"matrix_forward":                 gemmForwardPush{},
	"pool_backward":                  poolPush{},
	"pool_forward":                   poolPush{},
	"sgd":                            sgdPush{},
	"shortcut_backward":              normPush{},
	"weights_half":                   weightsHalfPush{},
	"weights_turned":                 weightsTurnedPush{},
	"winograd_gradient":              winogradGradientPush{},
	"winograd_gradient_product":      winogradGradientProductPush{},
	"winograd_gradient_product_wide": winogradGradientProductPush{},
	"winograd_output":                winogradOutputPush{},
	"winograd_output_backward":       winogradOutputBackwardPush{},
	"winograd_output_statistics":     winogradOutputPush{},
	"winograd_product":               winogradProductPush{},
	"winograd_product_wide":          winogradProductPush{},
	"winograd_tiles":                 winogradTilesPush{},
	"winograd_weights":               winogradWeightsPush{},
}

// tables are the entries of every table.
var tables = map[string]any{
	"ConvHead":        convHead{},
	"ConvTile":        convTile{},
	"DenseGroup":      denseGroup{},
	"DenseHead":       denseHead{},
	"HalfWeights":     halfWeights{},
	"LossHead":        lossHead{},
	"LossScale":       LossScale{},
	"NormHead":        normHead{},
	"NormParameters":  normParameters{},
	"PoolHead":        poolHead{},
	"Segment":         sgdSegment{},
	"Source":          struct{ X uint64 }{},
	"TurnedWeights":   turnedWeights{},
	"WinogradHead":    winogradHead{},
	"WinogradLayer":   winogradLayer{},
	"WinogradThrough": winogradThrough{},
}

func manifest(t *testing.T) shaders.Manifest {
	t.Helper()
	m, err := shaders.ReadManifest()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestEveryShaderHasItsPushConstantsAndTables(t *testing.T) {
	m := manifest(t)
	if got, want := slices.Sorted(maps.Keys(pushes)), slices.Sorted(maps.Keys(m)); !slices.Equal(got, want) {
		t.Errorf("host has %v, manifest has %v", got, want)
	}
	named := map[string]bool{}
	for _, entry := range m {
		for name := range entry.Tables {
			named[name] = true
		}
	}
	if got, want := slices.Sorted(maps.Keys(tables)), slices.Sorted(maps.Keys(named)); !slices.Equal(got, want) {
		t.Errorf("host has the tables %v, manifest has %v", got, want)
	}
}

func TestPushConstantsAreTheShaders(t *testing.T) {
	for name, entry := range manifest(t) {
		t.Run(name, func(t *testing.T) {
			sameMembers(t, entry.Push, pushes[name])
			if size := binary.Size(pushes[name]); size != entry.PushBytes || size > gpu.MaxPushBytes {
				t.Errorf("host has %d bytes, shader %d, devices take %d", size, entry.PushBytes, gpu.MaxPushBytes)
			}
		})
	}
}

func TestTablesAreTheShaders(t *testing.T) {
	for name, entry := range manifest(t) {
		for table, layout := range entry.Tables {
			t.Run(name+"/"+table, func(t *testing.T) {
				sameMembers(t, layout.Members, tables[table])
				if size := binary.Size(tables[table]); size != layout.Stride {
					t.Errorf("host has %d bytes an entry, shader %d", size, layout.Stride)
				}
				if layout.Stride > tableMargin {
					t.Errorf("an entry has %d bytes, what follows a table %d", layout.Stride, tableMargin)
				}
			})
		}
	}
}

// sameMembers compares names, offsets and sizes, as encoding/binary writes the structure: without padding of its own. Host
// names are the shaders' in Go's writing; fields named _ fill what scalar layout leaves free at the end.
func sameMembers(t *testing.T, members []shaders.Member, structure any) {
	t.Helper()
	offset, i := 0, 0
	for _, field := range reflect.VisibleFields(reflect.TypeOf(structure)) {
		size := binary.Size(reflect.Zero(field.Type).Interface())
		if field.Name != "_" {
			got := shaders.Member{Name: strings.ToLower(field.Name), Offset: offset, Size: size}
			if i == len(members) {
				t.Fatalf("host has %+v, shader nothing more", got)
			}
			want := members[i]
			want.Name = strings.ReplaceAll(want.Name, "_", "")
			if got != want {
				t.Errorf("host has %+v, shader %+v", got, want)
			}
			i++
		}
		offset += size
	}
	if i < len(members) {
		t.Errorf("shader has %+v, host nothing more", members[i])
	}
}

func TestSpecializationConstantsCountFromTheWorkgroupSize(t *testing.T) {
	for name, entry := range manifest(t) {
		workgroup := "LANES" // one subgroup
		if strings.HasPrefix(name, "gemm_") && name != "gemm_sum_partials" || strings.HasPrefix(name, "matrix_") {
			workgroup = "THREADS"
		}
		if entry.LocalSizeID != 0 || len(entry.Constants) == 0 || entry.Constants[0].Name != workgroup {
			t.Errorf("%s: constant 0 is not the workgroup size: %+v", name, entry)
		}
		for i, c := range entry.Constants {
			if c.ID != uint32(i) {
				t.Errorf("%s: constant %s has id %d, want %d: ids count up in order", name, c.Name, c.ID, i)
			}
		}
	}
}

func TestShadersThatUseSubgroupsAskForWholeOnes(t *testing.T) {
	for name, entry := range manifest(t) {
		source, err := os.ReadFile(filepath.Join("..", "shaders", name+".comp"))
		if err != nil {
			t.Fatal(err)
		}
		text := string(source)
		subgroups := strings.Contains(text, `"rows.glsl"`) || strings.Contains(text, "subgroupBroadcast") || strings.HasPrefix(name, "matrix_") || name == "ceiling_matrix"
		if entry.SubgroupSized != subgroups {
			t.Errorf("%s: subgroup-sized %v, want %v", name, entry.SubgroupSized, subgroups)
		}
	}
}
