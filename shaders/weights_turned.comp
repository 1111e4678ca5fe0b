#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
// w turned so that outputs are neighbours, once a step: a second layout of the one weight buffer, for conv_forward_wide.comp.
// A lane has one output and a pair of inputs; workgroups: layer, pair of inputs, LANES outputs (fastest) (layers/conv_wide.go).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
struct TurnedWeights {
  Floats w;      // [outs][taps][ins]
  Floats turned; // [ins][taps][outs]
  uint ins, outs, taps, first;
};
layout(buffer_reference, scalar, buffer_reference_align = 8) readonly buffer Layers { TurnedWeights layer[]; };
layout(push_constant, scalar) uniform Push {
  Layers layers;
  uint groups, layer_count;
}
p;

void main() {
  uint group = flat_workgroup();
  if (group >= p.groups) return;
  uint l = 0;
  for (uint i = 1; i < p.layer_count; i++)
    if (p.layers.layer[i].first <= group) l = i;
  uint ins = p.layers.layer[l].ins, outs = p.layers.layer[l].outs, taps = p.layers.layer[l].taps;
  uint chunks = (outs + LANES - 1) / LANES;
  group -= p.layers.layer[l].first;
  uint c = group / chunks * 2, o = group % chunks * LANES + gl_LocalInvocationID.x;
  if (o >= outs) return;
  Pairs from = pairs(p.layers.layer[l].w);
  Floats to = p.layers.layer[l].turned;
  for (uint t = 0; t < taps; t++) {
    vec2 w = load_pair(from, ((o * taps + t) * ins + c) / 2);
    to.v[(c * taps + t) * outs + o] = w.x;
    to.v[((c + 1) * taps + t) * outs + o] = w.y;
  }
}
