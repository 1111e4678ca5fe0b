// Devices: memory with addresses, pipelines, and what is recorded and submitted.
#include "internal.h"
#include <stdlib.h>

// FUNCTIONS lists the device functions: result, name without vk, parameters. The last is NULL without validation.
#define FUNCTIONS(F)                                                                                                 \
  F(void, DestroyDevice, (uint64_t, const void *))                                                                   \
  F(void, GetDeviceQueue, (uint64_t, uint32_t, uint32_t, uint64_t *))                                                \
  F(int32_t, AllocateMemory, (uint64_t, const VkxMemoryAllocateInfo *, const void *, uint64_t *))                    \
  F(uint64_t, GetBufferDeviceAddress, (uint64_t, const VkxBufferDeviceAddressInfo *))                                \
  F(int32_t, CreatePipelineCache, (uint64_t, const VkxPipelineCacheCreateInfo *, const void *, uint64_t *))          \
  F(int32_t, CreatePipelineLayout, (uint64_t, const VkxPipelineLayoutCreateInfo *, const void *, uint64_t *))        \
  F(int32_t, CreateShaderModule, (uint64_t, const VkxShaderModuleCreateInfo *, const void *, uint64_t *))            \
  F(void, DestroyShaderModule, (uint64_t, uint64_t, const void *))                                                   \
  F(int32_t, CreateComputePipelines,                                                                                 \
      (uint64_t, uint64_t, uint32_t, const VkxComputePipelineCreateInfo *, const void *, uint64_t *))                \
  F(void, CmdPipelineBarrier,                                                                                        \
      (uint64_t, uint32_t, uint32_t, uint32_t, uint32_t, const VkxMemoryBarrier *, uint32_t, const void *, uint32_t, \
          const void *))                                                                                             \
  F(void, CmdCopyBuffer, (uint64_t, uint64_t, uint64_t, uint32_t, const VkxBufferCopy *))                            \
  F(int32_t, QueueSubmit, (uint64_t, uint32_t, const VkxSubmitInfo *, uint64_t))                                     \
  F(int32_t, SetDebugUtilsObjectNameEXT, (uint64_t, const VkxDebugUtilsObjectNameInfoEXT *))

#define POINTER(result, name, parameters) result(VKX_CALL *name) parameters;
struct vkxDevice {
  uint64_t handle, queue;
  FUNCTIONS(POINTER)
};

static int32_t createDevice(
    vkxInstance *instance, uint64_t physicalDevice, const vkxDeviceInfo *enable, uint64_t *device) {
  VkxPhysicalDeviceCooperativeMatrixFeaturesKHR matrix = {
      .sType = VKX_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR, .cooperativeMatrix = 1};
  VkxPhysicalDeviceVulkan13Features f13 = {.sType = VKX_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES,
      .pNext = enable->cooperativeMatrix ? &matrix : NULL,
      .maintenance4 = 1,
      .synchronization2 = 1,
      .subgroupSizeControl = 1,
      .computeFullSubgroups = 1};
  VkxPhysicalDeviceVulkan12Features f12 = {.sType = VKX_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
      .pNext = &f13,
      .bufferDeviceAddress = 1,
      .scalarBlockLayout = 1,
      .timelineSemaphore = 1,
      .shaderFloat16 = enable->float16,
      // With the memory model atomics need its device scope too, which every shader's have.
      .vulkanMemoryModel = enable->cooperativeMatrix,
      .vulkanMemoryModelDeviceScope = enable->cooperativeMatrix};
  VkxPhysicalDeviceVulkan11Features f11 = {.sType = VKX_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES,
      .pNext = &f12,
      .storageBuffer16BitAccess = enable->storage16};
  VkxPhysicalDeviceFeatures2 f = {.sType = VKX_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
      .pNext = &f11,
      .features = {.shaderInt64 = enable->int64, .shaderInt16 = enable->int16}};
  float priority = 1;
  VkxDeviceQueueCreateInfo queue = {.sType = VKX_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
      .queueFamilyIndex = enable->queueFamily,
      .queueCount = 1,
      .pQueuePriorities = &priority};
  const char *extensions[3];
  VkxDeviceCreateInfo info = {.sType = VKX_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
      .pNext = &f,
      .queueCreateInfoCount = 1,
      .pQueueCreateInfos = &queue,
      .ppEnabledExtensionNames = extensions};
  if (enable->portabilitySubset) extensions[info.enabledExtensionCount++] = "VK_KHR_portability_subset";
  if (enable->memoryBudget) extensions[info.enabledExtensionCount++] = "VK_EXT_memory_budget";
  if (enable->cooperativeMatrix) extensions[info.enabledExtensionCount++] = "VK_KHR_cooperative_matrix";
  return VKX_FUNCTION(instance->get, instance->handle, "vkCreateDevice", int32_t,
      (uint64_t, const VkxDeviceCreateInfo *, const void *, uint64_t *))(physicalDevice, &info, NULL, device);
}

int32_t vkxCreateDevice(vkxInstance *instance, uint64_t physicalDevice, const vkxDeviceInfo *enable, vkxDevice **out) {
  vkxDevice *device = calloc(1, sizeof *device);
  if (!device) return VKX_ERROR_OUT_OF_HOST_MEMORY;
  int32_t result = createDevice(instance, physicalDevice, enable, &device->handle);
  if (result) {
    free(device);
    return result;
  }
  vkxGetProc get = (vkxGetProc)instance->get(instance->handle, "vkGetDeviceProcAddr");
#define LOAD(result, name, parameters) device->name = VKX_FUNCTION(get, device->handle, "vk" #name, result, parameters);
  FUNCTIONS(LOAD)
  if (!instance->messenger) device->SetDebugUtilsObjectNameEXT = NULL; // some loaders return a function that fails
  device->GetDeviceQueue(device->handle, enable->queueFamily, 0, &device->queue);
  *out = device;
  return 0;
}

void vkxDestroyDevice(vkxDevice *device) {
  device->DestroyDevice(device->handle, NULL);
  free(device);
}

uint64_t vkxDeviceHandle(const vkxDevice *device) { return device->handle; }

int32_t vkxAllocate(vkxDevice *device, uint64_t size, uint32_t typeIndex, uint64_t *memory) {
  VkxMemoryAllocateFlagsInfo flags = {
      .sType = VKX_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO, .flags = VKX_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT};
  VkxMemoryAllocateInfo info = {VKX_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, &flags, size, typeIndex};
  return device->AllocateMemory(device->handle, &info, NULL, memory);
}

uint64_t vkxAddress(vkxDevice *device, uint64_t buffer) {
  VkxBufferDeviceAddressInfo info = {VKX_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO, NULL, buffer};
  return device->GetBufferDeviceAddress(device->handle, &info);
}

int32_t vkxCreateCache(vkxDevice *device, const void *data, size_t size, uint64_t *cache) {
  VkxPipelineCacheCreateInfo info = {VKX_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO, NULL, 0, size, data};
  return device->CreatePipelineCache(device->handle, &info, NULL, cache);
}

int32_t vkxCreateLayout(vkxDevice *device, uint32_t pushBytes, uint64_t *layout) {
  VkxPushConstantRange range = {VKX_SHADER_STAGE_COMPUTE_BIT, 0, pushBytes};
  VkxPipelineLayoutCreateInfo info = {.sType = VKX_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
      .pushConstantRangeCount = 1,
      .pPushConstantRanges = &range};
  return device->CreatePipelineLayout(device->handle, &info, NULL, layout);
}

int32_t vkxCreatePipeline(vkxDevice *device, uint64_t cache, uint64_t layout, const uint32_t *code, size_t codeSize,
    const uint32_t *ids, const uint32_t *values, uint32_t count, uint32_t requiredSubgroupSize, uint64_t *pipeline) {
  VkxSpecializationMapEntry entries[VKX_CONSTANTS];
  if (count > VKX_CONSTANTS) return VKX_ERROR_INITIALIZATION_FAILED;
  for (uint32_t i = 0; i < count; i++) entries[i] = (VkxSpecializationMapEntry){ids[i], 4 * i, 4};
  VkxSpecializationInfo specialization = {count, entries, (size_t)count * 4, values};
  VkxShaderModuleCreateInfo moduleInfo = {VKX_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO, NULL, 0, codeSize, code};
  uint64_t module;
  int32_t result = device->CreateShaderModule(device->handle, &moduleInfo, NULL, &module);
  if (result) return result;
  VkxPipelineShaderStageRequiredSubgroupSizeCreateInfo size = {
      VKX_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO, NULL, requiredSubgroupSize};
  VkxComputePipelineCreateInfo info = {.sType = VKX_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
      .stage = {.sType = VKX_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
          .stage = VKX_SHADER_STAGE_COMPUTE_BIT,
          .module = module,
          .pName = "main",
          .pSpecializationInfo = &specialization},
      .layout = layout};
  if (requiredSubgroupSize) {
    info.stage.pNext = &size;
    info.stage.flags = VKX_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT;
  }
  result = device->CreateComputePipelines(device->handle, cache, 1, &info, NULL, pipeline);
  device->DestroyShaderModule(device->handle, module, NULL);
  return result;
}

void vkxBarrier(vkxDevice *device, uint64_t commands) {
  const uint32_t work = VKX_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VKX_PIPELINE_STAGE_TRANSFER_BIT;
  const uint32_t writes = VKX_ACCESS_SHADER_WRITE_BIT | VKX_ACCESS_TRANSFER_WRITE_BIT;
  const uint32_t reads = VKX_ACCESS_SHADER_READ_BIT | VKX_ACCESS_TRANSFER_READ_BIT | VKX_ACCESS_HOST_READ_BIT;
  VkxMemoryBarrier barrier = {VKX_STRUCTURE_TYPE_MEMORY_BARRIER, NULL, writes, writes | reads};
  device->CmdPipelineBarrier(commands, work, work | VKX_PIPELINE_STAGE_HOST_BIT, 0, 1, &barrier, 0, NULL, 0, NULL);
}

void vkxCopy(vkxDevice *device, uint64_t commands, uint64_t from, uint64_t fromOffset, uint64_t to, uint64_t toOffset,
    uint64_t size) {
  VkxBufferCopy region = {fromOffset, toOffset, size};
  device->CmdCopyBuffer(commands, from, to, 1, &region);
}

int32_t vkxSubmit(vkxDevice *device, const uint64_t *commands, uint32_t count, uint64_t fence) {
  for (uint32_t i = 0; i < count; i++) {
    VkxSubmitInfo info = {
        .sType = VKX_STRUCTURE_TYPE_SUBMIT_INFO, .commandBufferCount = 1, .pCommandBuffers = &commands[i]};
    int32_t result = device->QueueSubmit(device->queue, 1, &info, i + 1 == count ? fence : 0);
    if (result) return result;
  }
  return 0;
}

void vkxName(vkxDevice *device, int32_t objectType, uint64_t handle, const char *name) {
  VkxDebugUtilsObjectNameInfoEXT info = {
      VKX_STRUCTURE_TYPE_DEBUG_UTILS_OBJECT_NAME_INFO_EXT, NULL, objectType, handle, name};
  if (device->SetDebugUtilsObjectNameEXT) device->SetDebugUtilsObjectNameEXT(device->handle, &info);
}
