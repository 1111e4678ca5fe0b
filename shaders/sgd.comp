#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
// Nesterov's momentum, once a step: g = gradient / scale + decay w; v = momentum v + g; w = w - lr (g + momentum v) (spec
// section 5), scale being the loss's; nothing changes after an overflow (layers/sgd.go, SGD).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
#include "loss_scale.glsl"
#include "segments.glsl"
layout(push_constant, scalar) uniform Push {
  Segments segments;
  Floats w, g, v;
  Floats hyper; // lr, momentum, decay: what changes from step to step
  LossScales scale;
  uint groups, segment_count;
}
p;

void main() {
  uint group = flat_workgroup();
  if (group >= p.groups || p.scale.state[0].overflow != 0) return;
  Row r = row_of(p.segments, p.segment_count, group);
  if (r.idle) return;
  float lr = p.hyper.v[0], momentum = p.hyper.v[1],
        decay = p.segments.segment[r.segment].decays != 0 ? p.hyper.v[2] : 0, unscale = 1 / p.scale.state[0].scale;
  for (uint i = gl_LocalInvocationID.x; i < r.width; i += LANES) {
    if (!trains(p.segments, r, i)) continue;
    float w = p.w.v[r.at + i], g = fma(decay, w, p.g.v[r.at + i] * unscale), v = fma(momentum, p.v.v[r.at + i], g);
    p.v.v[r.at + i] = v;
    p.w.v[r.at + i] = w - lr * fma(momentum, v, g);
  }
}
