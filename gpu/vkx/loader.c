// Opening the system's Vulkan loader.
#include "internal.h"

#if defined(_WIN32)
#include <windows.h>

void *vkxOpenLoader(void) {
  HMODULE library = LoadLibraryA("vulkan-1.dll");
  return library ? (void *)GetProcAddress(library, "vkGetInstanceProcAddr") : NULL;
}
#else
#include <dlfcn.h>

#if defined(__APPLE__)
static const char *const libraries[] = {"libvulkan.1.dylib", "libvulkan.dylib", "libMoltenVK.dylib",
    "/opt/homebrew/lib/libvulkan.1.dylib", "/usr/local/lib/libvulkan.1.dylib"};
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
#endif
