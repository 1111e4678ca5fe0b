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
  uint e = entry_of(p.table, p.entries, group), maps = p.table.entry[e].maps;
  uint c = (group - p.table.entry[e].first) * LANES + gl_LocalInvocationID.x;
  if (c >= maps) return;
  uint at = p.table.entry[e].physical.v[c], partial_count = p.table.entry[e].partial_count;
  Floats partials = p.table.entry[e].partials, norm = p.table.entry[e].norm;
  Floats running_mean = p.table.entry[e].running_mean, running_var = p.table.entry[e].running_var;
  float mean, variance;
  if (SOURCE == 2) {
    mean = running_mean.v[at];
    variance = running_var.v[at];
  } else {
    float count = 0, m2 = 0;
    mean = 0;
    for (uint k = 0; k < partial_count; k++) {
      uint from = k * 3 * maps + c;
      float n = partials.v[from], d = partials.v[from + maps] - mean;
      if (n == 0) continue;
      count += n;
      mean += d * (n / count);
      m2 += partials.v[from + 2 * maps] + d * d * (n * (count - n) / count);
    }
    variance = m2 / count;
    float unbiased = m2 / max(count - 1, 1);
    norm.v[VARIANCE * maps + c] = unbiased;
    if (SOURCE == 1) {
      running_mean.v[at] = (1 - MOMENTUM) * running_mean.v[at] + MOMENTUM * mean;
      running_var.v[at] = (1 - MOMENTUM) * running_var.v[at] + MOMENTUM * unbiased;
    }
  }
  float inverse = 1 / sqrt(variance + EPSILON), scale = p.table.entry[e].gamma.v[at] * inverse;
  norm.v[SCALE * maps + c] = scale;
  norm.v[SHIFT * maps + c] = p.table.entry[e].beta.v[at] - mean * scale;
  norm.v[MEAN * maps + c] = mean;
  norm.v[INVERSE * maps + c] = inverse;
}
