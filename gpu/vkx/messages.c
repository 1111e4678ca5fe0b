// What the validation layers say: kept until Go asks for it after a call.
#include "internal.h"
#include <stdio.h>
#include <string.h>

#if defined(_WIN32)
#include <windows.h>
static SRWLOCK lock = SRWLOCK_INIT;
static void acquire(void) { AcquireSRWLockExclusive(&lock); }
static void release(void) { ReleaseSRWLockExclusive(&lock); }
#else
#include <pthread.h>
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void acquire(void) { pthread_mutex_lock(&lock); }
static void release(void) { pthread_mutex_unlock(&lock); }
#endif

// The names of the objects in brackets, then the text, cut to what fits.
static void format(char *message, const VkxDebugUtilsMessengerCallbackDataEXT *data) {
  size_t used = 0;
  for (uint32_t i = 0; i < data->objectCount && used < VKX_MESSAGE_SIZE / 4; i++) {
    const char *name = data->pObjects[i].pObjectName;
    if (name) used += (size_t)snprintf(message + used, VKX_MESSAGE_SIZE - used, "[%s] ", name);
  }
  if (used >= VKX_MESSAGE_SIZE) used = VKX_MESSAGE_SIZE - 1;
  snprintf(message + used, VKX_MESSAGE_SIZE - used, "%s", data->pMessage ? data->pMessage : "");
}

// The layers call this from whichever thread called Vulkan.
static uint32_t VKX_CALL receive(
    int32_t severity, uint32_t types, const VkxDebugUtilsMessengerCallbackDataEXT *data, void *user) {
  (void)severity, (void)types;
  vkxInstance *instance = user;
  // The loader speaks of the machine's layers and drivers, not of what this program does.
  if (data->pMessageIdName && !strcmp(data->pMessageIdName, "Loader Message")) return 0;
  acquire();
  if (instance->messageCount < VKX_MESSAGES)
    format(instance->messages[instance->messageCount++], data);
  else
    instance->dropped++;
  release();
  return 0;
}

VkxDebugUtilsMessengerCreateInfoEXT vkxMessenger(vkxInstance *instance) {
  return (VkxDebugUtilsMessengerCreateInfoEXT){
      .sType = VKX_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
      .messageSeverity =
          VKX_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT | VKX_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
      .messageType = VKX_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT | VKX_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT |
          VKX_DEBUG_UTILS_MESSAGE_TYPE_PERFORMANCE_BIT_EXT,
      .pfnUserCallback = receive,
      .pUserData = instance,
  };
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
