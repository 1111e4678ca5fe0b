#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
// dbeta = sum g, dgamma = sum g xhat over the partials in order, and their means for bn_backward_apply.comp; BATCH 0: means
// of 0, since running statistics do not hang on x. A lane a map (layers/norm.go, BackwardMerge).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint BATCH = 1;
#include "norm_parameters.glsl"
layout(push_constant, scalar) uniform Push {
  NormTable table;
  uint groups, entries;
}
p;

void main() {
  uint group = flat_workgroup();
  if (group >= p.groups) return;
  NormParameters e = p.table.entry[entry_of(p.table, p.entries, group)];
  uint c = (group - e.first) * LANES + gl_LocalInvocationID.x;
  if (c >= e.maps) return;
  float sum = 0, sum_x = 0;
  for (uint k = 0; k < e.partial_count; k++) {
    sum += e.partials.v[k * 2 * e.maps + c];
    sum_x += e.partials.v[(k * 2 + 1) * e.maps + c];
  }
  e.dbeta.v[c] = sum;
  e.dgamma.v[c] = sum_x;
  e.norm.v[MEAN_G * e.maps + c] = BATCH != 0 ? sum / e.values : 0;
  e.norm.v[MEAN_GX * e.maps + c] = BATCH != 0 ? sum_x / e.values : 0;
}
