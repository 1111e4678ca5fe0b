// Parameters and statistics of batch-norm: one entry a head and layer, written by the host (layers/norm.go, normParameters).
struct NormParameters {
  Floats partials;
  Floats norm;        // [NORM_ROWS, maps]
  Floats gamma, beta; // [maps], or of the physical layer where `physical` says which map
  Floats running_mean, running_var;
  Floats dgamma, dbeta;
  Ints physical; // [maps]: index into the four to six above
  uint maps, partial_count;
  uint values; // pixels of all images
  uint first;  // its first workgroup
};
layout(buffer_reference, scalar, buffer_reference_align = 8) readonly buffer NormTable { NormParameters entry[]; };

const uint SCALE = 0, SHIFT = 1, MEAN = 2, INVERSE = 3, VARIANCE = 4, MEAN_G = 5, MEAN_GX = 6;
const float EPSILON = 1e-5, MOMENTUM = 0.1; // spec section 4

uint entry_of(NormTable table, uint count, uint group) {
  uint e = 0;
  for (uint i = 1; i < count; i++)
    if (table.entry[i].first <= group) e = i;
  return e;
}
