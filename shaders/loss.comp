#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
// A lane an image. Cross entropy: -log softmax(z)[label], gradient (softmax(z) - onehot) weight / images. Distillation at
// temperature T: -sum_c p_c log q_c with p = softmax(t / T), q = softmax(z / T), gradient (q - p) weight / (T images)
// (spec section 5; layers/loss.go, Loss).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
#include "loss.glsl"
layout(push_constant, scalar) uniform Push {
  LossHeads heads;
  uint groups, head_count;
  float temperature;
}
p;

void main() {
  uint group = flat_workgroup();
  if (group >= p.groups) return;
  uint h = 0;
  for (uint i = 1; i < p.head_count; i++)
    if (p.heads.head[i].first <= group) h = i;
  LossHead e = p.heads.head[h];
  uint n = (group - e.first) * LANES + gl_LocalInvocationID.x, at = n * e.classes;
  if (n >= e.images) return;
  float t = e.kind == KIND_DISTILL ? p.temperature : 1, top = e.logits.v[at];
  for (uint c = 1; c < e.classes; c++) top = max(top, e.logits.v[at + c]);
  float sum = 0;
  for (uint c = 0; c < e.classes; c++) sum += exp((e.logits.v[at + c] - top) / t);
  float log_sum = log(sum), factor = e.weight / (t * e.images), loss = 0;
  if (e.kind == KIND_CE) {
    uint label = uint(e.labels.v[n]);
    loss = log_sum - (e.logits.v[at + label] - top);
    for (uint c = 0; c < e.classes; c++) {
      float q = exp(e.logits.v[at + c] - top) / sum;
      e.gradient.v[at + c] = (q - (c == label ? 1 : 0)) * factor;
    }
  } else {
    float teacher_top = e.teacher.v[at], teacher_sum = 0;
    for (uint c = 1; c < e.classes; c++) teacher_top = max(teacher_top, e.teacher.v[at + c]);
    for (uint c = 0; c < e.classes; c++) teacher_sum += exp((e.teacher.v[at + c] - teacher_top) / t);
    for (uint c = 0; c < e.classes; c++) {
      float z = (e.logits.v[at + c] - top) / t, want = exp((e.teacher.v[at + c] - teacher_top) / t) / teacher_sum;
      loss += want * (log_sum - z);
      e.gradient.v[at + c] = (exp(z) / sum - want) * factor;
    }
  }
  e.each.v[n] = loss;
}
