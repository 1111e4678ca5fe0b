// Shared by the shim's C files only.
#ifndef VKX_INTERNAL_H
#define VKX_INTERNAL_H
#include "structs.h"
#include "vkx.h"

#define VKX_API(major, minor) ((uint32_t)(major) << 22 | (uint32_t)(minor) << 12)

typedef void(VKX_CALL *vkxProc)(void);
typedef vkxProc(VKX_CALL *vkxGetProc)(uint64_t instanceOrDevice, const char *name);

// A Vulkan function, cast to its type: VKX_FUNCTION(get, instance, "vkName", void, (uint64_t))(...).
#define VKX_FUNCTION(get, owner, name, result, parameters) ((result(VKX_CALL *) parameters)(get)(owner, name))

struct vkxInstance {
  uint64_t handle, messenger;
  vkxGetProc get;
  uint32_t messageCount, dropped;
  char messages[VKX_MESSAGES][VKX_MESSAGE_SIZE];
};

// How the validation layers reach the instance's messages.
VkxDebugUtilsMessengerCreateInfoEXT vkxMessenger(vkxInstance *instance);
#endif
