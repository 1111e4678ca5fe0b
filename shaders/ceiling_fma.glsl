// What limits arithmetic: every lane keeps SUMS numbers of type VALUE, and adds to each by multiply-adds that depend on the one
// before; SUMS of them are independent. factor and addend are 1, which the compiler does not know: after TURNS turns a number
// has grown by their STEPS, exactly, and the host compares the sum (layers/ceilings.go).
#include "memory.glsl"
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint SUMS = 8;   // as many as hide an FMA's latency, within the registers
layout(constant_id = 2) const uint STEPS = 64; // of a turn: a turn of a loop costs lavapipe as much as dozens of them
layout(push_constant, scalar) uniform Push {
  Floats to; // [groups][LANES]: sum of the numbers
  uint groups, turns;
  float factor, addend;
}
p;

void main() {
  uint group = flat_workgroup();
  if (group >= p.groups) return;
  VALUE sum[SUMS], factor = VALUE(p.factor), addend = VALUE(p.addend);
  [[unroll]] for (uint i = 0; i < SUMS; i++) sum[i] = VALUE(float(i));
  for (uint turn = 0; turn < p.turns; turn++)
    [[unroll]] for (uint step = 0; step < STEPS; step++) [[unroll]] for (uint i = 0; i < SUMS; i++) sum[i] =
        fma(sum[i], factor, addend);
  float total = 0;
  [[unroll]] for (uint i = 0; i < SUMS; i++) total += TOTAL(sum[i]);
  p.to.v[group * LANES + gl_LocalInvocationID.x] = total;
}
