#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
// From statistics to scale and shift, a lane a map. SOURCE 0: batch statistics, merged from the partials in order (Chan,
// Golub and LeVeque); 1: the same, and running = 0.9 running + 0.1 batch with the unbiased variance; 2: running statistics
// (layers/norm.go, Merge).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint SOURCE = 0;
#include "norm_parameters.glsl"
layout(push_constant, scalar) uniform Push {
  NormTable table;
  uint groups, entries;
}
p;

void main() {
  uint group = flat_workgroup();
  if (group >= p.groups) return;
  NormParameters e = p.table.entry[entry_of(p.table, p.entries, group)];
  uint c = (group - e.first) * LANES + gl_LocalInvocationID.x;
  if (c >= e.maps) return;
  uint at = e.physical.v[c];
  float mean, variance;
  if (SOURCE == 2) {
    mean = e.running_mean.v[at];
    variance = e.running_var.v[at];
  } else {
    float count = 0, m2 = 0;
    mean = 0;
    for (uint k = 0; k < e.partial_count; k++) {
      uint from = k * 3 * e.maps + c;
      float n = e.partials.v[from], d = e.partials.v[from + e.maps] - mean;
      if (n == 0) continue;
      count += n;
      mean += d * (n / count);
      m2 += e.partials.v[from + 2 * e.maps] + d * d * (n * (count - n) / count);
    }
    variance = m2 / count;
    float unbiased = m2 / max(count - 1, 1);
    e.norm.v[VARIANCE * e.maps + c] = unbiased;
    if (SOURCE == 1) {
      e.running_mean.v[at] = (1 - MOMENTUM) * e.running_mean.v[at] + MOMENTUM * mean;
      e.running_var.v[at] = (1 - MOMENTUM) * e.running_var.v[at] + MOMENTUM * unbiased;
    }
  }
  float inverse = 1 / sqrt(variance + EPSILON), scale = e.gamma.v[at] * inverse;
  e.norm.v[SCALE * e.maps + c] = scale;
  e.norm.v[SHIFT * e.maps + c] = e.beta.v[at] - mean * scale;
  e.norm.v[MEAN * e.maps + c] = mean;
  e.norm.v[INVERSE * e.maps + c] = inverse;
}
