// The loss scale and what became of it, one entry (layers/loss_scale.go, LossScale).
struct LossScale {
  float scale;   // what the gradients of the logits, and so all gradients, are multiplied by
  uint good;     // steps since it last changed
  uint skipped;  // steps without an update, of the run
  uint overflow; // within a step: a gradient is not finite
};
layout(buffer_reference, scalar, buffer_reference_align = 8) buffer LossScales { LossScale state[]; };
