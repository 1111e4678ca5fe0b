#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_shader_16bit_storage : require
#include "memory.glsl"
// to = from, rounded to halves: weights as the direct convolutions read them, from the one weight buffer. Workgroups:
// layer, EACH x LANES floats (fastest) (layers/half.go).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint EACH = 8; // floats of a lane
layout(buffer_reference, scalar, buffer_reference_align = 8) buffer Halves { float16_t v[]; };
struct HalfWeights {
  Floats from;
  Halves to;
  uint floats, first;
};
layout(buffer_reference, scalar, buffer_reference_align = 8) readonly buffer HalfTable { HalfWeights layer[]; };
layout(push_constant, scalar) uniform Push {
  HalfTable table;
  uint groups, layer_count;
}
p;

void main() {
  uint group = flat_workgroup();
  if (group >= p.groups) return;
  uint k = 0;
  for (uint i = 1; i < p.layer_count; i++)
    if (p.table.layer[i].first <= group) k = i;
  Floats from = p.table.layer[k].from;
  Halves to = p.table.layer[k].to;
  uint count = p.table.layer[k].floats, at = (group - p.table.layer[k].first) * EACH * LANES + gl_LocalInvocationID.x;
  [[unroll]] for (uint j = 0; j < EACH; j++) if (at + j * LANES < count) to.v[at + j * LANES] =
      float16_t(from.v[at + j * LANES]);
}
