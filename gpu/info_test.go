package gpu

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	vk "github.com/vulkan-go/vulkan"

	"github.com/dvn-vk/dvn-vk/gpu/vkx"
)

// everything is a device with all that Vulkan offers.
func everything() vkx.Description {
	return vkx.Description{
		Computes: true, TimestampValidBits: 64,
		BufferDeviceAddress: true, ScalarBlockLayout: true, Maintenance4: true, Synchronization2: true, TimelineSemaphore: true,
		SubgroupSizeControl: true, FullSubgroups: true,
		SubgroupStages: ^uint32(0), SubgroupOperations: ^uint32(0), RequiredSubgroupSizeStages: ^uint32(0),
		Features: vkx.Features{Float16: true, Int16: true, Int64: true, Storage16: true, MemoryBudget: true, CooperativeMatrix: true},
	}
}

func TestEachSwitchTakesOneFeatureAway(t *testing.T) {
	all := Features{
		Float16: true, Int16: true, Int64: true, Storage16: true, MemoryBudget: true, CooperativeMatrix: true,
		Timestamps: true, SubgroupControl: true,
	}
	if got := optionalFeatures(everything()); got != all {
		t.Fatalf("without switches: %+v, want %+v", got, all)
	}
	for name, without := range map[string]func(*Features){
		"DVNVK_DISABLE_FP16":               func(f *Features) { f.Float16, f.Storage16 = false, false },
		"DVNVK_DISABLE_INT16":              func(f *Features) { f.Int16 = false },
		"DVNVK_DISABLE_INT64":              func(f *Features) { f.Int64 = false },
		"DVNVK_DISABLE_16BIT_STORAGE":      func(f *Features) { f.Storage16 = false },
		"DVNVK_DISABLE_MEMORY_BUDGET":      func(f *Features) { f.MemoryBudget = false },
		"DVNVK_DISABLE_COOPERATIVE_MATRIX": func(f *Features) { f.CooperativeMatrix = false },
		"DVNVK_DISABLE_TIMESTAMPS":         func(f *Features) { f.Timestamps = false },
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, "0")
			if got := optionalFeatures(everything()); got != all {
				t.Errorf("at 0: %+v, want all", got)
			}
			t.Setenv(name, "1")
			want := all
			without(&want)
			if got := optionalFeatures(everything()); got != want {
				t.Errorf("at 1: %+v, want %+v", got, want)
			}
		})
	}
	if got, want := optionalFeatures(vkx.Description{}), (Features{}); got != want {
		t.Errorf("a device with nothing: %+v", got)
	}
}

func TestEverySwitchOnAtOnceStillRuns(t *testing.T) {
	for _, name := range []string{
		"DISABLE_FP16", "DISABLE_INT16", "DISABLE_INT64", "DISABLE_16BIT_STORAGE", "DISABLE_MEMORY_BUDGET",
		"DISABLE_COOPERATIVE_MATRIX", "DISABLE_TIMESTAMPS", "FORCE_STAGING",
	} {
		t.Setenv("DVNVK_"+name, "1")
	}
	onEveryDevice(t, func(t *testing.T, d *Device) {
		if got, want := d.Info.Features, (Features{SubgroupControl: d.Info.Features.SubgroupControl}); got != want {
			t.Errorf("features %+v, want none", got)
		}
		if shapes := d.Info.Limits.MatrixShapes; len(shapes) > 0 {
			t.Errorf("matrices %v, want none", shapes)
		}
		x, y := newFloats(t, d, "x", 1, 2, 3), newFloats(t, d, "y", 10, 20, 30)
		r := d.NewRecorder()
		r.Dispatch(axpy(t, d, "axpy", 2, x, y))
		run(t, build(t, r, "list", true))
		wantFloats(t, "y", floats(t, y), []float32{12, 24, 36})
	})
}

func TestProblemsNameWhatADeviceLacks(t *testing.T) {
	const v13 = vkx.APIVersion1_3
	for _, c := range []struct {
		name string
		api  uint32
		take func(*vkx.Description)
		want []string
	}{
		{"nothing", v13, func(*vkx.Description) {}, nil},
		{"newer than the baseline", 1<<22 | 4<<12, func(*vkx.Description) {}, nil},
		{"old version", 1<<22 | 2<<12 | 9, func(*vkx.Description) {}, []string{"offers Vulkan 1.2.9, 1.3 is needed: update its driver"}},
		{"queue", v13, func(d *vkx.Description) { d.Computes = false }, []string{"lacks a compute queue"}},
		{"address", v13, func(d *vkx.Description) { d.BufferDeviceAddress = false }, []string{"lacks bufferDeviceAddress"}},
		{"layout", v13, func(d *vkx.Description) { d.ScalarBlockLayout = false }, []string{"lacks scalarBlockLayout"}},
		{"maintenance", v13, func(d *vkx.Description) { d.Maintenance4 = false }, []string{"lacks maintenance4"}},
		{"synchronization", v13, func(d *vkx.Description) { d.Synchronization2 = false }, []string{"lacks synchronization2"}},
		{"timeline", v13, func(d *vkx.Description) { d.TimelineSemaphore = false }, []string{"lacks timelineSemaphore"}},
		{"size control", v13, func(d *vkx.Description) { d.SubgroupSizeControl = false }, []string{"lacks subgroupSizeControl"}},
		{"full subgroups", v13, func(d *vkx.Description) { d.FullSubgroups = false }, []string{"lacks computeFullSubgroups"}},
		{"ballots", v13, func(d *vkx.Description) { d.SubgroupOperations = vkx.SubgroupFeatureBasicBit }, []string{"lacks subgroup broadcasts in compute shaders"}},
		{"two", v13, func(d *vkx.Description) { d.Maintenance4, d.ScalarBlockLayout = false, false }, []string{"lacks scalarBlockLayout", "lacks maintenance4"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := everything()
			c.take(&d)
			if got := problems(c.api, d); !slices.Equal(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestMemoryIsUnifiedWhereTheHostReachesAllOfIt(t *testing.T) {
	const (
		device = vk.MemoryPropertyDeviceLocalBit
		host   = vk.MemoryPropertyHostVisibleBit | vk.MemoryPropertyHostCoherentBit
	)
	big, window := vkx.MemoryHeap{Size: 8 << 30}, vkx.MemoryHeap{Size: 256 << 20}
	for _, c := range []struct {
		name  string
		types []vkx.MemoryType
		heaps []vkx.MemoryHeap
		want  bool
	}{
		{"one heap", []vkx.MemoryType{{Flags: device | host}}, []vkx.MemoryHeap{big}, true},
		{"separate heaps", []vkx.MemoryType{{Flags: device}, {Flags: host, Heap: 1}}, []vkx.MemoryHeap{big, big}, false},
		{"a window into the device", []vkx.MemoryType{{Flags: device}, {Flags: device | host, Heap: 1}}, []vkx.MemoryHeap{big, window}, false},
		{"not coherent", []vkx.MemoryType{{Flags: device | vk.MemoryPropertyHostVisibleBit}}, []vkx.MemoryHeap{big}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := hasUnifiedMemory(c.types, c.heaps); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func TestEveryDeviceIsDescribed(t *testing.T) {
	i := newInstance(t)
	if len(i.Devices()) == 0 {
		t.Fatal(i.noDevice("tests need one"))
	}
	for index, d := range i.Devices() {
		if d.Index != index || d.Name == "" || d.API == "" {
			t.Errorf("device %d: %+v", index, d)
		}
		if len(d.Problems) > 0 {
			continue
		}
		l := d.Limits
		for _, limit := range []struct {
			name         string
			value, least uint64
		}{
			{"push constants", uint64(l.PushConstants), MaxPushBytes},
			{"shared memory", uint64(l.SharedMemory), 16 << 10},
			{"invocations", uint64(l.WorkgroupInvocations), 128},
			{"workgroups", uint64(slices.Min(l.WorkgroupCount[:])), workgroupsPerAxis},
			{"subgroup size", uint64(l.SubgroupSize), 1},
			{"largest subgroup", uint64(l.MaxSubgroupSize), uint64(l.MinSubgroupSize)},
			{"allocation", l.MaxAllocation, 1 << 28},
			{"buffer", l.MaxBuffer, 1 << 28},
			{"memory", l.Memory, 1 << 28},
		} {
			if limit.value < limit.least {
				t.Errorf("%s: %s %d, Vulkan promises %d", d.Name, limit.name, limit.value, limit.least)
			}
		}
		for _, s := range l.MatrixShapes {
			if min(s.M, s.N, s.K) < 1 {
				t.Errorf("%s: matrices of %s", d.Name, s)
			}
		}
		if d.Driver == "" || !strings.HasPrefix(d.API, "1.") {
			t.Errorf("%s: driver %q, API %q", d.Name, d.Driver, d.API)
		}
	}
}

func TestMachineWithoutDriversIsNoDevice(t *testing.T) {
	nothing := filepath.Join(t.TempDir(), "nothing.json")
	for _, name := range []string{"VK_DRIVER_FILES", "VK_ICD_FILENAMES"} { // the second is older loaders' name
		t.Setenv(name, nothing)
	}
	t.Setenv("DVNVK_VALIDATION", "0") // or the loader's own complaint comes first
	i, err := NewInstance()
	if err == nil { // newer loaders make an instance without devices
		defer i.Close()
		_, _, err = i.Choose("")
	}
	wantError(t, err, ErrNoDevice, "mesa-vulkan-drivers")
}

func TestValidationWithoutItsLayerIsAnError(t *testing.T) {
	empty := t.TempDir()
	t.Setenv("VK_LAYER_PATH", empty)
	t.Setenv("VK_ADD_LAYER_PATH", "")
	t.Setenv("DVNVK_VALIDATION", "1")
	_, err := NewInstance()
	wantError(t, err, nil, "vulkan-validationlayers", "unset the variable")
}
