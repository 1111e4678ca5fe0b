#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
// After an overflow the scale halves, down to 1; after INTERVAL steps without one it doubles, up to LARGEST. One lane works
// (layers/loss_scale.go, UpdateLossScale).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint INTERVAL = 1000;
layout(constant_id = 2) const uint LARGEST = 1 << 24;
#include "loss_scale.glsl"
layout(push_constant, scalar) uniform Push { LossScales scale; }
p;

void main() {
  if (gl_LocalInvocationID.x != 0 || flat_workgroup() != 0) return;
  float scale = p.scale.state[0].scale;
  uint good = p.scale.state[0].good + 1;
  if (p.scale.state[0].overflow != 0) {
    scale = max(scale / 2, 1);
    good = 0;
    p.scale.state[0].skipped++;
  } else if (good >= INTERVAL) {
    scale = min(scale * 2, float(LARGEST));
    good = 0;
  }
  p.scale.state[0].scale = scale;
  p.scale.state[0].good = good;
  p.scale.state[0].overflow = 0;
}
