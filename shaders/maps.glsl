#extension GL_KHR_shader_subgroup_basic : require
// A lane has two maps of a chunk of 2 x LANES: neighbours, a 64-bit load or store of each lane. Or with WIDE those LANES apart:
// then what the lanes load together is a row of floats behind one address, of which each selects its own. Mesa's lavapipe, from
// 26 on, makes one vector load of that, which costs a fifth of a gather (docs/kernels.md).
//
// The functions take the index of the lane's first map, or with WIDE of the chunk's, which is the same in all lanes: what is
// added to the chunk's index is LANE_MAP. Loops around them test at their end: Mesa 26.2.6 runs the body of others once more with
// no lane active, and loads what all lanes share even so; it skips the bodies of conditions that no lane meets.
uint LANE = gl_SubgroupInvocationID; // once, before any loop: a value from inside one is no constant to Mesa any more
#define LANE_MAP (WIDE != 0 ? 0 : 2 * gl_LocalInvocationID.x)
#ifdef INT64
layout(buffer_reference, scalar, buffer_reference_align = 4) readonly buffer Row { float v[64]; };
float load_row(Floats f, uint first, uint lanes) {
  Row row = Row(uint64_t(f) + 4 * uint64_t(first));
  float value = row.v[0];
  [[unroll]] for (uint lane = 1; lane < lanes; lane++) value = mix(value, row.v[lane], LANE == lane);
  return value;
}
// One that all lanes share, `offset` known when the kernel is compiled.
float load_shared(Floats f, uint first, uint offset) { return Row(uint64_t(f) + 4 * uint64_t(first)).v[offset]; }
#else
float load_shared(Floats f, uint first, uint offset) { return f.v[first + offset]; }
float load_row(Floats f, uint first, uint lanes) { return f.v[first + LANE]; }
#endif
uvec2 maps_of(uint at, uint lanes, uint wide) { return wide != 0 ? at + LANE + uvec2(0, lanes) : at + uvec2(0, 1); }
vec2 load_maps_of(Floats f, uint at, uint lanes, uint wide) {
  if (wide != 0) return vec2(load_row(f, at, lanes), load_row(f, at + lanes, lanes));
  return load_pair(pairs(f), at / 2);
}
void store_maps_of(Floats f, uint at, vec2 value, uint lanes, uint wide) {
  if (wide != 0) {
    f.v[at + LANE] = value.x;
    f.v[at + lanes + LANE] = value.y;
  } else
    store_pair_of(f, at, value, lanes);
}
#ifdef FP16
vec2 load_activation_maps_of(Activations a, uint at, uint lanes, uint wide) {
  if (wide == 0) return load_activation_pair(activation_pairs(a), at / 2);
  uvec2 maps = maps_of(at, lanes, wide);
  return vec2(load_activation(a, maps.x), load_activation(a, maps.y));
}
void store_activation_maps_of(Activations a, uint at, vec2 value, uint lanes, uint wide) {
  uvec2 maps = maps_of(at, lanes, wide);
  store_activation(a, maps.x, value.x);
  store_activation(a, maps.y, value.y);
}
#else
#define load_activation_maps_of load_maps_of
#define store_activation_maps_of store_maps_of
#endif
#define load_maps(f, at) load_maps_of(f, at, LANES, WIDE)
#define store_maps(f, at, value) store_maps_of(f, at, value, LANES, WIDE)
#define load_activation_maps(a, at) load_activation_maps_of(a, at, LANES, WIDE)
#define store_activation_maps(a, at, value) store_activation_maps_of(a, at, value, LANES, WIDE)
