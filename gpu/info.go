package gpu

import (
	"fmt"
	"strings"

	"github.com/google/uuid"
	vk "github.com/vulkan-go/vulkan"

	"github.com/dvn-vk/dvn-vk/gpu/vkx"
)

// DeviceType orders devices by what the automatic choice prefers.
type DeviceType string

// The kinds of device that Vulkan tells apart.
const (
	Discrete   DeviceType = "discrete"
	Integrated DeviceType = "integrated"
	Virtual    DeviceType = "virtual"
	CPU        DeviceType = "cpu"
	Other      DeviceType = "other"
)

// DeviceInfo describes a device: identity, limits and the features that matter here.
type DeviceInfo struct {
	Index         int        `json:"index"`
	Name          string     `json:"name"`
	Type          DeviceType `json:"type"`
	UUID          uuid.UUID  `json:"uuid"`
	VendorID      uint32     `json:"vendor_id"`
	API           string     `json:"api"`
	Driver        string     `json:"driver"` // name and version in the driver's own words
	DriverVersion uint32     `json:"driver_version"`

	Limits   Limits   `json:"limits"`
	Features Features `json:"features"`
	// Problems says why the device cannot be used; empty for one that can.
	Problems []string `json:"problems,omitempty"`

	physical    vkx.Handle
	description vkx.Description
}

// Limits of a device; sizes in bytes.
type Limits struct {
	PushConstants        int       `json:"push_constants"`
	SharedMemory         int       `json:"shared_memory"`
	WorkgroupInvocations int       `json:"workgroup_invocations"`
	WorkgroupCount       [3]uint32 `json:"workgroup_count"`
	SubgroupSize         int       `json:"subgroup_size"`
	MinSubgroupSize      int       `json:"min_subgroup_size"`
	MaxSubgroupSize      int       `json:"max_subgroup_size"`
	MaxAllocation        uint64    `json:"max_allocation"`
	MaxBuffer            uint64    `json:"max_buffer"`
	Memory               uint64    `json:"memory"` // of the largest device-local heap
	TimestampPeriodNS    float64   `json:"timestamp_period_ns"`
	TimestampValidBits   int       `json:"timestamp_valid_bits"`
	// MatrixShapes are the products of matrices of 16-bit floats, summed in 32-bit floats, that a subgroup computes.
	MatrixShapes []MatrixShape `json:"matrix_shapes,omitempty"`
}

// MatrixShape is the size of a product of matrices: M x K by K x N.
type MatrixShape struct {
	M int `json:"m"`
	N int `json:"n"`
	K int `json:"k"`
}

// String is the shape as drivers' lists have it.
func (s MatrixShape) String() string { return fmt.Sprintf("%dx%dx%d", s.M, s.N, s.K) }

// Features are optional; each is off where the device lacks it or DVNVK_DISABLE_... switches it off.
type Features struct {
	Float16           bool `json:"fp16"`               // DVNVK_DISABLE_FP16
	Int16             bool `json:"int16"`              // DVNVK_DISABLE_INT16
	Int64             bool `json:"int64"`              // DVNVK_DISABLE_INT64
	Storage16         bool `json:"storage16"`          // DVNVK_DISABLE_16BIT_STORAGE, DVNVK_DISABLE_FP16
	MemoryBudget      bool `json:"memory_budget"`      // DVNVK_DISABLE_MEMORY_BUDGET
	CooperativeMatrix bool `json:"cooperative_matrix"` // DVNVK_DISABLE_COOPERATIVE_MATRIX
	Timestamps        bool `json:"timestamps"`         // DVNVK_DISABLE_TIMESTAMPS
	SubgroupControl   bool `json:"subgroup_control"`   // the subgroup size of a compute shader can be required
	Unified           bool `json:"unified_memory"`     // host and device share memory: buffers are mapped; DVNVK_FORCE_STAGING switches it off
}

func (i *Instance) describe(index int, physical vkx.Handle) DeviceInfo {
	var p vk.PhysicalDeviceProperties
	vk.GetPhysicalDeviceProperties(vkx.As[vk.PhysicalDevice](physical), &p)
	p.Deref()
	p.Limits.Deref()
	defer p.Free()
	d := i.vkx.Describe(physical, p.ApiVersion)
	info := DeviceInfo{
		Index: index, Name: vk.ToString(p.DeviceName[:]), UUID: uuid.UUID(d.DeviceUUID),
		Type: deviceType(p.DeviceType), VendorID: p.VendorID,
		API: versionString(p.ApiVersion), DriverVersion: p.DriverVersion,
		Driver: strings.TrimSpace(d.DriverName + " " + d.DriverInfo),
		Limits: Limits{
			PushConstants:        int(p.Limits.MaxPushConstantsSize),
			SharedMemory:         int(p.Limits.MaxComputeSharedMemorySize),
			WorkgroupInvocations: int(p.Limits.MaxComputeWorkGroupInvocations),
			WorkgroupCount:       p.Limits.MaxComputeWorkGroupCount,
			SubgroupSize:         d.SubgroupSize,
			MinSubgroupSize:      d.MinSubgroupSize,
			MaxSubgroupSize:      d.MaxSubgroupSize,
			MaxAllocation:        d.MaxAllocation,
			MaxBuffer:            d.MaxBufferSize,
			TimestampPeriodNS:    float64(p.Limits.TimestampPeriod),
			TimestampValidBits:   d.TimestampValidBits,
		},
		physical: physical, description: d,
	}
	types, heaps := i.vkx.Memory(physical, false)
	info.Limits.Memory = largestHeap(types, heaps, vk.MemoryPropertyDeviceLocalBit)
	info.Features = optionalFeatures(d)
	info.Features.Timestamps = info.Features.Timestamps && p.Limits.TimestampPeriod > 0
	info.Features.Unified = info.Type != Discrete && hasUnifiedMemory(types, heaps) && !switchedOn("FORCE_STAGING")
	info.Problems = problems(p.ApiVersion, d)
	if info.Features.CooperativeMatrix { // some drivers crash when asked, so not where it is switched off
		for _, s := range i.vkx.MatrixShapes(physical) {
			info.Limits.MatrixShapes = append(info.Limits.MatrixShapes, MatrixShape(s))
		}
	}
	return info
}

// optionalFeatures are those that a device has and nobody switched off.
func optionalFeatures(d vkx.Description) Features {
	return Features{
		Float16:           d.Float16 && !switchedOn("DISABLE_FP16"),
		Int16:             d.Int16 && !switchedOn("DISABLE_INT16"),
		Int64:             d.Int64 && !switchedOn("DISABLE_INT64"),
		Storage16:         d.Storage16 && !switchedOn("DISABLE_16BIT_STORAGE") && !switchedOn("DISABLE_FP16"),
		MemoryBudget:      d.MemoryBudget && !switchedOn("DISABLE_MEMORY_BUDGET"),
		CooperativeMatrix: d.CooperativeMatrix && !switchedOn("DISABLE_COOPERATIVE_MATRIX"),
		Timestamps:        d.TimestampValidBits > 0 && !switchedOn("DISABLE_TIMESTAMPS"),
		SubgroupControl:   d.RequiredSubgroupSizeStages&vkx.ShaderStageComputeBit != 0,
	}
}

// problems lists what a device lacks of the baseline: Vulkan 1.3 with the features below (docs/decisions/007).
func problems(api uint32, d vkx.Description) []string {
	if api < vkx.APIVersion1_3 {
		return []string{fmt.Sprintf("offers Vulkan %s, 1.3 is needed: update its driver", versionString(api))}
	}
	var missing []string
	for _, need := range []struct {
		has  bool
		name string
	}{
		{d.Computes, "a compute queue"}, {d.BufferDeviceAddress, "bufferDeviceAddress"}, {d.ScalarBlockLayout, "scalarBlockLayout"},
		{d.Maintenance4, "maintenance4"}, {d.Synchronization2, "synchronization2"}, {d.TimelineSemaphore, "timelineSemaphore"},
		{d.SubgroupSizeControl, "subgroupSizeControl"}, {d.FullSubgroups, "computeFullSubgroups"},
		{d.SubgroupStages&vkx.ShaderStageComputeBit != 0 && d.SubgroupOperations&vkx.SubgroupFeatureBasicBit != 0 && d.SubgroupOperations&vkx.SubgroupFeatureBallotBit != 0, "subgroup broadcasts in compute shaders"},
	} {
		if !need.has {
			missing = append(missing, "lacks "+need.name)
		}
	}
	return missing
}

func deviceType(t vk.PhysicalDeviceType) DeviceType {
	switch t {
	case vk.PhysicalDeviceTypeDiscreteGpu:
		return Discrete
	case vk.PhysicalDeviceTypeIntegratedGpu:
		return Integrated
	case vk.PhysicalDeviceTypeVirtualGpu:
		return Virtual
	case vk.PhysicalDeviceTypeCpu:
		return CPU
	}
	return Other
}

func versionString(v uint32) string { return fmt.Sprintf("%d.%d.%d", v>>22&0x7f, v>>12&0x3ff, v&0xfff) }

const unifiedFlags = vk.MemoryPropertyDeviceLocalBit | vk.MemoryPropertyHostVisibleBit | vk.MemoryPropertyHostCoherentBit

// hasUnifiedMemory tells that the host can reach the device's main memory, not just a window into it.
func hasUnifiedMemory(types []vkx.MemoryType, heaps []vkx.MemoryHeap) bool {
	reachable := largestHeap(types, heaps, unifiedFlags)
	return reachable > 0 && reachable == largestHeap(types, heaps, vk.MemoryPropertyDeviceLocalBit)
}

// largestHeap is the size of the largest heap that has a memory type with these flags.
func largestHeap(types []vkx.MemoryType, heaps []vkx.MemoryHeap, flags vk.MemoryPropertyFlagBits) (size uint64) {
	for _, t := range types {
		if t.Flags&flags == flags {
			size = max(size, heaps[t.Heap].Size)
		}
	}
	return size
}
