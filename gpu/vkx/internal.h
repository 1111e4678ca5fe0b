// Shared by the shim's C files only.
#ifndef VKX_INTERNAL_H
#define VKX_INTERNAL_H
#include "structs.h"
#include "vkx.h"

enum { VKX_INCOMPLETE = 5, VKX_ERROR_OUT_OF_HOST_MEMORY = -1, VKX_ERROR_INITIALIZATION_FAILED = -3 };

typedef void(VKX_CALL *vkxProc)(void);
typedef vkxProc(VKX_CALL *vkxGetProc)(uint64_t instance, const char *name);
typedef int32_t(VKX_CALL *vkxResultPP)(uint32_t *, void *);

struct vkxInstance {
  uint64_t handle, messenger;
  vkxGetProc get;
  uint32_t messageCount, dropped;
  char messages[VKX_MESSAGES][VKX_MESSAGE_SIZE];
};
#endif
