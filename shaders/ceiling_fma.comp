#version 460
#extension GL_GOOGLE_include_directive : require
// Multiply-adds in fp32.
#define VALUE float
#define TOTAL(v) (v)
#include "ceiling_fma.glsl"
