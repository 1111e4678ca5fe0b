// The table of a convolution: one entry a head, written by the host (layers/conv.go, convHead).
struct ConvHead {
  Activations x;        // [images, in_size+2, in_size+2, in_maps], zero halo
  Activations y;        // [images, out_size+2, out_size+2, out_maps], zero halo
  Floats norm;          // [2, out_maps]: scale and shift of the epilogue
  Activations residual; // [images, residual_size+2, residual_size+2, residual_maps] of the epilogue
  Ints source;          // [out_maps]: the residual's map that is added to each output map, -1 for none
  uint in_units, out_units;
  uint in_maps, out_maps; // the head's own, padding included
  uint images;
  uint first; // its first workgroup within an image's
  uint residual_size, residual_maps;
};
layout(buffer_reference, scalar, buffer_reference_align = 8) readonly buffer ConvHeads { ConvHead head[]; };

// The head that owns workgroup r of an image: heads lie in order of their first.
uint head_of(ConvHeads heads, uint count, uint r) {
  uint h = 0;
  for (uint i = 1; i < count; i++)
    if (heads.head[i].first <= r) h = i;
  return h;
}
