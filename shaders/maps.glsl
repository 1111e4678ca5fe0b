#extension GL_KHR_shader_subgroup_basic : require
// A lane has two maps of a chunk of 2 x LANES: neighbours, a 64-bit load or store of each lane. Or with WIDE those LANES apart:
// then what the lanes load together is a row of floats behind one address, of which each selects its own. Mesa's lavapipe, from
// 26 on, makes one vector load of that, which costs a fifth of a gather (docs/kernels.md).
//
// The functions take the index of the lane's first map, or with WIDE of the chunk's, which is the same in all lanes: what is
// added to the chunk's index is LANE_MAP. Loops around them test at their end: Mesa 26.2.6 runs the body of others once more with
// no lane active, and loads what all lanes share even so; it skips the bodies of conditions that no lane meets.
//
// Which lane this is stands here, before any loop: Mesa takes what was first worked out inside a loop for no constant behind it.
uint LANE = gl_SubgroupInvocationID;
bool LANE_IS[16] = bool[16](LANE == 0, LANE == 1, LANE == 2, LANE == 3, LANE == 4, LANE == 5, LANE == 6, LANE == 7,
    LANE == 8, LANE == 9, LANE == 10, LANE == 11, LANE == 12, LANE == 13, LANE == 14, LANE == 15);
#define LANE_MAP (WIDE != 0 ? 0 : 2 * gl_LocalInvocationID.x)

// A row begins `offset` behind `first`; the offset is known when the kernel is compiled, and costs nothing.
#ifdef INT64
layout(buffer_reference, scalar, buffer_reference_align = 4) buffer Row { float v[]; };
Row row_at(Floats f, uint first) { return Row(uint64_t(f) + 4 * uint64_t(first)); }
float load_row(Floats f, uint first, uint offset, uint lanes) {
  Row row = row_at(f, first);
  float value = row.v[offset];
  [[unroll]] for (uint lane = 1; lane < lanes; lane++) value = mix(value, row.v[offset + lane], LANE_IS[lane]);
  return value;
}
void store_row(Floats f, uint first, uint offset, float value) { row_at(f, first).v[offset + LANE] = value; }
float load_shared(Floats f, uint first, uint offset) { return row_at(f, first).v[offset]; } // the same for all lanes
#else
float load_row(Floats f, uint first, uint offset, uint lanes) { return f.v[first + offset + LANE]; }
void store_row(Floats f, uint first, uint offset, float value) { f.v[first + offset + LANE] = value; }
float load_shared(Floats f, uint first, uint offset) { return f.v[first + offset]; }
#endif
uvec2 maps_of(uint at, uint lanes, uint wide) { return wide != 0 ? at + LANE + uvec2(0, lanes) : at + uvec2(0, 1); }
vec2 load_maps_of(Floats f, uint at, uint lanes, uint wide) {
  if (wide != 0) return vec2(load_row(f, at, 0, lanes), load_row(f, at, lanes, lanes));
  return load_pair(pairs(f), at / 2);
}
void store_maps_of(Floats f, uint at, vec2 value, uint lanes, uint wide) {
  if (wide != 0) {
    store_row(f, at, 0, value.x);
    store_row(f, at, lanes, value.y);
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
