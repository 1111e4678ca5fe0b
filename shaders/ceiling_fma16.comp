#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
// Multiply-adds in fp16, two in a register.
#define VALUE f16vec2
#define TOTAL(v) (float(v.x) + float(v.y))
#include "ceiling_fma.glsl"
