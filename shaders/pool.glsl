// The table of the pooling passes: one entry a head, written by the host (layers/pool.go, poolHead).
struct PoolHead {
  Activations x; // [images, size+2, size+2, maps], zero halo; backward: its gradient
  Floats pooled; // [images, maps]; backward: its gradient
  uint maps, images;
  uint first; // its first workgroup within an image's
};
layout(buffer_reference, scalar, buffer_reference_align = 8) readonly buffer PoolHeads { PoolHead head[]; };
