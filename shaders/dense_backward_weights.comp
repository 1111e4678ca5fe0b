#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
// dw[o,i] = sum over images n, in order, of y[n,o] x[n,i]; db[o] = sum of y[n,o]; y is a gradient. A lane a pair of inputs;
// workgroups: output, LANES pairs (fastest) (layers/dense.go, DenseBackwardWeights).
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
  uint ins = p.heads.head[h].ins, outs = p.heads.head[h].outs, images = p.heads.head[h].images;
  group -= p.heads.head[h].first;
  uint tiles = (ins / 2 + LANES - 1) / LANES, o = group / tiles,
       i = (group % tiles * LANES + gl_LocalInvocationID.x) * 2;
  if (i >= ins) return;
  Pairs x = pairs(p.heads.head[h].x);
  Floats y = p.heads.head[h].y, dw = p.heads.head[h].dw;
  vec2 sum = vec2(0);
  float bias = 0;
  for (uint n = 0; n < images; n++) {
    float g = y.v[n * outs + o];
    sum = fma(vec2(g), load_pair(x, (n * ins + i) / 2), sum);
    bias += g;
  }
  store_pair(dw, o * ins + i, sum);
  if (i == 0) p.heads.head[h].db.v[o] = bias;
}
