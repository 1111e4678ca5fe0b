#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
// A lane an image. Cross entropy: -log softmax(z)[label], gradient (softmax(z) - onehot) weight / images. Distillation at
// temperature T: -sum_c p_c log q_c with p = softmax(t / T), q = softmax(z / T), gradient (q - p) weight / (T images)
// (spec section 5; layers/loss.go, Loss).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
#include "loss.glsl"
#include "loss_scale.glsl"
layout(push_constant, scalar) uniform Push {
  LossHeads heads;
  LossScales scale; // every gradient is multiplied by it
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
  uint classes = p.heads.head[h].classes, images = p.heads.head[h].images, kind = p.heads.head[h].kind;
  uint n = (group - p.heads.head[h].first) * LANES + gl_LocalInvocationID.x, at = n * classes;
  if (n >= images) return;
  Floats logits = p.heads.head[h].logits, teacher = p.heads.head[h].teacher, gradient = p.heads.head[h].gradient;
  float t = kind == KIND_DISTILL ? p.temperature : 1, top = logits.v[at];
  for (uint c = 1; c < classes; c++) top = max(top, logits.v[at + c]);
  float sum = 0;
  for (uint c = 0; c < classes; c++) sum += exp((logits.v[at + c] - top) / t);
  float log_sum = log(sum), factor = p.heads.head[h].weight / (t * images) * p.scale.state[0].scale, loss = 0;
  if (kind == KIND_CE) {
    uint label = uint(p.heads.head[h].labels.v[n]);
    loss = log_sum - (logits.v[at + label] - top);
    for (uint c = 0; c < classes; c++) {
      float q = exp(logits.v[at + c] - top) / sum;
      gradient.v[at + c] = (q - (c == label ? 1 : 0)) * factor;
    }
  } else {
    float teacher_top = teacher.v[at], teacher_sum = 0;
    for (uint c = 1; c < classes; c++) teacher_top = max(teacher_top, teacher.v[at + c]);
    for (uint c = 0; c < classes; c++) teacher_sum += exp((teacher.v[at + c] - teacher_top) / t);
    for (uint c = 0; c < classes; c++) {
      float z = (logits.v[at + c] - top) / t, want = exp((teacher.v[at + c] - teacher_top) / t) / teacher_sum;
      loss += want * (log_sum - z);
      gradient.v[at + c] = (exp(z) / sum - want) * factor;
    }
  }
  p.heads.head[h].each.v[n] = loss;
}
