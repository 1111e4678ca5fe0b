#version 460
#extension GL_GOOGLE_include_directive : require
// x[n,i,j,c] = sum over the head's outputs o, pixels (a,b) and taps (s,t) with S a + s = i + PAD, S b + t = j + PAD of
// y[n,a,b,o] w[O(o), s, t, I(c)], as conv_backward_data.comp, as products of matrices by tiles in shared memory
// (layers/gemm.go). gemm_backward_data.glsl is the pass, gemm.glsl the product.
#include "gemm_backward_data.glsl"
#include "gemm.glsl"
