#version 460
#extension GL_GOOGLE_include_directive : require
// g[o,s,t,c] = sum over heads that hold units u and v, their images n and pixels (a,b), always in this order, of
// y[n,a,b,o] x[n, S a + s, S b + t, c], for the weights of one tile (eq. 5), as conv_backward_weights.comp, as a product of
// matrices by tiles in shared memory (layers/gemm_weights.go). gemm_backward_weights.glsl is the pass, gemm.glsl the product.
#include "gemm_backward_weights.glsl"
#include "gemm.glsl"
