// The Vulkan structures that the shim passes, declared from the published Vulkan 1.3 specification: the binding's own
// headers end at 1.1, and users need no header of their system. Names are the specification's with Vkx and VKX for
// Vk and VK: structs_test.go compares every size, offset and constant with <vulkan/vulkan.h> where that is installed. 64-bit targets only: there every
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
  VKX_STRUCTURE_TYPE_APPLICATION_INFO = 0,
  VKX_STRUCTURE_TYPE_INSTANCE_CREATE_INFO = 1,
  VKX_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO = 2,
  VKX_STRUCTURE_TYPE_DEVICE_CREATE_INFO = 3,
  VKX_STRUCTURE_TYPE_SUBMIT_INFO = 4,
  VKX_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO = 5,
  VKX_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO = 16,
  VKX_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO = 17,
  VKX_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO = 18,
  VKX_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO = 29,
  VKX_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO = 30,
  VKX_STRUCTURE_TYPE_MEMORY_BARRIER = 46,
  VKX_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES = 49,
  VKX_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_PROPERTIES = 50,
  VKX_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES = 51,
  VKX_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_PROPERTIES = 52,
  VKX_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES = 53,
  VKX_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_PROPERTIES = 54,
  VKX_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2 = 1000059000,
  VKX_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2 = 1000059001,
  VKX_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2 = 1000059006,
  VKX_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO = 1000060000,
  VKX_STRUCTURE_TYPE_DEBUG_UTILS_OBJECT_NAME_INFO_EXT = 1000128000,
  VKX_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT = 1000128004,
  VKX_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO = 1000225001,
  VKX_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT = 1000237000,
  VKX_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO = 1000244001,
  VKX_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR = 1000506000,
  VKX_STRUCTURE_TYPE_COOPERATIVE_MATRIX_PROPERTIES_KHR = 1000506001,
};

enum { VKX_INCOMPLETE = 5, VKX_ERROR_OUT_OF_HOST_MEMORY = -1, VKX_ERROR_INITIALIZATION_FAILED = -3 };

enum {
  VKX_QUEUE_GRAPHICS_BIT = 0x1,
  VKX_QUEUE_COMPUTE_BIT = 0x2,
  VKX_SHADER_STAGE_COMPUTE_BIT = 0x20,
  VKX_SUBGROUP_FEATURE_BASIC_BIT = 0x1,
  VKX_SUBGROUP_FEATURE_BALLOT_BIT = 0x8,
  VKX_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT = 0x20000,
  VKX_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT = 0x2,
  VKX_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT = 0x2,
  VKX_PIPELINE_STAGE_COMPUTE_SHADER_BIT = 0x800,
  VKX_PIPELINE_STAGE_TRANSFER_BIT = 0x1000,
  VKX_PIPELINE_STAGE_HOST_BIT = 0x4000,
  VKX_ACCESS_SHADER_READ_BIT = 0x20,
  VKX_ACCESS_SHADER_WRITE_BIT = 0x40,
  VKX_ACCESS_TRANSFER_READ_BIT = 0x800,
  VKX_ACCESS_TRANSFER_WRITE_BIT = 0x1000,
  VKX_ACCESS_HOST_READ_BIT = 0x2000,
  VKX_INSTANCE_CREATE_ENUMERATE_PORTABILITY_BIT_KHR = 0x1,
  VKX_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT = 0x100,
  VKX_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT = 0x1000,
  VKX_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT = 0x1,
  VKX_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT = 0x2,
  VKX_DEBUG_UTILS_MESSAGE_TYPE_PERFORMANCE_BIT_EXT = 0x4,
  VKX_COMPONENT_TYPE_FLOAT16_KHR = 0,
  VKX_COMPONENT_TYPE_FLOAT32_KHR = 1,
  VKX_SCOPE_SUBGROUP_KHR = 3,
};

typedef struct {
  int32_t sType;
  const void *pNext;
  const char *pApplicationName;
  uint32_t applicationVersion;
  const char *pEngineName;
  uint32_t engineVersion, apiVersion;
} VkxApplicationInfo;

typedef struct {
  int32_t sType;
  const void *pNext;
  uint32_t flags;
  const VkxApplicationInfo *pApplicationInfo;
  uint32_t enabledLayerCount;
  const char *const *ppEnabledLayerNames;
  uint32_t enabledExtensionCount;
  const char *const *ppEnabledExtensionNames;
} VkxInstanceCreateInfo;

typedef struct {
  char layerName[256];
  uint32_t specVersion, implementationVersion;
  char description[256];
} VkxLayerProperties;

typedef struct {
  char extensionName[256];
  uint32_t specVersion;
} VkxExtensionProperties;

typedef struct {
  int32_t sType;
  const void *pNext;
  int32_t objectType;
  uint64_t objectHandle;
  const char *pObjectName;
} VkxDebugUtilsObjectNameInfoEXT;

typedef struct {
  int32_t sType;
  const void *pNext;
  uint32_t flags;
  const char *pMessageIdName;
  int32_t messageIdNumber;
  const char *pMessage;
  uint32_t queueLabelCount;
  const void *pQueueLabels;
  uint32_t cmdBufLabelCount;
  const void *pCmdBufLabels;
  uint32_t objectCount;
  const VkxDebugUtilsObjectNameInfoEXT *pObjects;
} VkxDebugUtilsMessengerCallbackDataEXT;

typedef uint32_t(VKX_CALL *VkxMessengerCallback)(
    int32_t severity, uint32_t types, const VkxDebugUtilsMessengerCallbackDataEXT *data, void *user);

typedef struct {
  int32_t sType;
  const void *pNext;
  uint32_t flags, messageSeverity, messageType;
  VkxMessengerCallback pfnUserCallback;
  void *pUserData;
} VkxDebugUtilsMessengerCreateInfoEXT;

typedef struct {
  uint32_t queueFlags, queueCount, timestampValidBits;
  uint32_t minImageTransferGranularity[3];
} VkxQueueFamilyProperties;

// VkPhysicalDeviceProperties comes from the binding: only its size matters here.
typedef struct {
  int32_t sType;
  void *pNext;
  uint64_t properties[103];
} VkxPhysicalDeviceProperties2;

typedef struct {
  int32_t sType;
  void *pNext;
  uint8_t deviceUUID[16], driverUUID[16], deviceLUID[8];
  uint32_t deviceNodeMask, deviceLUIDValid, subgroupSize, subgroupSupportedStages, subgroupSupportedOperations,
      subgroupQuadOperationsInAllStages;
  int32_t pointClippingBehavior;
  uint32_t maxMultiviewViewCount, maxMultiviewInstanceIndex, protectedNoFault, maxPerSetDescriptors;
  uint64_t maxMemoryAllocationSize;
} VkxPhysicalDeviceVulkan11Properties;

typedef struct {
  int32_t sType;
  void *pNext;
  int32_t driverID;
  char driverName[256], driverInfo[256];
  uint8_t conformanceVersion[4];
  int32_t denormBehaviorIndependence, roundingModeIndependence;
  uint32_t shaderSignedZeroInfNanPreserveFloat16, shaderSignedZeroInfNanPreserveFloat32,
      shaderSignedZeroInfNanPreserveFloat64, shaderDenormPreserveFloat16, shaderDenormPreserveFloat32,
      shaderDenormPreserveFloat64, shaderDenormFlushToZeroFloat16, shaderDenormFlushToZeroFloat32,
      shaderDenormFlushToZeroFloat64, shaderRoundingModeRTEFloat16, shaderRoundingModeRTEFloat32,
      shaderRoundingModeRTEFloat64, shaderRoundingModeRTZFloat16, shaderRoundingModeRTZFloat32,
      shaderRoundingModeRTZFloat64, maxUpdateAfterBindDescriptorsInAllPools,
      shaderUniformBufferArrayNonUniformIndexingNative, shaderSampledImageArrayNonUniformIndexingNative,
      shaderStorageBufferArrayNonUniformIndexingNative, shaderStorageImageArrayNonUniformIndexingNative,
      shaderInputAttachmentArrayNonUniformIndexingNative, robustBufferAccessUpdateAfterBind, quadDivergentImplicitLod,
      maxPerStageDescriptorUpdateAfterBindSamplers, maxPerStageDescriptorUpdateAfterBindUniformBuffers,
      maxPerStageDescriptorUpdateAfterBindStorageBuffers, maxPerStageDescriptorUpdateAfterBindSampledImages,
      maxPerStageDescriptorUpdateAfterBindStorageImages, maxPerStageDescriptorUpdateAfterBindInputAttachments,
      maxPerStageUpdateAfterBindResources, maxDescriptorSetUpdateAfterBindSamplers,
      maxDescriptorSetUpdateAfterBindUniformBuffers, maxDescriptorSetUpdateAfterBindUniformBuffersDynamic,
      maxDescriptorSetUpdateAfterBindStorageBuffers, maxDescriptorSetUpdateAfterBindStorageBuffersDynamic,
      maxDescriptorSetUpdateAfterBindSampledImages, maxDescriptorSetUpdateAfterBindStorageImages,
      maxDescriptorSetUpdateAfterBindInputAttachments, supportedDepthResolveModes, supportedStencilResolveModes,
      independentResolveNone, independentResolve, filterMinmaxSingleComponentFormats, filterMinmaxImageComponentMapping;
  uint64_t maxTimelineSemaphoreValueDifference;
  uint32_t framebufferIntegerColorSampleCounts;
} VkxPhysicalDeviceVulkan12Properties;

typedef struct {
  int32_t sType;
  void *pNext;
  uint32_t minSubgroupSize, maxSubgroupSize, maxComputeWorkgroupSubgroups, requiredSubgroupSizeStages,
      maxInlineUniformBlockSize, maxPerStageDescriptorInlineUniformBlocks,
      maxPerStageDescriptorUpdateAfterBindInlineUniformBlocks, maxDescriptorSetInlineUniformBlocks,
      maxDescriptorSetUpdateAfterBindInlineUniformBlocks, maxInlineUniformTotalSize,
      integerDotProduct8BitUnsignedAccelerated, integerDotProduct8BitSignedAccelerated,
      integerDotProduct8BitMixedSignednessAccelerated, integerDotProduct4x8BitPackedUnsignedAccelerated,
      integerDotProduct4x8BitPackedSignedAccelerated, integerDotProduct4x8BitPackedMixedSignednessAccelerated,
      integerDotProduct16BitUnsignedAccelerated, integerDotProduct16BitSignedAccelerated,
      integerDotProduct16BitMixedSignednessAccelerated, integerDotProduct32BitUnsignedAccelerated,
      integerDotProduct32BitSignedAccelerated, integerDotProduct32BitMixedSignednessAccelerated,
      integerDotProduct64BitUnsignedAccelerated, integerDotProduct64BitSignedAccelerated,
      integerDotProduct64BitMixedSignednessAccelerated, integerDotProductAccumulatingSaturating8BitUnsignedAccelerated,
      integerDotProductAccumulatingSaturating8BitSignedAccelerated,
      integerDotProductAccumulatingSaturating8BitMixedSignednessAccelerated,
      integerDotProductAccumulatingSaturating4x8BitPackedUnsignedAccelerated,
      integerDotProductAccumulatingSaturating4x8BitPackedSignedAccelerated,
      integerDotProductAccumulatingSaturating4x8BitPackedMixedSignednessAccelerated,
      integerDotProductAccumulatingSaturating16BitUnsignedAccelerated,
      integerDotProductAccumulatingSaturating16BitSignedAccelerated,
      integerDotProductAccumulatingSaturating16BitMixedSignednessAccelerated,
      integerDotProductAccumulatingSaturating32BitUnsignedAccelerated,
      integerDotProductAccumulatingSaturating32BitSignedAccelerated,
      integerDotProductAccumulatingSaturating32BitMixedSignednessAccelerated,
      integerDotProductAccumulatingSaturating64BitUnsignedAccelerated,
      integerDotProductAccumulatingSaturating64BitSignedAccelerated,
      integerDotProductAccumulatingSaturating64BitMixedSignednessAccelerated;
  uint64_t storageTexelBufferOffsetAlignmentBytes;
  uint32_t storageTexelBufferOffsetSingleTexelAlignment;
  uint64_t uniformTexelBufferOffsetAlignmentBytes;
  uint32_t uniformTexelBufferOffsetSingleTexelAlignment;
  uint64_t maxBufferSize;
} VkxPhysicalDeviceVulkan13Properties;

typedef struct {
  uint32_t robustBufferAccess, fullDrawIndexUint32, imageCubeArray, independentBlend, geometryShader,
      tessellationShader, sampleRateShading, dualSrcBlend, logicOp, multiDrawIndirect, drawIndirectFirstInstance,
      depthClamp, depthBiasClamp, fillModeNonSolid, depthBounds, wideLines, largePoints, alphaToOne, multiViewport,
      samplerAnisotropy, textureCompressionETC2, textureCompressionASTC_LDR, textureCompressionBC,
      occlusionQueryPrecise, pipelineStatisticsQuery, vertexPipelineStoresAndAtomics, fragmentStoresAndAtomics,
      shaderTessellationAndGeometryPointSize, shaderImageGatherExtended, shaderStorageImageExtendedFormats,
      shaderStorageImageMultisample, shaderStorageImageReadWithoutFormat, shaderStorageImageWriteWithoutFormat,
      shaderUniformBufferArrayDynamicIndexing, shaderSampledImageArrayDynamicIndexing,
      shaderStorageBufferArrayDynamicIndexing, shaderStorageImageArrayDynamicIndexing, shaderClipDistance,
      shaderCullDistance, shaderFloat64, shaderInt64, shaderInt16, shaderResourceResidency, shaderResourceMinLod,
      sparseBinding, sparseResidencyBuffer, sparseResidencyImage2D, sparseResidencyImage3D, sparseResidency2Samples,
      sparseResidency4Samples, sparseResidency8Samples, sparseResidency16Samples, sparseResidencyAliased,
      variableMultisampleRate, inheritedQueries;
} VkxPhysicalDeviceFeatures;

typedef struct {
  int32_t sType;
  void *pNext;
  VkxPhysicalDeviceFeatures features;
} VkxPhysicalDeviceFeatures2;

typedef struct {
  int32_t sType;
  void *pNext;
  uint32_t storageBuffer16BitAccess, uniformAndStorageBuffer16BitAccess, storagePushConstant16, storageInputOutput16,
      multiview, multiviewGeometryShader, multiviewTessellationShader, variablePointersStorageBuffer, variablePointers,
      protectedMemory, samplerYcbcrConversion, shaderDrawParameters;
} VkxPhysicalDeviceVulkan11Features;

typedef struct {
  int32_t sType;
  void *pNext;
  uint32_t samplerMirrorClampToEdge, drawIndirectCount, storageBuffer8BitAccess, uniformAndStorageBuffer8BitAccess,
      storagePushConstant8, shaderBufferInt64Atomics, shaderSharedInt64Atomics, shaderFloat16, shaderInt8,
      descriptorIndexing, shaderInputAttachmentArrayDynamicIndexing, shaderUniformTexelBufferArrayDynamicIndexing,
      shaderStorageTexelBufferArrayDynamicIndexing, shaderUniformBufferArrayNonUniformIndexing,
      shaderSampledImageArrayNonUniformIndexing, shaderStorageBufferArrayNonUniformIndexing,
      shaderStorageImageArrayNonUniformIndexing, shaderInputAttachmentArrayNonUniformIndexing,
      shaderUniformTexelBufferArrayNonUniformIndexing, shaderStorageTexelBufferArrayNonUniformIndexing,
      descriptorBindingUniformBufferUpdateAfterBind, descriptorBindingSampledImageUpdateAfterBind,
      descriptorBindingStorageImageUpdateAfterBind, descriptorBindingStorageBufferUpdateAfterBind,
      descriptorBindingUniformTexelBufferUpdateAfterBind, descriptorBindingStorageTexelBufferUpdateAfterBind,
      descriptorBindingUpdateUnusedWhilePending, descriptorBindingPartiallyBound,
      descriptorBindingVariableDescriptorCount, runtimeDescriptorArray, samplerFilterMinmax, scalarBlockLayout,
      imagelessFramebuffer, uniformBufferStandardLayout, shaderSubgroupExtendedTypes, separateDepthStencilLayouts,
      hostQueryReset, timelineSemaphore, bufferDeviceAddress, bufferDeviceAddressCaptureReplay,
      bufferDeviceAddressMultiDevice, vulkanMemoryModel, vulkanMemoryModelDeviceScope,
      vulkanMemoryModelAvailabilityVisibilityChains, shaderOutputViewportIndex, shaderOutputLayer,
      subgroupBroadcastDynamicId;
} VkxPhysicalDeviceVulkan12Features;

typedef struct {
  int32_t sType;
  void *pNext;
  uint32_t robustImageAccess, inlineUniformBlock, descriptorBindingInlineUniformBlockUpdateAfterBind,
      pipelineCreationCacheControl, privateData, shaderDemoteToHelperInvocation, shaderTerminateInvocation,
      subgroupSizeControl, computeFullSubgroups, synchronization2, textureCompressionASTC_HDR,
      shaderZeroInitializeWorkgroupMemory, dynamicRendering, shaderIntegerDotProduct, maintenance4;
} VkxPhysicalDeviceVulkan13Features;

typedef struct {
  int32_t sType;
  void *pNext;
  uint32_t cooperativeMatrix, cooperativeMatrixRobustBufferAccess;
} VkxPhysicalDeviceCooperativeMatrixFeaturesKHR;

typedef struct {
  int32_t sType;
  void *pNext;
  uint32_t MSize, NSize, KSize;
  int32_t AType, BType, CType, ResultType;
  uint32_t saturatingAccumulation;
  int32_t scope;
} VkxCooperativeMatrixPropertiesKHR;

typedef struct {
  uint32_t propertyFlags, heapIndex;
} VkxMemoryType;

typedef struct {
  uint64_t size;
  uint32_t flags;
} VkxMemoryHeap;

typedef struct {
  uint32_t memoryTypeCount;
  VkxMemoryType memoryTypes[32];
  uint32_t memoryHeapCount;
  VkxMemoryHeap memoryHeaps[16];
} VkxPhysicalDeviceMemoryProperties;

typedef struct {
  int32_t sType;
  void *pNext;
  VkxPhysicalDeviceMemoryProperties memoryProperties;
} VkxPhysicalDeviceMemoryProperties2;

typedef struct {
  int32_t sType;
  void *pNext;
  uint64_t heapBudget[16], heapUsage[16];
} VkxPhysicalDeviceMemoryBudgetPropertiesEXT;

typedef struct {
  int32_t sType;
  const void *pNext;
  uint32_t flags, queueFamilyIndex, queueCount;
  const float *pQueuePriorities;
} VkxDeviceQueueCreateInfo;

typedef struct {
  int32_t sType;
  const void *pNext;
  uint32_t flags, queueCreateInfoCount;
  const VkxDeviceQueueCreateInfo *pQueueCreateInfos;
  uint32_t enabledLayerCount;
  const char *const *ppEnabledLayerNames;
  uint32_t enabledExtensionCount;
  const char *const *ppEnabledExtensionNames;
  const void *pEnabledFeatures;
} VkxDeviceCreateInfo;

typedef struct {
  int32_t sType;
  const void *pNext;
  uint64_t allocationSize;
  uint32_t memoryTypeIndex;
} VkxMemoryAllocateInfo;

typedef struct {
  int32_t sType;
  const void *pNext;
  uint32_t flags, deviceMask;
} VkxMemoryAllocateFlagsInfo;

typedef struct {
  int32_t sType;
  const void *pNext;
  uint64_t buffer;
} VkxBufferDeviceAddressInfo;

typedef struct {
  uint32_t stageFlags, offset, size;
} VkxPushConstantRange;

typedef struct {
  int32_t sType;
  const void *pNext;
  uint32_t flags, setLayoutCount;
  const uint64_t *pSetLayouts;
  uint32_t pushConstantRangeCount;
  const VkxPushConstantRange *pPushConstantRanges;
} VkxPipelineLayoutCreateInfo;

typedef struct {
  int32_t sType;
  const void *pNext;
  uint32_t flags;
  size_t codeSize;
  const uint32_t *pCode;
} VkxShaderModuleCreateInfo;

typedef struct {
  uint32_t constantID, offset;
  size_t size;
} VkxSpecializationMapEntry;

typedef struct {
  uint32_t mapEntryCount;
  const VkxSpecializationMapEntry *pMapEntries;
  size_t dataSize;
  const void *pData;
} VkxSpecializationInfo;

typedef struct {
  int32_t sType;
  void *pNext;
  uint32_t requiredSubgroupSize;
} VkxPipelineShaderStageRequiredSubgroupSizeCreateInfo;

typedef struct {
  int32_t sType;
  const void *pNext;
  uint32_t flags;
  int32_t stage;
  uint64_t module;
  const char *pName;
  const VkxSpecializationInfo *pSpecializationInfo;
} VkxPipelineShaderStageCreateInfo;

typedef struct {
  int32_t sType;
  const void *pNext;
  uint32_t flags;
  VkxPipelineShaderStageCreateInfo stage;
  uint64_t layout, basePipelineHandle;
  int32_t basePipelineIndex;
} VkxComputePipelineCreateInfo;

typedef struct {
  int32_t sType;
  const void *pNext;
  uint32_t flags;
  size_t initialDataSize;
  const void *pInitialData;
} VkxPipelineCacheCreateInfo;

typedef struct {
  int32_t sType;
  const void *pNext;
  uint32_t srcAccessMask, dstAccessMask;
} VkxMemoryBarrier;

typedef struct {
  uint64_t srcOffset, dstOffset, size;
} VkxBufferCopy;

typedef struct {
  int32_t sType;
  const void *pNext;
  uint32_t waitSemaphoreCount;
  const uint64_t *pWaitSemaphores;
  const uint32_t *pWaitDstStageMask;
  uint32_t commandBufferCount;
  const uint64_t *pCommandBuffers;
  uint32_t signalSemaphoreCount;
  const uint64_t *pSignalSemaphores;
} VkxSubmitInfo;
#endif
