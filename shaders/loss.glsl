// The table of the losses: one entry a head, written by the host (layers/loss.go, lossHead).
struct LossHead {
  Floats logits;   // [images, classes]
  Floats teacher;  // [images, classes]: the old network's logits, KIND_DISTILL only
  Ints labels;     // [images], KIND_CE only
  Floats gradient; // [images, classes], of the total loss, times the loss scale
  Floats each;     // [images]: the loss of every image
  Floats loss;     // [1]: their mean
  uint classes, images, kind;
  float weight; // of this head in the total loss: 1, or 1 / heads
  uint first;   // its first workgroup
};
layout(buffer_reference, scalar, buffer_reference_align = 8) readonly buffer LossHeads { LossHead head[]; };
const uint KIND_CE = 0, KIND_DISTILL = 1;
