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
  uint e = entry_of(p.table, p.entries, group), maps = p.table.entry[e].maps, count = p.table.entry[e].partial_count;
  uint c = (group - p.table.entry[e].first) * LANES + gl_LocalInvocationID.x;
  if (c >= maps) return;
  Floats partials = p.table.entry[e].partials, norm = p.table.entry[e].norm;
  float values = p.table.entry[e].values;
  float sum = 0, sum_x = 0;
  for (uint k = 0; k < count; k++) {
    sum += partials.v[k * 2 * maps + c];
    sum_x += partials.v[(k * 2 + 1) * maps + c];
  }
  p.table.entry[e].dbeta.v[c] = sum;
  p.table.entry[e].dgamma.v[c] = sum_x;
  norm.v[MEAN_G * maps + c] = BATCH != 0 ? sum / values : 0;
  norm.v[MEAN_GX * maps + c] = BATCH != 0 ? sum_x / values : 0;
}
