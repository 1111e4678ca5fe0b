#version 460
#pragma use_vulkan_memory_model
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_cooperative_matrix : require
// What gemm_backward_weights.comp computes, on operands rounded to 16 bits and by matrix units (layers/matrix.go).
#include "gemm_backward_weights.glsl"
#include "matrix.glsl"
