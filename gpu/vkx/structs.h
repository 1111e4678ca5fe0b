// The Vulkan structures that the shim passes, declared from the published Vulkan 1.3 specification: the binding's own
// headers end at 1.1, and users need no header of their system. Field names are the specification's; structs_test.go
// compares sizes, offsets and constants with <vulkan/vulkan.h> where that is installed. 64-bit targets only: there every
// handle is a pointer or a 64-bit number, and both travel as uint64_t.
#ifndef VKX_STRUCTS_H
#define VKX_STRUCTS_H
#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define VKX_CALL __stdcall
#else
#define VKX_CALL
#endif

enum {
  VKX_ST_APPLICATION_INFO = 0,
  VKX_ST_INSTANCE_CREATE_INFO = 1,
  VKX_ST_DEVICE_QUEUE_CREATE_INFO = 2,
  VKX_ST_DEVICE_CREATE_INFO = 3,
  VKX_ST_SUBMIT_INFO = 4,
  VKX_ST_MEMORY_ALLOCATE_INFO = 5,
  VKX_ST_SHADER_MODULE_CREATE_INFO = 16,
  VKX_ST_PIPELINE_CACHE_CREATE_INFO = 17,
  VKX_ST_PIPELINE_SHADER_STAGE_CREATE_INFO = 18,
  VKX_ST_COMPUTE_PIPELINE_CREATE_INFO = 29,
  VKX_ST_PIPELINE_LAYOUT_CREATE_INFO = 30,
  VKX_ST_MEMORY_BARRIER = 46,
  VKX_ST_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES = 49,
  VKX_ST_PHYSICAL_DEVICE_VULKAN_1_1_PROPERTIES = 50,
  VKX_ST_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES = 51,
  VKX_ST_PHYSICAL_DEVICE_VULKAN_1_2_PROPERTIES = 52,
  VKX_ST_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES = 53,
  VKX_ST_PHYSICAL_DEVICE_VULKAN_1_3_PROPERTIES = 54,
  VKX_ST_PHYSICAL_DEVICE_FEATURES_2 = 1000059000,
  VKX_ST_PHYSICAL_DEVICE_PROPERTIES_2 = 1000059001,
  VKX_ST_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2 = 1000059006,
  VKX_ST_MEMORY_ALLOCATE_FLAGS_INFO = 1000060000,
  VKX_ST_DEBUG_UTILS_OBJECT_NAME_INFO_EXT = 1000128000,
  VKX_ST_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT = 1000128004,
  VKX_ST_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO = 1000225001,
  VKX_ST_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT = 1000237000,
  VKX_ST_BUFFER_DEVICE_ADDRESS_INFO = 1000244001,
  VKX_ST_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR = 1000506000,
};

typedef struct { int32_t sType; const void *pNext; const char *pApplicationName; uint32_t applicationVersion; const char *pEngineName; uint32_t engineVersion, apiVersion; } VkxApplicationInfo;
typedef struct { int32_t sType; const void *pNext; uint32_t flags; const VkxApplicationInfo *pApplicationInfo; uint32_t enabledLayerCount; const char *const *ppEnabledLayerNames; uint32_t enabledExtensionCount; const char *const *ppEnabledExtensionNames; } VkxInstanceCreateInfo;
typedef struct { char layerName[256]; uint32_t specVersion, implementationVersion; char description[256]; } VkxLayerProperties;
typedef struct { char extensionName[256]; uint32_t specVersion; } VkxExtensionProperties;

typedef struct { int32_t sType; const void *pNext; int32_t objectType; uint64_t objectHandle; const char *pObjectName; } VkxDebugUtilsObjectNameInfoEXT;
typedef struct { int32_t sType; const void *pNext; uint32_t flags; const char *pMessageIdName; int32_t messageIdNumber; const char *pMessage; uint32_t queueLabelCount; const void *pQueueLabels; uint32_t cmdBufLabelCount; const void *pCmdBufLabels; uint32_t objectCount; const VkxDebugUtilsObjectNameInfoEXT *pObjects; } VkxDebugUtilsMessengerCallbackDataEXT;
typedef uint32_t(VKX_CALL *VkxMessengerCallback)(int32_t severity, uint32_t types, const VkxDebugUtilsMessengerCallbackDataEXT *data, void *user);
typedef struct { int32_t sType; const void *pNext; uint32_t flags, messageSeverity, messageType; VkxMessengerCallback pfnUserCallback; void *pUserData; } VkxDebugUtilsMessengerCreateInfoEXT;

typedef struct { uint32_t queueFlags, queueCount, timestampValidBits, minImageTransferGranularity[3]; } VkxQueueFamilyProperties;
// properties: VkPhysicalDeviceProperties, which the shim asks the binding for; only its size matters here.
typedef struct { int32_t sType; void *pNext; uint64_t properties[103]; } VkxPhysicalDeviceProperties2;
typedef struct { int32_t sType; void *pNext; uint8_t deviceUUID[16], driverUUID[16], deviceLUID[8]; uint32_t deviceNodeMask, deviceLUIDValid, subgroupSize, subgroupSupportedStages, subgroupSupportedOperations, subgroupQuadOperationsInAllStages; int32_t pointClippingBehavior; uint32_t maxMultiviewViewCount, maxMultiviewInstanceIndex, protectedNoFault, maxPerSetDescriptors; uint64_t maxMemoryAllocationSize; } VkxPhysicalDeviceVulkan11Properties;
typedef struct { int32_t sType; void *pNext; int32_t driverID; char driverName[256], driverInfo[256]; uint8_t conformanceVersion[4]; uint32_t rest[46]; uint64_t maxTimelineSemaphoreValueDifference; uint32_t framebufferIntegerColorSampleCounts; } VkxPhysicalDeviceVulkan12Properties;
typedef struct { int32_t sType; void *pNext; uint32_t minSubgroupSize, maxSubgroupSize, maxComputeWorkgroupSubgroups, requiredSubgroupSizeStages, inlineUniform[5], maxInlineUniformTotalSize, integerDotProduct[30]; uint64_t storageTexelBufferOffsetAlignmentBytes; uint32_t storageTexelBufferOffsetSingleTexelAlignment; uint64_t uniformTexelBufferOffsetAlignmentBytes; uint32_t uniformTexelBufferOffsetSingleTexelAlignment; uint64_t maxBufferSize; } VkxPhysicalDeviceVulkan13Properties;

// features: the 55 booleans of VkPhysicalDeviceFeatures, by position.
enum { VKX_FEATURE_SHADER_INT64 = 40, VKX_FEATURE_SHADER_INT16 = 41 };
typedef struct { int32_t sType; void *pNext; uint32_t features[55]; } VkxPhysicalDeviceFeatures2;
typedef struct { int32_t sType; void *pNext; uint32_t storageBuffer16BitAccess, uniformAndStorageBuffer16BitAccess, storagePushConstant16, storageInputOutput16, multiview, multiviewGeometryShader, multiviewTessellationShader, variablePointersStorageBuffer, variablePointers, protectedMemory, samplerYcbcrConversion, shaderDrawParameters; } VkxPhysicalDeviceVulkan11Features;
typedef struct { int32_t sType; void *pNext; uint32_t samplerMirrorClampToEdge, drawIndirectCount, storageBuffer8BitAccess, uniformAndStorageBuffer8BitAccess, storagePushConstant8, shaderBufferInt64Atomics, shaderSharedInt64Atomics, shaderFloat16, shaderInt8, descriptorIndexing, descriptorIndexingDetails[20], samplerFilterMinmax, scalarBlockLayout, imagelessFramebuffer, uniformBufferStandardLayout, shaderSubgroupExtendedTypes, separateDepthStencilLayouts, hostQueryReset, timelineSemaphore, bufferDeviceAddress, bufferDeviceAddressCaptureReplay, bufferDeviceAddressMultiDevice, vulkanMemoryModel, vulkanMemoryModelDeviceScope, vulkanMemoryModelAvailabilityVisibilityChains, shaderOutputViewportIndex, shaderOutputLayer, subgroupBroadcastDynamicId; } VkxPhysicalDeviceVulkan12Features;
typedef struct { int32_t sType; void *pNext; uint32_t robustImageAccess, inlineUniformBlock, descriptorBindingInlineUniformBlockUpdateAfterBind, pipelineCreationCacheControl, privateData, shaderDemoteToHelperInvocation, shaderTerminateInvocation, subgroupSizeControl, computeFullSubgroups, synchronization2, textureCompressionASTC_HDR, shaderZeroInitializeWorkgroupMemory, dynamicRendering, shaderIntegerDotProduct, maintenance4; } VkxPhysicalDeviceVulkan13Features;
typedef struct { int32_t sType; void *pNext; uint32_t cooperativeMatrix, cooperativeMatrixRobustBufferAccess; } VkxPhysicalDeviceCooperativeMatrixFeaturesKHR;
typedef struct { int32_t sType; void *pNext; struct { uint32_t memoryTypeCount; uint32_t memoryTypes[32][2]; uint32_t memoryHeapCount; struct { uint64_t size; uint32_t flags; } memoryHeaps[16]; } memoryProperties; } VkxPhysicalDeviceMemoryProperties2;
typedef struct { int32_t sType; void *pNext; uint64_t heapBudget[16], heapUsage[16]; } VkxPhysicalDeviceMemoryBudgetPropertiesEXT;

typedef struct { int32_t sType; const void *pNext; uint32_t flags, queueFamilyIndex, queueCount; const float *pQueuePriorities; } VkxDeviceQueueCreateInfo;
typedef struct { int32_t sType; const void *pNext; uint32_t flags, queueCreateInfoCount; const VkxDeviceQueueCreateInfo *pQueueCreateInfos; uint32_t enabledLayerCount; const char *const *ppEnabledLayerNames; uint32_t enabledExtensionCount; const char *const *ppEnabledExtensionNames; const void *pEnabledFeatures; } VkxDeviceCreateInfo;

typedef struct { int32_t sType; const void *pNext; uint64_t allocationSize; uint32_t memoryTypeIndex; } VkxMemoryAllocateInfo;
typedef struct { int32_t sType; const void *pNext; uint32_t flags, deviceMask; } VkxMemoryAllocateFlagsInfo;
typedef struct { int32_t sType; const void *pNext; uint64_t buffer; } VkxBufferDeviceAddressInfo;

typedef struct { uint32_t stageFlags, offset, size; } VkxPushConstantRange;
typedef struct { int32_t sType; const void *pNext; uint32_t flags, setLayoutCount; const uint64_t *pSetLayouts; uint32_t pushConstantRangeCount; const VkxPushConstantRange *pPushConstantRanges; } VkxPipelineLayoutCreateInfo;
typedef struct { int32_t sType; const void *pNext; uint32_t flags; size_t codeSize; const uint32_t *pCode; } VkxShaderModuleCreateInfo;
typedef struct { uint32_t constantID, offset; size_t size; } VkxSpecializationMapEntry;
typedef struct { uint32_t mapEntryCount; const VkxSpecializationMapEntry *pMapEntries; size_t dataSize; const void *pData; } VkxSpecializationInfo;
typedef struct { int32_t sType; void *pNext; uint32_t requiredSubgroupSize; } VkxPipelineShaderStageRequiredSubgroupSizeCreateInfo;
typedef struct { int32_t sType; const void *pNext; uint32_t flags; int32_t stage; uint64_t module; const char *pName; const VkxSpecializationInfo *pSpecializationInfo; } VkxPipelineShaderStageCreateInfo;
typedef struct { int32_t sType; const void *pNext; uint32_t flags; VkxPipelineShaderStageCreateInfo stage; uint64_t layout, basePipelineHandle; int32_t basePipelineIndex; } VkxComputePipelineCreateInfo;
typedef struct { int32_t sType; const void *pNext; uint32_t flags; size_t initialDataSize; const void *pInitialData; } VkxPipelineCacheCreateInfo;

typedef struct { int32_t sType; const void *pNext; uint32_t srcAccessMask, dstAccessMask; } VkxMemoryBarrier;
typedef struct { uint64_t srcOffset, dstOffset, size; } VkxBufferCopy;
typedef struct { int32_t sType; const void *pNext; uint32_t waitSemaphoreCount; const uint64_t *pWaitSemaphores; const uint32_t *pWaitDstStageMask; uint32_t commandBufferCount; const uint64_t *pCommandBuffers; uint32_t signalSemaphoreCount; const uint64_t *pSignalSemaphores; } VkxSubmitInfo;
#endif
