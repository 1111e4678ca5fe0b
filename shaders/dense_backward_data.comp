#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
// x[n,i] = sum over the heads of a group, in order, and their outputs o of y[n,o] w[o,i]; x and y are gradients. Heads that
// share a trunk form a group; mask[n,i] > 0 lets a gradient pass where the input was a ReLU's output. A lane a pair of
// inputs; workgroups: LANES of all images' pairs (layers/dense.go, DenseBackwardData).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
#include "dense.glsl"
struct DenseGroup {
  Floats x, mask;           // [images, ins]
  uint ins, images, masked; // masked 0: every gradient passes
  uint from, to;            // heads of the group in the table
  uint first;               // its first workgroup
};
layout(buffer_reference, scalar, buffer_reference_align = 8) readonly buffer DenseGroups { DenseGroup group[]; };
layout(push_constant, scalar) uniform Push {
  DenseHeads heads;
  DenseGroups table;
  uint groups, group_count;
}
p;

void main() {
  uint group = flat_workgroup();
  if (group >= p.groups) return;
  uint k = 0;
  for (uint i = 1; i < p.group_count; i++)
    if (p.table.group[i].first <= group) k = i;
  uint ins = p.table.group[k].ins, end = p.table.group[k].to;
  group -= p.table.group[k].first;
  // Lanes run over images and pairs alike, so that no lane's addresses are the workgroup's: Mesa 26.2.6 loads what all lanes
  // share even after the last turn of a loop, and the pointers of the next head are not there.
  uint index = group * LANES + gl_LocalInvocationID.x, n = index / (ins / 2), i = index % (ins / 2) * 2;
  if (n >= p.table.group[k].images) return;
  Floats x = p.table.group[k].x, mask = p.table.group[k].mask;
  vec2 sum = vec2(0);
  for (uint h = p.table.group[k].from; h < end; h++) {
    Floats y = p.heads.head[h].y;
    Pairs w = pairs(p.heads.head[h].w);
    uint outs = p.heads.head[h].outs;
    for (uint o = 0; o < outs; o++) sum = fma(vec2(y.v[n * outs + o]), load_pair(w, (o * ins + i) / 2), sum);
  }
  if (p.table.group[k].masked != 0)
    sum = mix(vec2(0), sum, greaterThan(load_pair(pairs(mask), (n * ins + i) / 2), vec2(0)));
  store_pair(x, n * ins + i, sum);
}
