#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
// Shared batch-norm: one set of parameters a physical map, used by several heads. A lane a physical map walks the heads that
// hold it in order of (task, level). BACKWARD 0: running = 0.9 running + 0.1 batch, one head after another; 1: dgamma and
// dbeta are the sums over the heads (layers/norm.go, SharedRunning and SharedGradients).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint BACKWARD = 0;
#include "norm_parameters.glsl"
// Entry h is head h at this layer, and own[h * maps + c] its own map at physical map c, -1 for none.
layout(push_constant, scalar) uniform Push {
  NormTable table;
  Ints own;
  Floats dgamma, dbeta; // [maps]
  uint groups, entries, maps;
}
p;

void main() {
  uint group = flat_workgroup(), c = group * LANES + gl_LocalInvocationID.x;
  if (group >= p.groups || c >= p.maps) return;
  float sum_gamma = 0, sum_beta = 0;
  for (uint h = 0; h < p.entries; h++) {
    int at = p.own.v[h * p.maps + c];
    if (at < 0) continue;
    if (BACKWARD != 0) {
      sum_gamma += p.table.entry[h].dgamma.v[at];
      sum_beta += p.table.entry[h].dbeta.v[at];
    } else {
      Floats mean = p.table.entry[h].running_mean, variance = p.table.entry[h].running_var,
             norm = p.table.entry[h].norm;
      uint maps = p.table.entry[h].maps;
      mean.v[c] = (1 - MOMENTUM) * mean.v[c] + MOMENTUM * norm.v[MEAN * maps + at];
      variance.v[c] = (1 - MOMENTUM) * variance.v[c] + MOMENTUM * norm.v[VARIANCE * maps + at];
    }
  }
  if (BACKWARD != 0) {
    p.dgamma.v[c] = sum_gamma;
    p.dbeta.v[c] = sum_beta;
  }
}
