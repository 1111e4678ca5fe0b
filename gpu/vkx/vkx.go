// Package vkx is a small C shim for the calls that vulkan-go cannot make safely: everything with arrays of structures,
// pNext chains, or API newer than its 1.1 headers (docs/decisions/001). It opens the system's Vulkan loader by itself and
// needs no Vulkan headers. Only package gpu uses it; handles travel as 64-bit numbers and results as vk.Result.
package vkx

/*
#cgo CFLAGS: -std=gnu11
#cgo linux freebsd LDFLAGS: -ldl -lpthread
#include <stdlib.h>
#include "structs.h"
#include "vkx.h"
*/
import "C"

import (
	"bytes"
	"unsafe"

	vk "github.com/vulkan-go/vulkan"
)

// Handle is any Vulkan handle, dispatchable or not, on a 64-bit machine.
type Handle uint64

// As gives a handle the type that vulkan-go wants.
func As[T any](h Handle) T { return *(*T)(unsafe.Pointer(&h)) }

// From is the inverse of As.
func From[T any](h T) Handle { return *(*Handle)(unsafe.Pointer(&h)) }

// Instance is a Vulkan instance with, if asked for, the validation layer and its messenger.
type Instance struct {
	c          *C.vkxInstance
	validation bool
}

// Device is a logical device with its one queue and the functions that the shim calls.
type Device struct{ c *C.vkxDevice }

// MaxConstants is the most specialization constants that CreatePipeline takes.
const MaxConstants = C.VKX_CONSTANTS

// Numbers of Vulkan that the binding is too old to know.
const (
	APIVersion1_3               = 1<<22 | 3<<12
	BufferUsageDeviceAddressBit = C.VKX_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT
	ShaderStageComputeBit       = C.VKX_SHADER_STAGE_COMPUTE_BIT
	SubgroupFeatureBasicBit     = C.VKX_SUBGROUP_FEATURE_BASIC_BIT
	SubgroupFeatureBallotBit    = C.VKX_SUBGROUP_FEATURE_BALLOT_BIT
)

// OpenLoader returns vkGetInstanceProcAddr of the system's Vulkan loader, nil where there is none.
func OpenLoader() unsafe.Pointer { return C.vkxOpenLoader() }

// HasValidationLayer tells whether the Khronos validation layer is installed.
func HasValidationLayer(loader unsafe.Pointer) bool { return C.vkxHasValidationLayer(loader) != 0 }

// CreateInstance makes an instance of Vulkan 1.3.
func CreateInstance(loader unsafe.Pointer, validation bool) (*Instance, vk.Result) {
	instance := &Instance{validation: validation}
	result := C.vkxCreateInstance(loader, C.int(flag(validation)), &instance.c)
	return instance, vk.Result(result)
}

// Destroy releases the instance; devices must be gone.
func (i *Instance) Destroy() { C.vkxDestroyInstance(i.c) }

// Handle is the VkInstance.
func (i *Instance) Handle() Handle { return Handle(C.vkxInstanceHandle(i.c)) }

// Messages takes what the validation layer said since the last call, and how many messages did not fit.
func (i *Instance) Messages() (messages []string, dropped int) {
	if !i.validation {
		return nil, 0
	}
	buffer := make([]byte, C.VKX_MESSAGES*C.VKX_MESSAGE_SIZE)
	var lost C.uint32_t
	n := int(C.vkxTakeMessages(i.c, (*C.char)(unsafe.Pointer(&buffer[0])), &lost))
	for m := range n {
		messages = append(messages, cString(buffer[m*C.VKX_MESSAGE_SIZE:(m+1)*C.VKX_MESSAGE_SIZE]))
	}
	return messages, int(lost)
}

// PhysicalDevices lists the machine's devices, usable or not.
func (i *Instance) PhysicalDevices() ([]Handle, vk.Result) {
	var count C.uint32_t
	if result := vk.Result(C.vkxPhysicalDevices(i.c, &count, nil)); result != vk.Success || count == 0 {
		return nil, result
	}
	devices := make([]Handle, count)
	result := C.vkxPhysicalDevices(i.c, &count, (*C.uint64_t)(unsafe.Pointer(&devices[0])))
	return devices[:count], vk.Result(result)
}

// Description is what the binding cannot ask of a physical device; sizes in bytes.
type Description struct {
	DriverName, DriverInfo string
	DeviceUUID             [16]byte

	SubgroupSize, MinSubgroupSize, MaxSubgroupSize                 int
	SubgroupStages, SubgroupOperations, RequiredSubgroupSizeStages uint32

	Computes           bool // some queue family computes: QueueFamily
	QueueFamily        uint32
	TimestampValidBits int

	MaxAllocation, MaxBufferSize uint64

	BufferDeviceAddress, ScalarBlockLayout, Maintenance4, Synchronization2 bool
	TimelineSemaphore, SubgroupSizeControl, FullSubgroups                  bool
	Features
}

// Features are those that can be switched on or off for a device.
type Features struct {
	Float16, Int16, Int64, Storage16, MemoryBudget, CooperativeMatrix, PortabilitySubset bool
}

// Describe asks for the properties and features of a device whose apiVersion the binding has told.
func (i *Instance) Describe(physicalDevice Handle, apiVersion uint32) Description {
	info := C.vkxDeviceInfo{apiVersion: C.uint32_t(apiVersion)}
	C.vkxDescribe(i.c, C.uint64_t(physicalDevice), &info)
	d := Description{
		DriverName:                 cString(C.GoBytes(unsafe.Pointer(&info.driverName[0]), 256)),
		DriverInfo:                 cString(C.GoBytes(unsafe.Pointer(&info.driverInfo[0]), 256)),
		SubgroupSize:               int(info.subgroupSize),
		MinSubgroupSize:            int(info.minSubgroupSize),
		MaxSubgroupSize:            int(info.maxSubgroupSize),
		SubgroupStages:             uint32(info.subgroupStages),
		SubgroupOperations:         uint32(info.subgroupOperations),
		RequiredSubgroupSizeStages: uint32(info.requiredSubgroupSizeStages),
		QueueFamily:                uint32(info.queueFamily),
		Computes:                   info.queueFlags != 0,
		TimestampValidBits:         int(info.timestampValidBits),
		MaxAllocation:              uint64(info.maxAllocation),
		MaxBufferSize:              uint64(info.maxBufferSize),
		BufferDeviceAddress:        info.bufferDeviceAddress != 0,
		ScalarBlockLayout:          info.scalarBlockLayout != 0,
		Maintenance4:               info.maintenance4 != 0,
		Synchronization2:           info.synchronization2 != 0,
		TimelineSemaphore:          info.timelineSemaphore != 0,
		SubgroupSizeControl:        info.subgroupSizeControl != 0,
		FullSubgroups:              info.computeFullSubgroups != 0,
		Features: Features{
			Float16:           info.float16 != 0,
			Int16:             info.int16 != 0,
			Int64:             info.int64 != 0,
			Storage16:         info.storage16 != 0,
			MemoryBudget:      info.memoryBudget != 0,
			CooperativeMatrix: info.cooperativeMatrix != 0,
			PortabilitySubset: info.portabilitySubset != 0,
		},
	}
	copy(d.DeviceUUID[:], C.GoBytes(unsafe.Pointer(&info.deviceUUID[0]), 16))
	return d
}

// MatrixShape is the size of a product of matrices: M x K by K x N.
type MatrixShape struct{ M, N, K int }

// MatrixShapes lists the products of 16-bit floats, summed in 32-bit floats, that a subgroup computes on a device with
// cooperative matrices, as the driver orders them.
func (i *Instance) MatrixShapes(physicalDevice Handle) []MatrixShape {
	var numbers [3 * C.VKX_MATRIX_SHAPES]C.uint32_t
	count := int(C.vkxMatrixShapes(i.c, C.uint64_t(physicalDevice), &numbers[0]))
	var shapes []MatrixShape
	for s := range count {
		shapes = append(shapes, MatrixShape{M: int(numbers[3*s]), N: int(numbers[3*s+1]), K: int(numbers[3*s+2])})
	}
	return shapes
}

// MemoryType and MemoryHeap are as Vulkan reports them.
type MemoryType struct {
	Flags vk.MemoryPropertyFlagBits
	Heap  int
}

// MemoryHeap has Budget and Usage 0 where the driver tells none.
type MemoryHeap struct{ Size, Budget, Usage uint64 }

// Memory lists types and heaps; budget asks for VK_EXT_memory_budget, which the device must have.
func (i *Instance) Memory(physicalDevice Handle, budget bool) (types []MemoryType, heaps []MemoryHeap) {
	var info C.vkxMemoryInfo
	C.vkxMemory(i.c, C.uint64_t(physicalDevice), C.int(flag(budget)), &info)
	for t := range int(info.typeCount) {
		types = append(types, MemoryType{vk.MemoryPropertyFlagBits(info.typeFlags[t]), int(info.typeHeap[t])})
	}
	for h := range int(info.heapCount) {
		heaps = append(heaps, MemoryHeap{uint64(info.heapSize[h]), uint64(info.heapBudget[h]), uint64(info.heapUsage[h])})
	}
	return types, heaps
}

// CreateDevice makes a logical device of the baseline (Vulkan 1.3 with buffer addresses and the rest) plus features.
func (i *Instance) CreateDevice(physicalDevice Handle, queueFamily uint32, features Features) (*Device, vk.Result) {
	enable := C.vkxDeviceInfo{
		queueFamily:       C.uint32_t(queueFamily),
		float16:           flag(features.Float16),
		int16:             flag(features.Int16),
		int64:             flag(features.Int64),
		storage16:         flag(features.Storage16),
		memoryBudget:      flag(features.MemoryBudget),
		cooperativeMatrix: flag(features.CooperativeMatrix),
		portabilitySubset: flag(features.PortabilitySubset),
	}
	device := new(Device)
	result := C.vkxCreateDevice(i.c, C.uint64_t(physicalDevice), &enable, &device.c)
	return device, vk.Result(result)
}

// Destroy releases the device; everything made from it must be gone.
func (d *Device) Destroy() { C.vkxDestroyDevice(d.c) }

// Handle is the VkDevice.
func (d *Device) Handle() Handle { return Handle(C.vkxDeviceHandle(d.c)) }

// Allocate allocates memory whose buffers have addresses.
func (d *Device) Allocate(size uint64, memoryType int) (Handle, vk.Result) {
	var memory C.uint64_t
	result := C.vkxAllocate(d.c, C.uint64_t(size), C.uint32_t(memoryType), &memory)
	return Handle(memory), vk.Result(result)
}

// Address is the device address of a buffer that memory is bound to.
func (d *Device) Address(buffer Handle) uint64 {
	return uint64(C.vkxAddress(d.c, C.uint64_t(buffer)))
}

// CreateCache makes a pipeline cache from data, which may be empty.
func (d *Device) CreateCache(data []byte) (Handle, vk.Result) {
	var cache C.uint64_t
	result := C.vkxCreateCache(d.c, unsafe.Pointer(unsafe.SliceData(data)), C.size_t(len(data)), &cache)
	return Handle(cache), vk.Result(result)
}

// CreateLayout makes a pipeline layout with pushBytes of push constants and nothing else.
func (d *Device) CreateLayout(pushBytes int) (Handle, vk.Result) {
	var layout C.uint64_t
	result := C.vkxCreateLayout(d.c, C.uint32_t(pushBytes), &layout)
	return Handle(layout), vk.Result(result)
}

// CreatePipeline makes a compute pipeline from SPIR-V with entry point main. ids and values are the specialization
// constants, at most MaxConstants; subgroupSize 0 leaves the size to the driver.
func (d *Device) CreatePipeline(cache, layout Handle, code, ids, values []uint32, subgroupSize int) (Handle, vk.Result) {
	var pipeline C.uint64_t
	result := C.vkxCreatePipeline(d.c, C.uint64_t(cache), C.uint64_t(layout), words(code), C.size_t(4*len(code)),
		words(ids), words(values), C.uint32_t(len(ids)), C.uint32_t(subgroupSize), &pipeline)
	return Handle(pipeline), vk.Result(result)
}

// Barrier makes everything written before in commands visible to everything after, the host included.
func (d *Device) Barrier(commands Handle) { C.vkxBarrier(d.c, C.uint64_t(commands)) }

// Copy records a copy of size bytes from one buffer to another.
func (d *Device) Copy(commands, from Handle, fromOffset uint64, to Handle, toOffset, size uint64) {
	C.vkxCopy(d.c, C.uint64_t(commands), C.uint64_t(from), C.uint64_t(fromOffset), C.uint64_t(to), C.uint64_t(toOffset), C.uint64_t(size))
}

// Submit submits each command buffer as a submission of its own, in order; fence is signalled after the last.
func (d *Device) Submit(commands []Handle, fence Handle) vk.Result {
	return vk.Result(C.vkxSubmit(d.c, (*C.uint64_t)(unsafe.Pointer(unsafe.SliceData(commands))), C.uint32_t(len(commands)), C.uint64_t(fence)))
}

// Name gives an object a name in validation messages; without validation it does nothing.
func (d *Device) Name(objectType vk.ObjectType, handle Handle, name string) {
	c := C.CString(name)
	defer C.free(unsafe.Pointer(c))
	C.vkxName(d.c, C.int32_t(objectType), C.uint64_t(handle), c)
}

func words(s []uint32) *C.uint32_t { return (*C.uint32_t)(unsafe.Pointer(unsafe.SliceData(s))) }

func flag(b bool) C.uint32_t {
	if b {
		return 1
	}
	return 0
}

func cString(b []byte) string {
	text, _, _ := bytes.Cut(b, []byte{0})
	return string(text)
}
