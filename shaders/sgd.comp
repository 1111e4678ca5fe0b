#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
// Nesterov's momentum, once a step: g = gradient + decay w; v = momentum v + g; w = w - lr (g + momentum v) (spec section 5).
// Weights, gradients and momentum lie in buffers of one layout, described by segments: tensors that train. A convolution's
// segment says by a mask which blocks (u, v) train; the others keep every bit, momentum included. Workgroups: a row of a
// segment each (layers/sgd.go, SGD).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
struct Segment {
  uint at;          // index of the first float
  uint rows, width; // of a row, in floats; a convolution has a row an output map, [KERNEL, KERNEL, ins]
  uint ins;         // input maps of a convolution; 0: every float trains
  uint decays;      // 0 or 1
  uint first;       // its first workgroup
  uint in_bounds[9], out_bounds[9];
  uint trains[16]; // [output unit]: mask of the input units whose block trains
};
layout(buffer_reference, scalar, buffer_reference_align = 4) readonly buffer Segments { Segment segment[]; };
layout(push_constant, scalar) uniform Push {
  Segments segments;
  Floats w, g, v;
  Floats hyper; // lr, momentum, decay: what changes from step to step
  uint groups, segment_count;
}
p;

uint bound(uint word, uint u) { return word >> (u % 2 * 16) & 0xffff; }

void main() {
  uint group = flat_workgroup();
  if (group >= p.groups) return;
  uint low = 0, high = p.segment_count;
  while (high - low > 1) {
    uint middle = (low + high) / 2;
    if (p.segments.segment[middle].first <= group)
      low = middle;
    else
      high = middle;
  }
  uint row = group - p.segments.segment[low].first, width = p.segments.segment[low].width,
       ins = p.segments.segment[low].ins;
  float lr = p.hyper.v[0], momentum = p.hyper.v[1], decay = p.segments.segment[low].decays != 0 ? p.hyper.v[2] : 0;
  uint at = p.segments.segment[low].at + row * width, trains = 0;
  if (ins != 0) {
    uint u = 0;
    for (uint k = 1; k < 16; k++)
      if (bound(p.segments.segment[low].out_bounds[k / 2], k) <= row) u = k;
    // units without maps share their bound with the next: the last one that begins at or before the row owns it
    trains = p.segments.segment[low].trains[u];
    if (trains == 0) return;
  }
  for (uint i = gl_LocalInvocationID.x; i < width; i += LANES) {
    if (ins != 0) {
      uint c = i % ins, v = 0;
      for (uint k = 1; k < 16; k++)
        if (bound(p.segments.segment[low].in_bounds[k / 2], k) <= c) v = k;
      if ((trains >> v & 1) == 0) continue;
    }
    float w = p.w.v[at + i], g = fma(decay, w, p.g.v[at + i]), v = fma(momentum, p.v.v[at + i], g);
    p.v.v[at + i] = v;
    p.w.v[at + i] = w - lr * fma(momentum, v, g);
  }
}
