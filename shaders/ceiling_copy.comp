#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
// What limits memory: to = from, several times over, so that a copy which fits a cache stays there. Workgroups: [passes][chunks],
// a chunk is LANES x PAIRS pairs; passes write the same numbers, so their order is of no matter (layers/ceilings.go).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint PAIRS = 32; // a lane's
layout(push_constant, scalar) uniform Push {
  Pairs from;
  Floats to;
  uint groups, chunks;
}
p;

void main() {
  uint group = flat_workgroup();
  if (group >= p.groups) return;
  uint at = group % p.chunks * LANES * PAIRS + gl_LocalInvocationID.x;
  vec2 value[PAIRS];
  [[unroll]] for (uint i = 0; i < PAIRS; i++) value[i] = load_pair(p.from, at + i * LANES);
  [[unroll]] for (uint i = 0; i < PAIRS; i++) store_pair(p.to, 2 * (at + i * LANES), value[i]);
}
