// Memory by address: floats one at a time, or two in one load.
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_scalar_block_layout : require
#extension GL_EXT_control_flow_attributes : require

// All tensors lie at multiples of 8 bytes: pairs need it, and a reference in a table is loaded by its own alignment.
layout(buffer_reference, scalar, buffer_reference_align = 8) buffer Floats { float v[]; };
layout(buffer_reference, scalar, buffer_reference_align = 8) readonly buffer Ints { int v[]; };

// A pair of neighbouring floats, the i-th of the array. lavapipe gathers a 64-bit number for the price of a 32-bit one.
// Devices without int64 load two floats, through the same type: SwiftShader ends the process where a reference is cast to
// another type, or where a structure that holds references is loaded as a whole.
#ifdef INT64
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
layout(buffer_reference, scalar, buffer_reference_align = 8) buffer Pairs { uint64_t v[]; };
#define pairs(floats) Pairs(floats)
vec2 load_pair(Pairs p, uint i) { return uintBitsToFloat(unpackUint2x32(p.v[i])); }
#else
#define Pairs Floats
#define pairs(floats) floats
vec2 load_pair(Floats p, uint i) { return vec2(p.v[2 * i], p.v[2 * i + 1]); }
#endif

// The pair at floats i and i + 1, i even. One 64-bit store costs what a 32-bit one does on lavapipe, but ends the process on
// Mesa 26.2.6 with 16 lanes.
void store_pair_of(Floats p, uint i, vec2 value, uint lanes) {
#ifdef INT64
  if (lanes <= 8) {
    Pairs(p).v[i / 2] = packUint2x32(floatBitsToUint(value));
    return;
  }
#endif
  p.v[i] = value.x;
  p.v[i + 1] = value.y;
}
#define store_pair(p, i, value) store_pair_of(p, i, value, LANES)

// Activations, their gradients, and weights as convolutions read them have types of their own: with FP16 they lie in memory
// in 16 bits. All arithmetic is fp32.
#ifdef FP16
#extension GL_EXT_shader_16bit_storage : require
layout(buffer_reference, scalar, buffer_reference_align = 8) buffer Activations { float16_t v[]; };
layout(buffer_reference, scalar, buffer_reference_align = 8) readonly buffer ActivationPairs { uint v[]; };
#define activation_pairs(activations) ActivationPairs(activations)
#define WeightPairs ActivationPairs
float load_activation(Activations a, uint i) { return float(a.v[i]); }
vec2 load_activation_pair(ActivationPairs p, uint i) { return unpackHalf2x16(p.v[i]); }
vec2 load_weight_pair(WeightPairs p, uint i) { return unpackHalf2x16(p.v[i]); }
// Not packHalf2x16, which some drivers round towards zero: then what is too large does not become infinite.
void store_activation(Activations a, uint i, float value) { a.v[i] = float16_t(value); }
void store_activation_pair(Activations a, uint i, vec2 value) {
  a.v[i] = float16_t(value.x);
  a.v[i + 1] = float16_t(value.y);
}
#else
#define Activations Floats
#define ActivationPairs Pairs
#define activation_pairs(activations) pairs(activations)
#define WeightPairs Pairs
#define load_activation_pair load_pair
#define load_weight_pair load_pair
#define store_activation_pair store_pair
float load_activation(Activations a, uint i) { return a.v[i]; }
void store_activation(Activations a, uint i, float value) { a.v[i] = value; }
#endif

// Axes hold 65535 workgroups, so a flat number is spread over two; who has none to do leaves.
uint flat_workgroup() { return gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x; }
