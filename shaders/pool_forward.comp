#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
// pooled[n,c] = mean over pixels of x[n,i,j,c], a lane a pair of maps (layers/pool.go, PoolForward).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
#include "pool.glsl"
layout(push_constant, scalar) uniform Push {
  PoolHeads heads;
  uint groups, head_count, groups_per_image, size;
}
p;

void main() {
  uint group = flat_workgroup();
  if (group >= p.groups) return;
  uint n = group / p.groups_per_image, r = group % p.groups_per_image, h = 0;
  for (uint i = 1; i < p.head_count; i++)
    if (p.heads.head[i].first <= r) h = i;
  uint maps = p.heads.head[h].maps, c = ((r - p.heads.head[h].first) * LANES + gl_LocalInvocationID.x) * 2,
       row = p.size + 2;
  if (n >= p.heads.head[h].images || c >= maps) return;
  ActivationPairs x = activation_pairs(p.heads.head[h].x);
  Floats pooled = p.heads.head[h].pooled;
  vec2 sum = vec2(0);
  for (uint i = 1; i <= p.size; i++)
    for (uint j = 1; j <= p.size; j++) sum += load_activation_pair(x, (((n * row + i) * row + j) * maps + c) / 2);
  store_pair(pooled, n * maps + c, sum / (p.size * p.size));
}
