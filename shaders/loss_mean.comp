#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
// loss = mean over images, in order, of the losses of a head, a lane a head (layers/loss.go, Loss).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
#include "loss.glsl"
layout(push_constant, scalar) uniform Push {
  LossHeads heads;
  uint groups, head_count;
}
p;

void main() {
  uint h = flat_workgroup() * LANES + gl_LocalInvocationID.x;
  if (h >= p.head_count) return;
  float sum = 0;
  for (uint n = 0; n < p.heads.head[h].images; n++) sum += p.heads.head[h].each.v[n];
  p.heads.head[h].loss.v[0] = sum / p.heads.head[h].images;
}
