#version 460
#pragma use_vulkan_memory_model
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#include "memory.glsl"
// What limits arithmetic on matrix units: a subgroup keeps SUMS matrices of M x N 32-bit floats, and adds to each products of
// M x K and K x N halves that depend on the one before. factor is 1, which the compiler does not know, in every place of the
// operands: after TURNS turns a number has grown by K for each of their STEPS, exactly (layers/ceilings.go).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint SUMS = 4;
layout(constant_id = 2) const uint STEPS = 16; // of a turn
layout(constant_id = 3) const uint M = 8;      // what the device offers (gpu.Limits.MatrixShapes)
layout(constant_id = 4) const uint N = 8;
layout(constant_id = 5) const uint K = 8;
layout(buffer_reference, scalar, buffer_reference_align = 16) buffer Matrices { float v[]; };
layout(push_constant, scalar) uniform Push {
  Matrices to; // [groups][M][N]: the sum of the matrices
  uint groups, turns;
  float factor;
}
p;

void main() {
  uint group = flat_workgroup();
  if (group >= p.groups) return;
  coopmat<float16_t, gl_ScopeSubgroup, M, K, gl_MatrixUseA> a =
      coopmat<float16_t, gl_ScopeSubgroup, M, K, gl_MatrixUseA>(float16_t(p.factor));
  coopmat<float16_t, gl_ScopeSubgroup, K, N, gl_MatrixUseB> b =
      coopmat<float16_t, gl_ScopeSubgroup, K, N, gl_MatrixUseB>(float16_t(p.factor));
  coopmat<float, gl_ScopeSubgroup, M, N, gl_MatrixUseAccumulator> sum[SUMS];
  [[unroll]] for (uint i = 0; i < SUMS; i++) sum[i] =
      coopmat<float, gl_ScopeSubgroup, M, N, gl_MatrixUseAccumulator>(float(i));
  for (uint turn = 0; turn < p.turns; turn++)
    [[unroll]] for (uint step = 0; step < STEPS; step++) [[unroll]] for (uint i = 0; i < SUMS; i++) sum[i] =
        coopMatMulAdd(a, b, sum[i]);
  [[unroll]] for (uint i = 1; i < SUMS; i++) sum[0] = sum[0] + sum[i];
  coopMatStore(sum[0], p.to.v, group * M * N, N, gl_CooperativeMatrixLayoutRowMajor);
}
