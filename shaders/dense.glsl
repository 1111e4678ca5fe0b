// The table of the fully connected layers: one entry a head, written by the host (layers/dense.go, denseHead).
struct DenseHead {
  Floats x; // [images, ins]
  Floats w; // [outs, ins]
  Floats b; // [outs]
  Floats y; // [images, outs]; backward: its gradient
  Floats dw, db;
  uint ins, outs, images; // ins is even
  uint relu;              // y = ReLU(...): da-cnn's added layers
  uint first;             // its first workgroup
};
layout(buffer_reference, scalar, buffer_reference_align = 8) readonly buffer DenseHeads { DenseHead head[]; };
