// Instances: the validation layer, and what a physical device is and can.
#include "internal.h"
#include <stdlib.h>
#include <string.h>

#define VALIDATION_LAYER "VK_LAYER_KHRONOS_validation"

int vkxHasValidationLayer(void *getInstanceProcAddr) {
  int32_t(VKX_CALL * enumerate)(uint32_t *, VkxLayerProperties *) = VKX_FUNCTION((vkxGetProc)getInstanceProcAddr, 0,
      "vkEnumerateInstanceLayerProperties", int32_t, (uint32_t *, VkxLayerProperties *));
  uint32_t count = 0;
  if (!enumerate || enumerate(&count, NULL) || !count) return 0;
  VkxLayerProperties *layers = calloc(count, sizeof *layers);
  int found = 0;
  if (layers && enumerate(&count, layers) >= 0)
    for (uint32_t i = 0; i < count; i++) found |= !strcmp(layers[i].layerName, VALIDATION_LAYER);
  free(layers);
  return found;
}

static int hasInstanceExtension(vkxGetProc get, const char *name) {
  int32_t(VKX_CALL * enumerate)(const char *, uint32_t *, VkxExtensionProperties *) = VKX_FUNCTION(
      get, 0, "vkEnumerateInstanceExtensionProperties", int32_t, (const char *, uint32_t *, VkxExtensionProperties *));
  uint32_t count = 0;
  if (!enumerate || enumerate(NULL, &count, NULL) || !count) return 0;
  VkxExtensionProperties *extensions = calloc(count, sizeof *extensions);
  int found = 0;
  if (extensions && enumerate(NULL, &count, extensions) >= 0)
    for (uint32_t i = 0; i < count; i++) found |= !strcmp(extensions[i].extensionName, name);
  free(extensions);
  return found;
}

int32_t vkxCreateInstance(void *getInstanceProcAddr, int validation, vkxInstance **out) {
  vkxGetProc get = (vkxGetProc)getInstanceProcAddr;
  int32_t(VKX_CALL * create)(const VkxInstanceCreateInfo *, const void *, uint64_t *) =
      VKX_FUNCTION(get, 0, "vkCreateInstance", int32_t, (const VkxInstanceCreateInfo *, const void *, uint64_t *));
  vkxInstance *instance = calloc(1, sizeof *instance);
  if (!create || !instance) {
    free(instance);
    return VKX_ERROR_INITIALIZATION_FAILED;
  }
  instance->get = get;
  const char *layers[] = {VALIDATION_LAYER}, *extensions[2];
  VkxApplicationInfo application = {VKX_STRUCTURE_TYPE_APPLICATION_INFO, NULL, "dvn-vk", 1, "dvn-vk", 1, VKX_API(1, 3)};
  VkxDebugUtilsMessengerCreateInfoEXT messenger = vkxMessenger(instance);
  VkxInstanceCreateInfo info = {.sType = VKX_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
      .pApplicationInfo = &application,
      .ppEnabledLayerNames = layers,
      .ppEnabledExtensionNames = extensions};
  if (hasInstanceExtension(get, "VK_KHR_portability_enumeration")) {
    extensions[info.enabledExtensionCount++] = "VK_KHR_portability_enumeration";
    info.flags |= VKX_INSTANCE_CREATE_ENUMERATE_PORTABILITY_BIT_KHR;
  }
  if (validation) {
    info.enabledLayerCount = 1;
    info.pNext = &messenger; // messages of vkCreateInstance itself
    extensions[info.enabledExtensionCount++] = "VK_EXT_debug_utils";
  }
  int32_t result = create(&info, NULL, &instance->handle);
  if (result) {
    free(instance);
    return result;
  }
  if (validation) {
    int32_t(VKX_CALL * createMessenger)(uint64_t, const VkxDebugUtilsMessengerCreateInfoEXT *, const void *,
        uint64_t *) = VKX_FUNCTION(get, instance->handle, "vkCreateDebugUtilsMessengerEXT", int32_t,
        (uint64_t, const VkxDebugUtilsMessengerCreateInfoEXT *, const void *, uint64_t *));
    result = createMessenger ? createMessenger(instance->handle, &messenger, NULL, &instance->messenger)
                             : VKX_ERROR_INITIALIZATION_FAILED;
    if (result) {
      vkxDestroyInstance(instance);
      return result;
    }
  }
  *out = instance;
  return 0;
}

// A function of the instance, cast to its type.
#define CALL(name, result, parameters) VKX_FUNCTION(instance->get, instance->handle, name, result, parameters)

void vkxDestroyInstance(vkxInstance *instance) {
  if (instance->messenger) {
    CALL("vkDestroyDebugUtilsMessengerEXT", void, (uint64_t, uint64_t, const void *))
    (instance->handle, instance->messenger, NULL);
  }
  CALL("vkDestroyInstance", void, (uint64_t, const void *))(instance->handle, NULL);
  free(instance);
}

uint64_t vkxInstanceHandle(const vkxInstance *instance) { return instance->handle; }

int32_t vkxPhysicalDevices(vkxInstance *instance, uint32_t *count, uint64_t *devices) {
  int32_t result =
      CALL("vkEnumeratePhysicalDevices", int32_t, (uint64_t, uint32_t *, uint64_t *))(instance->handle, count, devices);
  return result == VKX_INCOMPLETE ? 0 : result;
}

static int hasExtension(vkxInstance *instance, uint64_t physicalDevice, const char *name) {
  int32_t(VKX_CALL * enumerate)(uint64_t, const char *, uint32_t *, VkxExtensionProperties *) = CALL(
      "vkEnumerateDeviceExtensionProperties", int32_t, (uint64_t, const char *, uint32_t *, VkxExtensionProperties *));
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
  CALL("vkGetPhysicalDeviceQueueFamilyProperties", void, (uint64_t, uint32_t *, VkxQueueFamilyProperties *))
  (physicalDevice, &count, families);
  for (uint32_t i = 0; i < count; i++) {
    uint32_t flags = families[i].queueFlags;
    int better = !(flags & VKX_QUEUE_GRAPHICS_BIT) && info->queueFlags & VKX_QUEUE_GRAPHICS_BIT;
    if (!(flags & VKX_QUEUE_COMPUTE_BIT) || (info->queueFlags && !better)) continue;
    info->queueFamily = i;
    info->queueFlags = flags;
    info->timestampValidBits = families[i].timestampValidBits;
  }
}

static void describeFeatures(vkxInstance *instance, uint64_t physicalDevice, vkxDeviceInfo *info) {
  VkxPhysicalDeviceCooperativeMatrixFeaturesKHR matrix = {
      .sType = VKX_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR};
  VkxPhysicalDeviceVulkan13Features f13 = {.sType = VKX_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES};
  VkxPhysicalDeviceVulkan12Features f12 = {
      .sType = VKX_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES, .pNext = &f13};
  VkxPhysicalDeviceVulkan11Features f11 = {
      .sType = VKX_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES, .pNext = &f12};
  VkxPhysicalDeviceFeatures2 f = {.sType = VKX_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, .pNext = &f11};
  if (hasExtension(instance, physicalDevice, "VK_KHR_cooperative_matrix")) f13.pNext = &matrix;
  CALL("vkGetPhysicalDeviceFeatures2", void, (uint64_t, VkxPhysicalDeviceFeatures2 *))(physicalDevice, &f);
  info->bufferDeviceAddress = f12.bufferDeviceAddress;
  info->scalarBlockLayout = f12.scalarBlockLayout;
  info->timelineSemaphore = f12.timelineSemaphore;
  info->maintenance4 = f13.maintenance4;
  info->synchronization2 = f13.synchronization2;
  info->subgroupSizeControl = f13.subgroupSizeControl;
  info->computeFullSubgroups = f13.computeFullSubgroups;
  info->float16 = f12.shaderFloat16;
  info->int16 = f.features.shaderInt16;
  info->int64 = f.features.shaderInt64;
  info->storage16 = f11.storageBuffer16BitAccess;
  // Shaders with cooperative matrices are written in Vulkan's memory model.
  info->cooperativeMatrix = matrix.cooperativeMatrix && f12.vulkanMemoryModel && f12.vulkanMemoryModelDeviceScope;
  info->memoryBudget = (uint32_t)hasExtension(instance, physicalDevice, "VK_EXT_memory_budget");
  info->portabilitySubset = (uint32_t)hasExtension(instance, physicalDevice, "VK_KHR_portability_subset");
}

void vkxDescribe(vkxInstance *instance, uint64_t physicalDevice, vkxDeviceInfo *info) {
  uint32_t version = info->apiVersion; // a device may be asked for the structures of its own version only
  VkxPhysicalDeviceVulkan13Properties p13 = {.sType = VKX_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_PROPERTIES};
  VkxPhysicalDeviceVulkan12Properties p12 = {.sType = VKX_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_PROPERTIES,
      .pNext = version >= VKX_API(1, 3) ? &p13 : NULL};
  VkxPhysicalDeviceVulkan11Properties p11 = {
      .sType = VKX_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_PROPERTIES, .pNext = &p12};
  VkxPhysicalDeviceProperties2 p = {.sType = VKX_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &p11};
  chooseQueueFamily(instance, physicalDevice, info);
  if (version < VKX_API(1, 2)) return;
  CALL("vkGetPhysicalDeviceProperties2", void, (uint64_t, VkxPhysicalDeviceProperties2 *))(physicalDevice, &p);
  memcpy(info->deviceUUID, p11.deviceUUID, sizeof info->deviceUUID);
  memcpy(info->driverName, p12.driverName, sizeof info->driverName);
  memcpy(info->driverInfo, p12.driverInfo, sizeof info->driverInfo);
  info->subgroupSize = p11.subgroupSize;
  info->subgroupStages = p11.subgroupSupportedStages;
  info->subgroupOperations = p11.subgroupSupportedOperations;
  info->maxAllocation = p11.maxMemoryAllocationSize;
  if (version < VKX_API(1, 3)) return;
  info->minSubgroupSize = p13.minSubgroupSize;
  info->maxSubgroupSize = p13.maxSubgroupSize;
  info->requiredSubgroupSizeStages = p13.requiredSubgroupSizeStages;
  info->maxBufferSize = p13.maxBufferSize;
  describeFeatures(instance, physicalDevice, info);
}

uint32_t vkxMatrixShapes(vkxInstance *instance, uint64_t physicalDevice, uint32_t *shapes) {
  VkxCooperativeMatrixPropertiesKHR p[VKX_MATRIX_SHAPES];
  for (uint32_t i = 0; i < VKX_MATRIX_SHAPES; i++)
    p[i] = (VkxCooperativeMatrixPropertiesKHR){.sType = VKX_STRUCTURE_TYPE_COOPERATIVE_MATRIX_PROPERTIES_KHR};
  uint32_t count = VKX_MATRIX_SHAPES, found = 0;
  int32_t(VKX_CALL * list)(uint64_t, uint32_t *, VkxCooperativeMatrixPropertiesKHR *) =
      CALL("vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR", int32_t,
          (uint64_t, uint32_t *, VkxCooperativeMatrixPropertiesKHR *));
  if (!list || list(physicalDevice, &count, p) < 0) return 0; // more than fit: those that do
  for (uint32_t i = 0; i < count; i++) {
    if (p[i].AType != VKX_COMPONENT_TYPE_FLOAT16_KHR || p[i].BType != VKX_COMPONENT_TYPE_FLOAT16_KHR ||
        p[i].CType != VKX_COMPONENT_TYPE_FLOAT32_KHR || p[i].ResultType != VKX_COMPONENT_TYPE_FLOAT32_KHR ||
        p[i].saturatingAccumulation || p[i].scope != VKX_SCOPE_SUBGROUP_KHR)
      continue;
    shapes[3 * found] = p[i].MSize;
    shapes[3 * found + 1] = p[i].NSize;
    shapes[3 * found + 2] = p[i].KSize;
    found++;
  }
  return found;
}

void vkxMemory(vkxInstance *instance, uint64_t physicalDevice, int budget, vkxMemoryInfo *info) {
  VkxPhysicalDeviceMemoryBudgetPropertiesEXT b = {
      .sType = VKX_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT};
  VkxPhysicalDeviceMemoryProperties2 m = {
      .sType = VKX_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2, .pNext = budget ? &b : NULL};
  CALL("vkGetPhysicalDeviceMemoryProperties2", void, (uint64_t, VkxPhysicalDeviceMemoryProperties2 *))
  (physicalDevice, &m);
  memset(info, 0, sizeof *info);
  info->typeCount = m.memoryProperties.memoryTypeCount;
  for (uint32_t i = 0; i < info->typeCount; i++) {
    info->typeFlags[i] = m.memoryProperties.memoryTypes[i].propertyFlags;
    info->typeHeap[i] = m.memoryProperties.memoryTypes[i].heapIndex;
  }
  info->heapCount = m.memoryProperties.memoryHeapCount;
  for (uint32_t i = 0; i < info->heapCount; i++) {
    info->heapSize[i] = m.memoryProperties.memoryHeaps[i].size;
    info->heapBudget[i] = b.heapBudget[i];
    info->heapUsage[i] = b.heapUsage[i];
  }
}
