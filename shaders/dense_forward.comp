#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
// y[n,o] = sum over i of x[n,i] w[o,i] + b[o], then ReLU where the entry asks for it. A lane an output; workgroups: image,
// LANES outputs (fastest) (layers/dense.go, DenseForward).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
#include "dense.glsl"
layout(push_constant, scalar) uniform Push {
  DenseHeads heads;
  uint groups, head_count;
}
p;

void main() {
  uint group = flat_workgroup();
  if (group >= p.groups) return;
  uint h = 0;
  for (uint i = 1; i < p.head_count; i++)
    if (p.heads.head[i].first <= group) h = i;
  uint ins = p.heads.head[h].ins, outs = p.heads.head[h].outs;
  group -= p.heads.head[h].first;
  uint tiles = (outs + LANES - 1) / LANES, n = group / tiles, o = group % tiles * LANES + gl_LocalInvocationID.x;
  if (o >= outs) return;
  Pairs x = pairs(p.heads.head[h].x), w = pairs(p.heads.head[h].w);
  float sum = 0;
  for (uint i = 0; i < ins / 2; i++) {
    vec2 a = load_pair(x, n * (ins / 2) + i), b = load_pair(w, o * (ins / 2) + i);
    sum = fma(a.x, b.x, sum);
    sum = fma(a.y, b.y, sum);
  }
  sum += p.heads.head[h].b.v[o];
  p.heads.head[h].y.v[n * outs + o] = p.heads.head[h].relu != 0 ? max(sum, 0) : sum;
}
