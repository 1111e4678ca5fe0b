#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
#include "winograd.glsl"
// U = G w G^T of whole physical layers, once a step: a second layout of the one weight buffer. BACKWARD 1: for the gradient of
// the input: inputs and outputs swapped, taps turned. A lane one output of the pass; workgroups: layer, pair of the pass's
// inputs, LANES outputs (fastest) (layers/winograd.go).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint BACKWARD = 0;
struct WinogradLayer {
  Floats w;       // [outs, 3, 3, ins]
  Floats u;       // [36][inputs of the pass][outputs of the pass]
  uint ins, outs; // of w
  uint u_plane, first;
};
layout(buffer_reference, scalar, buffer_reference_align = 8) readonly buffer WinogradLayers { WinogradLayer layer[]; };
layout(push_constant, scalar) uniform Push {
  WinogradLayers layers;
  uint groups, layer_count;
}
p;

void main() {
  uint group = flat_workgroup();
  if (group >= p.groups) return;
  uint k = 0;
  for (uint i = 1; i < p.layer_count; i++)
    if (p.layers.layer[i].first <= group) k = i;
  uint ins = p.layers.layer[k].ins, outs = p.layers.layer[k].outs;
  uint outputs = BACKWARD != 0 ? ins : outs, chunks = (outputs + LANES - 1) / LANES;
  group -= p.layers.layer[k].first;
  uint c = group / chunks, o = (group - c * chunks) * LANES + gl_LocalInvocationID.x;
  if (o >= outputs) return;
  Floats from = p.layers.layer[k].w;
  Pairs from_pairs = pairs(p.layers.layer[k].w);
  vec2 w[9], half_done[18];
  [[unroll]] for (uint t = 0; t < 9; t++) {
    if (BACKWARD != 0)
      w[t] = vec2(from.v[(2 * c * 9 + 8 - t) * ins + o], from.v[((2 * c + 1) * 9 + 8 - t) * ins + o]);
    else
      w[t] = load_pair(from_pairs, ((o * 9 + t) * ins + 2 * c) / 2);
  }
  [[unroll]] for (uint i = 0; i < 3; i++) {
    vec2 r[6];
    weight_line(w[3 * i], w[3 * i + 1], w[3 * i + 2], r);
    [[unroll]] for (uint j = 0; j < WINDOW; j++) half_done[i * WINDOW + j] = r[j];
  }
  Floats to = p.layers.layer[k].u;
  [[unroll]] for (uint j = 0; j < WINDOW; j++) {
    vec2 r[6];
    weight_line(half_done[j], half_done[WINDOW + j], half_done[2 * WINDOW + j], r);
    [[unroll]] for (uint i = 0; i < WINDOW; i++) {
      uint at = (i * WINDOW + j) * p.layers.layer[k].u_plane + 2 * c * outputs + o;
      to.v[at] = r[i].x;
      to.v[at + outputs] = r[i].y;
    }
  }
}
