// Flat C functions over the parts of Vulkan that vulkan-go cannot call safely: everything with arrays of structures,
// pNext chains, or API newer than 1.1. Results are VkResult numbers; handles travel as uint64_t.
#ifndef VKX_H
#define VKX_H
#include <stddef.h>
#include <stdint.h>

// What the validation layers said, oldest first; at most VKX_MESSAGES are kept, more are counted.
enum { VKX_MESSAGES = 16, VKX_MESSAGE_SIZE = 2048 };

enum { VKX_CONSTANTS = 32 }; // the most specialization constants of a pipeline

enum { VKX_MATRIX_SHAPES = 64 }; // the most shapes of matrices that are looked at

// What the binding cannot ask. apiVersion goes in, the rest comes out.
typedef struct {
  uint32_t apiVersion;
  char driverName[256], driverInfo[256];
  uint8_t deviceUUID[16];
  uint32_t subgroupSize, subgroupStages, subgroupOperations;
  uint32_t minSubgroupSize, maxSubgroupSize, requiredSubgroupSizeStages;
  uint32_t queueFamily, queueFlags, timestampValidBits; // queueFlags 0: no queue computes
  uint64_t maxAllocation, maxBufferSize;
  // features, 0 or 1
  uint32_t bufferDeviceAddress, scalarBlockLayout, maintenance4, synchronization2, timelineSemaphore,
      subgroupSizeControl, computeFullSubgroups;
  uint32_t float16, int16, int64, storage16, memoryBudget, cooperativeMatrix, portabilitySubset;
} vkxDeviceInfo;

typedef struct {
  uint32_t typeCount, typeFlags[32], typeHeap[32], heapCount;
  uint64_t heapSize[16], heapBudget[16], heapUsage[16]; // budget and usage 0 where the driver tells none
} vkxMemoryInfo;

typedef struct vkxInstance vkxInstance;
typedef struct vkxDevice vkxDevice;

// vkGetInstanceProcAddr of the system's Vulkan loader, NULL where there is none.
void *vkxOpenLoader(void);
int32_t vkxCreateInstance(void *getInstanceProcAddr, int validation, vkxInstance **out);
void vkxDestroyInstance(vkxInstance *instance);
uint64_t vkxInstanceHandle(const vkxInstance *instance);
int vkxHasValidationLayer(void *getInstanceProcAddr);
// buffer holds VKX_MESSAGES x VKX_MESSAGE_SIZE bytes.
uint32_t vkxTakeMessages(vkxInstance *instance, char *buffer, uint32_t *dropped);

int32_t vkxPhysicalDevices(vkxInstance *instance, uint32_t *count, uint64_t *devices);
void vkxDescribe(vkxInstance *instance, uint64_t physicalDevice, vkxDeviceInfo *info);
// The shapes (M, N, K) of matrices that subgroups multiply, of 16-bit floats summed in 32-bit floats: 3 numbers each, for at most
// VKX_MATRIX_SHAPES; returns how many there are. The device must offer cooperative matrices.
uint32_t vkxMatrixShapes(vkxInstance *instance, uint64_t physicalDevice, uint32_t *shapes);
void vkxMemory(vkxInstance *instance, uint64_t physicalDevice, int budget, vkxMemoryInfo *info);

int32_t vkxCreateDevice(vkxInstance *instance, uint64_t physicalDevice, const vkxDeviceInfo *enable, vkxDevice **out);
void vkxDestroyDevice(vkxDevice *device);
uint64_t vkxDeviceHandle(const vkxDevice *device);
int32_t vkxAllocate(vkxDevice *device, uint64_t size, uint32_t typeIndex, uint64_t *memory);
uint64_t vkxAddress(vkxDevice *device, uint64_t buffer);
int32_t vkxCreateCache(vkxDevice *device, const void *data, size_t size, uint64_t *cache);
int32_t vkxCreateLayout(vkxDevice *device, uint32_t pushBytes, uint64_t *layout);
// requiredSubgroupSize 0: the driver's choice. ids and values: count specialization constants of 32 bits.
int32_t vkxCreatePipeline(vkxDevice *device, uint64_t cache, uint64_t layout, const uint32_t *code, size_t codeSize,
    const uint32_t *ids, const uint32_t *values, uint32_t count, uint32_t requiredSubgroupSize, uint64_t *pipeline);
// All compute and transfer writes before are seen by compute, transfer and host after.
void vkxBarrier(vkxDevice *device, uint64_t commands);
void vkxCopy(vkxDevice *device, uint64_t commands, uint64_t from, uint64_t fromOffset, uint64_t to, uint64_t toOffset,
    uint64_t size);
// One submission for each of commands, the fence on the last.
int32_t vkxSubmit(vkxDevice *device, const uint64_t *commands, uint32_t count, uint64_t fence);
// A name for validation messages; without validation it does nothing.
void vkxName(vkxDevice *device, int32_t objectType, uint64_t handle, const char *name);
#endif
