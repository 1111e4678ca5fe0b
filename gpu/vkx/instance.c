#include "internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(_WIN32)
#include <windows.h>
void *vkxOpenLoader(void) {
  HMODULE library = LoadLibraryA("vulkan-1.dll");
  return library ? (void *)GetProcAddress(library, "vkGetInstanceProcAddr") : NULL;
}
static SRWLOCK lock = SRWLOCK_INIT;
static void acquire(void) { AcquireSRWLockExclusive(&lock); }
static void release(void) { ReleaseSRWLockExclusive(&lock); }
#else
#include <dlfcn.h>
#include <pthread.h>
#if defined(__APPLE__)
static const char *const libraries[] = {"libvulkan.1.dylib", "libvulkan.dylib", "libMoltenVK.dylib", "/opt/homebrew/lib/libvulkan.1.dylib", "/usr/local/lib/libvulkan.1.dylib"};
#else
static const char *const libraries[] = {"libvulkan.so.1"}; // libvulkan.so comes with development packages only
#endif
void *vkxOpenLoader(void) {
  for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
    void *library = dlopen(libraries[i], RTLD_NOW | RTLD_LOCAL);
    if (library) return dlsym(library, "vkGetInstanceProcAddr");
  }
  return NULL;
}
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void acquire(void) { pthread_mutex_lock(&lock); }
static void release(void) { pthread_mutex_unlock(&lock); }
#endif

#define VALIDATION_LAYER "VK_LAYER_KHRONOS_validation"
#define API_1_3 (1u << 22 | 3u << 12)

enum { PORTABILITY_ENUMERATION = 1, SEVERITY_WARNING_AND_WORSE = 0x1100, TYPE_VALIDATION_AND_GENERAL = 3 };

// The layers call this from whichever thread called Vulkan. Go collects the messages after each call.
static uint32_t VKX_CALL receive(int32_t severity, uint32_t types, const VkxDebugUtilsMessengerCallbackDataEXT *data, void *user) {
  (void)severity, (void)types;
  vkxInstance *instance = user;
  acquire();
  if (instance->messageCount == VKX_MESSAGES) {
    instance->dropped++;
  } else {
    char *message = instance->messages[instance->messageCount++];
    size_t used = 0;
    for (uint32_t i = 0; i < data->objectCount && used < VKX_MESSAGE_SIZE / 4; i++)
      if (data->pObjects[i].pObjectName) used += (size_t)snprintf(message + used, VKX_MESSAGE_SIZE - used, "[%s] ", data->pObjects[i].pObjectName);
    if (used >= VKX_MESSAGE_SIZE) used = VKX_MESSAGE_SIZE - 1;
    snprintf(message + used, VKX_MESSAGE_SIZE - used, "%s", data->pMessage ? data->pMessage : "");
  }
  release();
  return 0;
}

uint32_t vkxTakeMessages(vkxInstance *instance, char *buffer, uint32_t *dropped) {
  acquire();
  uint32_t count = instance->messageCount;
  if (count) memcpy(buffer, instance->messages, (size_t)count * VKX_MESSAGE_SIZE);
  *dropped = instance->dropped;
  instance->messageCount = instance->dropped = 0;
  release();
  return count;
}

int vkxHasValidationLayer(void *getInstanceProcAddr) {
  vkxResultPP enumerate = (vkxResultPP)((vkxGetProc)getInstanceProcAddr)(0, "vkEnumerateInstanceLayerProperties");
  uint32_t count = 0;
  if (!enumerate || enumerate(&count, NULL) || !count) return 0;
  VkxLayerProperties *layers = calloc(count, sizeof *layers);
  int found = 0;
  if (layers && !enumerate(&count, layers))
    for (uint32_t i = 0; i < count; i++) found |= !strcmp(layers[i].layerName, VALIDATION_LAYER);
  free(layers);
  return found;
}

static int hasInstanceExtension(vkxGetProc get, const char *layer, const char *name) {
  int32_t(VKX_CALL * enumerate)(const char *, uint32_t *, VkxExtensionProperties *) = (int32_t(VKX_CALL *)(const char *, uint32_t *, VkxExtensionProperties *))get(0, "vkEnumerateInstanceExtensionProperties");
  uint32_t count = 0;
  if (!enumerate || enumerate(layer, &count, NULL) || !count) return 0;
  VkxExtensionProperties *extensions = calloc(count, sizeof *extensions);
  int found = 0;
  if (extensions && enumerate(layer, &count, extensions) >= 0)
    for (uint32_t i = 0; i < count; i++) found |= !strcmp(extensions[i].extensionName, name);
  free(extensions);
  return found;
}

int32_t vkxCreateInstance(void *getInstanceProcAddr, int validation, vkxInstance **out) {
  vkxGetProc get = (vkxGetProc)getInstanceProcAddr;
  int32_t(VKX_CALL * create)(const VkxInstanceCreateInfo *, const void *, uint64_t *) = (int32_t(VKX_CALL *)(const VkxInstanceCreateInfo *, const void *, uint64_t *))get(0, "vkCreateInstance");
  vkxInstance *instance = calloc(1, sizeof *instance);
  if (!create || !instance) {
    free(instance);
    return VKX_ERROR_INITIALIZATION_FAILED;
  }
  const char *layers[] = {VALIDATION_LAYER}, *extensions[2];
  VkxApplicationInfo application = {VKX_ST_APPLICATION_INFO, NULL, "dvn-vk", 1, "dvn-vk", 1, API_1_3};
  VkxDebugUtilsMessengerCreateInfoEXT messenger = {VKX_ST_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT, NULL, 0, SEVERITY_WARNING_AND_WORSE, TYPE_VALIDATION_AND_GENERAL, receive, instance};
  VkxInstanceCreateInfo info = {VKX_ST_INSTANCE_CREATE_INFO, NULL, 0, &application, 0, layers, 0, extensions};
  if (hasInstanceExtension(get, NULL, "VK_KHR_portability_enumeration")) {
    extensions[info.enabledExtensionCount++] = "VK_KHR_portability_enumeration";
    info.flags |= PORTABILITY_ENUMERATION;
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
  instance->get = get;
  if (validation) {
    int32_t(VKX_CALL * createMessenger)(uint64_t, const VkxDebugUtilsMessengerCreateInfoEXT *, const void *, uint64_t *) = (int32_t(VKX_CALL *)(uint64_t, const VkxDebugUtilsMessengerCreateInfoEXT *, const void *, uint64_t *))get(instance->handle, "vkCreateDebugUtilsMessengerEXT");
    result = createMessenger ? createMessenger(instance->handle, &messenger, NULL, &instance->messenger) : VKX_ERROR_INITIALIZATION_FAILED;
    if (result) {
      vkxDestroyInstance(instance);
      return result;
    }
  }
  *out = instance;
  return 0;
}

void vkxDestroyInstance(vkxInstance *instance) {
  if (instance->messenger) {
    void(VKX_CALL * destroyMessenger)(uint64_t, uint64_t, const void *) = (void(VKX_CALL *)(uint64_t, uint64_t, const void *))instance->get(instance->handle, "vkDestroyDebugUtilsMessengerEXT");
    destroyMessenger(instance->handle, instance->messenger, NULL);
  }
  void(VKX_CALL * destroy)(uint64_t, const void *) = (void(VKX_CALL *)(uint64_t, const void *))instance->get(instance->handle, "vkDestroyInstance");
  destroy(instance->handle, NULL);
  free(instance);
}

uint64_t vkxInstanceHandle(const vkxInstance *instance) { return instance->handle; }
