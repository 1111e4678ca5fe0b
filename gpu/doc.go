// Package gpu is a small Vulkan compute runtime: it finds and opens devices, allocates buffers that shaders reach by
// address, makes and caches pipelines, and records lists of dispatches once to submit them many times. Barriers are derived
// from the memory ranges that every operation names. It knows nothing of networks or of particular shaders.
package gpu
