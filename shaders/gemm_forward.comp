#version 460
#extension GL_GOOGLE_include_directive : require
// y[n,i,j,o] = sum over the head's inputs c and taps (a,b) of x[n, S i + a, S j + b, c] w[O(o), a, b, I(c)], as conv_forward.comp
// and with its epilogues, as a product of matrices by tiles in shared memory: for devices whose workgroups share caches and
// registers well (layers/gemm.go). gemm_forward.glsl is the pass, gemm.glsl the product.
#include "gemm_forward.glsl"
#include "gemm.glsl"
