#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
// overflow |= some gradient of what trains is not finite. Bits that are set in any order are the same
// (layers/loss_scale.go, CheckGradients).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
#include "loss_scale.glsl"
#include "segments.glsl"
layout(push_constant, scalar) uniform Push {
  Segments segments;
  Floats g;
  LossScales scale;
  uint groups, segment_count;
}
p;

void main() {
  uint group = flat_workgroup();
  if (group >= p.groups) return;
  Row r = row_of(p.segments, p.segment_count, group);
  if (r.idle) return;
  bool finite = true;
  for (uint i = gl_LocalInvocationID.x; i < r.width; i += LANES) {
    // not isinf and isnan: compilers may take for granted that there is neither
    bool ordinary = (floatBitsToUint(p.g.v[r.at + i]) & 0x7f800000) != 0x7f800000;
    finite = finite && (ordinary || !trains(p.segments, r, i));
  }
  if (!finite) atomicOr(p.scale.state[0].overflow, 1);
}
