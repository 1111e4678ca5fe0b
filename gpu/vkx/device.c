#include "internal.h"
#include <stdlib.h>
#include <string.h>

enum { QUEUE_COMPUTE = 2, QUEUE_GRAPHICS = 1, STAGE_COMPUTE = 0x20, ALLOCATE_DEVICE_ADDRESS = 2, REQUIRE_FULL_SUBGROUPS = 2 };
enum { PIPELINE_STAGE_COMPUTE = 0x800, PIPELINE_STAGE_TRANSFER = 0x1000, PIPELINE_STAGE_HOST = 0x4000 };
enum { ACCESS_SHADER_READ = 0x20, ACCESS_SHADER_WRITE = 0x40, ACCESS_TRANSFER_READ = 0x800, ACCESS_TRANSFER_WRITE = 0x1000, ACCESS_HOST_READ = 0x2000 };

// FUNCTIONS lists the device functions: result, name without vk, parameters.
#define FUNCTIONS(F)                                                                                                                               \
  F(void, DestroyDevice, (uint64_t, const void *))                                                                                                 \
  F(void, GetDeviceQueue, (uint64_t, uint32_t, uint32_t, uint64_t *))                                                                              \
  F(int32_t, AllocateMemory, (uint64_t, const VkxMemoryAllocateInfo *, const void *, uint64_t *))                                                  \
  F(uint64_t, GetBufferDeviceAddress, (uint64_t, const VkxBufferDeviceAddressInfo *))                                                              \
  F(int32_t, CreatePipelineCache, (uint64_t, const VkxPipelineCacheCreateInfo *, const void *, uint64_t *))                                        \
  F(int32_t, CreatePipelineLayout, (uint64_t, const VkxPipelineLayoutCreateInfo *, const void *, uint64_t *))                                      \
  F(int32_t, CreateShaderModule, (uint64_t, const VkxShaderModuleCreateInfo *, const void *, uint64_t *))                                          \
  F(void, DestroyShaderModule, (uint64_t, uint64_t, const void *))                                                                                 \
  F(int32_t, CreateComputePipelines, (uint64_t, uint64_t, uint32_t, const VkxComputePipelineCreateInfo *, const void *, uint64_t *))               \
  F(void, CmdPipelineBarrier, (uint64_t, uint32_t, uint32_t, uint32_t, uint32_t, const VkxMemoryBarrier *, uint32_t, const void *, uint32_t, const void *)) \
  F(void, CmdCopyBuffer, (uint64_t, uint64_t, uint64_t, uint32_t, const VkxBufferCopy *))                                                          \
  F(int32_t, QueueSubmit, (uint64_t, uint32_t, const VkxSubmitInfo *, uint64_t))

#define POINTER(result, name, parameters) result(VKX_CALL *name) parameters;
struct vkxDevice {
  uint64_t handle, queue;
  int32_t(VKX_CALL *SetDebugUtilsObjectNameEXT)(uint64_t, const VkxDebugUtilsObjectNameInfoEXT *); // NULL without validation
  FUNCTIONS(POINTER)
};

// A function of the instance, cast to its type: CALL(instance, "vkName", void, (uint64_t)).
#define CALL(instance, name, result, parameters) ((result(VKX_CALL *) parameters)(instance)->get((instance)->handle, name))

int32_t vkxPhysicalDevices(vkxInstance *instance, uint32_t *count, uint64_t *devices) {
  int32_t result = CALL(instance, "vkEnumeratePhysicalDevices", int32_t, (uint64_t, uint32_t *, uint64_t *))(instance->handle, count, devices);
  return result == VKX_INCOMPLETE ? 0 : result;
}

static int hasExtension(vkxInstance *instance, uint64_t physicalDevice, const char *name) {
  int32_t(VKX_CALL * enumerate)(uint64_t, const char *, uint32_t *, VkxExtensionProperties *) = CALL(instance, "vkEnumerateDeviceExtensionProperties", int32_t, (uint64_t, const char *, uint32_t *, VkxExtensionProperties *));
  uint32_t count = 0;
  if (enumerate(physicalDevice, NULL, &count, NULL) || !count) return 0;
  VkxExtensionProperties *extensions = calloc(count, sizeof *extensions);
  int found = 0;
  if (extensions && enumerate(physicalDevice, NULL, &count, extensions) >= 0)
    for (uint32_t i = 0; i < count; i++) found |= !strcmp(extensions[i].extensionName, name);
  free(extensions);
  return found;
}

// The first family that computes without graphics, else the first that computes.
static void chooseQueueFamily(vkxInstance *instance, uint64_t physicalDevice, vkxDeviceInfo *info) {
  VkxQueueFamilyProperties families[64];
  uint32_t count = 64;
  CALL(instance, "vkGetPhysicalDeviceQueueFamilyProperties", void, (uint64_t, uint32_t *, VkxQueueFamilyProperties *))(physicalDevice, &count, families);
  for (uint32_t i = 0; i < count; i++) {
    int computes = (families[i].queueFlags & QUEUE_COMPUTE) != 0, better = !(families[i].queueFlags & QUEUE_GRAPHICS) && info->queueFlags & QUEUE_GRAPHICS;
    if (!computes || (info->queueFlags && !better)) continue;
    info->queueFamily = i;
    info->queueFlags = families[i].queueFlags;
    info->timestampValidBits = families[i].timestampValidBits;
  }
}

static void describeFeatures(vkxInstance *instance, uint64_t physicalDevice, vkxDeviceInfo *info) {
  VkxPhysicalDeviceCooperativeMatrixFeaturesKHR matrix = {VKX_ST_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR, NULL, 0, 0};
  VkxPhysicalDeviceVulkan13Features f13 = {.sType = VKX_ST_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES};
  VkxPhysicalDeviceVulkan12Features f12 = {.sType = VKX_ST_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES, .pNext = &f13};
  VkxPhysicalDeviceVulkan11Features f11 = {.sType = VKX_ST_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES, .pNext = &f12};
  VkxPhysicalDeviceFeatures2 f = {.sType = VKX_ST_PHYSICAL_DEVICE_FEATURES_2, .pNext = &f11};
  if (hasExtension(instance, physicalDevice, "VK_KHR_cooperative_matrix")) f13.pNext = &matrix;
  CALL(instance, "vkGetPhysicalDeviceFeatures2", void, (uint64_t, VkxPhysicalDeviceFeatures2 *))(physicalDevice, &f);
  info->bufferDeviceAddress = f12.bufferDeviceAddress;
  info->scalarBlockLayout = f12.scalarBlockLayout;
  info->timelineSemaphore = f12.timelineSemaphore;
  info->maintenance4 = f13.maintenance4;
  info->synchronization2 = f13.synchronization2;
  info->subgroupSizeControl = f13.subgroupSizeControl;
  info->computeFullSubgroups = f13.computeFullSubgroups;
  info->float16 = f12.shaderFloat16;
  info->int16 = f.features[VKX_FEATURE_SHADER_INT16];
  info->int64 = f.features[VKX_FEATURE_SHADER_INT64];
  info->storage16 = f11.storageBuffer16BitAccess;
  info->cooperativeMatrix = matrix.cooperativeMatrix;
  info->memoryBudget = (uint32_t)hasExtension(instance, physicalDevice, "VK_EXT_memory_budget");
  info->portabilitySubset = (uint32_t)hasExtension(instance, physicalDevice, "VK_KHR_portability_subset");
}

void vkxDescribe(vkxInstance *instance, uint64_t physicalDevice, vkxDeviceInfo *info) {
  uint32_t apiVersion = info->apiVersion; // the caller has it from the binding: structures of 1.3 may be asked of 1.3 devices only
  VkxPhysicalDeviceVulkan13Properties p13 = {.sType = VKX_ST_PHYSICAL_DEVICE_VULKAN_1_3_PROPERTIES};
  VkxPhysicalDeviceVulkan12Properties p12 = {.sType = VKX_ST_PHYSICAL_DEVICE_VULKAN_1_2_PROPERTIES, .pNext = apiVersion >= (1u << 22 | 3u << 12) ? &p13 : NULL};
  VkxPhysicalDeviceVulkan11Properties p11 = {.sType = VKX_ST_PHYSICAL_DEVICE_VULKAN_1_1_PROPERTIES, .pNext = &p12};
  VkxPhysicalDeviceProperties2 p = {.sType = VKX_ST_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &p11};
  chooseQueueFamily(instance, physicalDevice, info);
  if (apiVersion < (1u << 22 | 2u << 12)) return;
  CALL(instance, "vkGetPhysicalDeviceProperties2", void, (uint64_t, VkxPhysicalDeviceProperties2 *))(physicalDevice, &p);
  memcpy(info->deviceUUID, p11.deviceUUID, 16);
  memcpy(info->driverUUID, p11.driverUUID, 16);
  memcpy(info->driverName, p12.driverName, 256);
  memcpy(info->driverInfo, p12.driverInfo, 256);
  info->subgroupSize = p11.subgroupSize;
  info->subgroupStages = p11.subgroupSupportedStages;
  info->subgroupOperations = p11.subgroupSupportedOperations;
  info->maxAllocation = p11.maxMemoryAllocationSize;
  if (apiVersion < (1u << 22 | 3u << 12)) return;
  info->minSubgroupSize = p13.minSubgroupSize;
  info->maxSubgroupSize = p13.maxSubgroupSize;
  info->requiredSubgroupSizeStages = p13.requiredSubgroupSizeStages;
  info->maxBufferSize = p13.maxBufferSize;
  describeFeatures(instance, physicalDevice, info);
}

void vkxMemory(vkxInstance *instance, uint64_t physicalDevice, int budget, vkxMemoryInfo *info) {
  VkxPhysicalDeviceMemoryBudgetPropertiesEXT b = {.sType = VKX_ST_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT};
  VkxPhysicalDeviceMemoryProperties2 m = {.sType = VKX_ST_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2, .pNext = budget ? &b : NULL};
  CALL(instance, "vkGetPhysicalDeviceMemoryProperties2", void, (uint64_t, VkxPhysicalDeviceMemoryProperties2 *))(physicalDevice, &m);
  memset(info, 0, sizeof *info);
  info->typeCount = m.memoryProperties.memoryTypeCount;
  for (uint32_t i = 0; i < info->typeCount; i++) {
    info->typeFlags[i] = m.memoryProperties.memoryTypes[i][0];
    info->typeHeap[i] = m.memoryProperties.memoryTypes[i][1];
  }
  info->heapCount = m.memoryProperties.memoryHeapCount;
  for (uint32_t i = 0; i < info->heapCount; i++) {
    info->heapSize[i] = m.memoryProperties.memoryHeaps[i].size;
    info->heapFlags[i] = m.memoryProperties.memoryHeaps[i].flags;
    info->heapBudget[i] = b.heapBudget[i];
    info->heapUsage[i] = b.heapUsage[i];
  }
}

int32_t vkxCreateDevice(vkxInstance *instance, uint64_t physicalDevice, const vkxDeviceInfo *enable, vkxDevice **out) {
  VkxPhysicalDeviceCooperativeMatrixFeaturesKHR matrix = {VKX_ST_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR, NULL, 1, 0};
  VkxPhysicalDeviceVulkan13Features f13 = {.sType = VKX_ST_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES, .pNext = enable->cooperativeMatrix ? &matrix : NULL, .maintenance4 = 1, .synchronization2 = 1, .subgroupSizeControl = 1, .computeFullSubgroups = 1};
  VkxPhysicalDeviceVulkan12Features f12 = {.sType = VKX_ST_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES, .pNext = &f13, .bufferDeviceAddress = 1, .scalarBlockLayout = 1, .timelineSemaphore = 1, .shaderFloat16 = enable->float16, .vulkanMemoryModel = enable->cooperativeMatrix};
  VkxPhysicalDeviceVulkan11Features f11 = {.sType = VKX_ST_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES, .pNext = &f12, .storageBuffer16BitAccess = enable->storage16};
  VkxPhysicalDeviceFeatures2 f = {.sType = VKX_ST_PHYSICAL_DEVICE_FEATURES_2, .pNext = &f11};
  f.features[VKX_FEATURE_SHADER_INT64] = enable->int64;
  f.features[VKX_FEATURE_SHADER_INT16] = enable->int16;
  const char *extensions[3];
  float priority = 1;
  VkxDeviceQueueCreateInfo queue = {VKX_ST_DEVICE_QUEUE_CREATE_INFO, NULL, 0, enable->queueFamily, 1, &priority};
  VkxDeviceCreateInfo info = {.sType = VKX_ST_DEVICE_CREATE_INFO, .pNext = &f, .queueCreateInfoCount = 1, .pQueueCreateInfos = &queue, .ppEnabledExtensionNames = extensions};
  if (enable->portabilitySubset) extensions[info.enabledExtensionCount++] = "VK_KHR_portability_subset";
  if (enable->memoryBudget) extensions[info.enabledExtensionCount++] = "VK_EXT_memory_budget";
  if (enable->cooperativeMatrix) extensions[info.enabledExtensionCount++] = "VK_KHR_cooperative_matrix";
  vkxDevice *device = calloc(1, sizeof *device);
  if (!device) return VKX_ERROR_OUT_OF_HOST_MEMORY;
  int32_t result = CALL(instance, "vkCreateDevice", int32_t, (uint64_t, const VkxDeviceCreateInfo *, const void *, uint64_t *))(physicalDevice, &info, NULL, &device->handle);
  if (result) {
    free(device);
    return result;
  }
  vkxGetProc get = (vkxGetProc)instance->get(instance->handle, "vkGetDeviceProcAddr");
#define LOAD(result, name, parameters) device->name = (result(VKX_CALL *) parameters)get(device->handle, "vk" #name);
  FUNCTIONS(LOAD)
  if (instance->messenger) device->SetDebugUtilsObjectNameEXT = (int32_t(VKX_CALL *)(uint64_t, const VkxDebugUtilsObjectNameInfoEXT *))get(device->handle, "vkSetDebugUtilsObjectNameEXT");
  device->GetDeviceQueue(device->handle, enable->queueFamily, 0, &device->queue);
  *out = device;
  return 0;
}

void vkxDestroyDevice(vkxDevice *device) {
  device->DestroyDevice(device->handle, NULL);
  free(device);
}

uint64_t vkxDeviceHandle(const vkxDevice *device) { return device->handle; }
uint64_t vkxQueue(const vkxDevice *device) { return device->queue; }

int32_t vkxAllocate(vkxDevice *device, uint64_t size, uint32_t typeIndex, uint64_t *memory) {
  VkxMemoryAllocateFlagsInfo flags = {VKX_ST_MEMORY_ALLOCATE_FLAGS_INFO, NULL, ALLOCATE_DEVICE_ADDRESS, 0};
  VkxMemoryAllocateInfo info = {VKX_ST_MEMORY_ALLOCATE_INFO, &flags, size, typeIndex};
  return device->AllocateMemory(device->handle, &info, NULL, memory);
}

uint64_t vkxAddress(vkxDevice *device, uint64_t buffer) {
  VkxBufferDeviceAddressInfo info = {VKX_ST_BUFFER_DEVICE_ADDRESS_INFO, NULL, buffer};
  return device->GetBufferDeviceAddress(device->handle, &info);
}

int32_t vkxCreateCache(vkxDevice *device, const void *data, size_t size, uint64_t *cache) {
  VkxPipelineCacheCreateInfo info = {VKX_ST_PIPELINE_CACHE_CREATE_INFO, NULL, 0, size, data};
  return device->CreatePipelineCache(device->handle, &info, NULL, cache);
}

int32_t vkxCreateLayout(vkxDevice *device, uint32_t pushBytes, uint64_t *layout) {
  VkxPushConstantRange range = {STAGE_COMPUTE, 0, pushBytes};
  VkxPipelineLayoutCreateInfo info = {.sType = VKX_ST_PIPELINE_LAYOUT_CREATE_INFO, .pushConstantRangeCount = 1, .pPushConstantRanges = &range};
  return device->CreatePipelineLayout(device->handle, &info, NULL, layout);
}

int32_t vkxCreatePipeline(vkxDevice *device, uint64_t cache, uint64_t layout, const uint32_t *code, size_t codeSize, const uint32_t *ids, const uint32_t *values, uint32_t count, uint32_t requiredSubgroupSize, uint64_t *pipeline) {
  VkxSpecializationMapEntry entries[32];
  if (count > 32) return VKX_ERROR_INITIALIZATION_FAILED;
  for (uint32_t i = 0; i < count; i++) entries[i] = (VkxSpecializationMapEntry){ids[i], 4 * i, 4};
  VkxSpecializationInfo specialization = {count, entries, (size_t)count * 4, values};
  VkxShaderModuleCreateInfo moduleInfo = {VKX_ST_SHADER_MODULE_CREATE_INFO, NULL, 0, codeSize, code};
  uint64_t module;
  int32_t result = device->CreateShaderModule(device->handle, &moduleInfo, NULL, &module);
  if (result) return result;
  VkxPipelineShaderStageRequiredSubgroupSizeCreateInfo size = {VKX_ST_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO, NULL, requiredSubgroupSize};
  VkxComputePipelineCreateInfo info = {
      .sType = VKX_ST_COMPUTE_PIPELINE_CREATE_INFO,
      .stage = {VKX_ST_PIPELINE_SHADER_STAGE_CREATE_INFO, requiredSubgroupSize ? &size : NULL, requiredSubgroupSize ? REQUIRE_FULL_SUBGROUPS : 0, STAGE_COMPUTE, module, "main", &specialization},
      .layout = layout,
  };
  result = device->CreateComputePipelines(device->handle, cache, 1, &info, NULL, pipeline);
  device->DestroyShaderModule(device->handle, module, NULL);
  return result;
}

void vkxBarrier(vkxDevice *device, uint64_t commands) {
  VkxMemoryBarrier barrier = {VKX_ST_MEMORY_BARRIER, NULL, ACCESS_SHADER_WRITE | ACCESS_TRANSFER_WRITE, ACCESS_SHADER_READ | ACCESS_SHADER_WRITE | ACCESS_TRANSFER_READ | ACCESS_TRANSFER_WRITE | ACCESS_HOST_READ};
  device->CmdPipelineBarrier(commands, PIPELINE_STAGE_COMPUTE | PIPELINE_STAGE_TRANSFER, PIPELINE_STAGE_COMPUTE | PIPELINE_STAGE_TRANSFER | PIPELINE_STAGE_HOST, 0, 1, &barrier, 0, NULL, 0, NULL);
}

void vkxCopy(vkxDevice *device, uint64_t commands, uint64_t from, uint64_t fromOffset, uint64_t to, uint64_t toOffset, uint64_t size) {
  VkxBufferCopy region = {fromOffset, toOffset, size};
  device->CmdCopyBuffer(commands, from, to, 1, &region);
}

int32_t vkxSubmit(vkxDevice *device, const uint64_t *commands, uint32_t count, uint64_t fence) {
  for (uint32_t i = 0; i < count; i++) {
    VkxSubmitInfo info = {.sType = VKX_ST_SUBMIT_INFO, .commandBufferCount = 1, .pCommandBuffers = &commands[i]};
    int32_t result = device->QueueSubmit(device->queue, 1, &info, i + 1 == count ? fence : 0);
    if (result) return result;
  }
  return 0;
}

void vkxName(vkxDevice *device, int32_t objectType, uint64_t handle, const char *name) {
  VkxDebugUtilsObjectNameInfoEXT info = {VKX_ST_DEBUG_UTILS_OBJECT_NAME_INFO_EXT, NULL, objectType, handle, name};
  if (device->SetDebugUtilsObjectNameEXT) device->SetDebugUtilsObjectNameEXT(device->handle, &info);
}
