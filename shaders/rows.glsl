// Rows: what the lanes of a workgroup load together is a run of floats behind one address, the same in all lanes, of which each
// selects its own. Mesa's lavapipe, from 26 on, makes one vector load of that, which costs a fifth of a gather (docs/kernels.md).
//
// Which lane this is stands here, before any loop: Mesa takes what was first worked out inside a loop for no constant behind it.
// Loops around rows test at their end: Mesa 26.2.6 runs the body of others once more with no lane active, and loads what all
// lanes share even so; it skips the bodies of conditions that no lane meets.
#extension GL_KHR_shader_subgroup_basic : require
uint LANE = gl_SubgroupInvocationID;

// A row begins `offset` behind `first`; the offset is known when the kernel is compiled, and costs nothing.
#ifdef INT64
bool LANE_IS[16] = bool[16](LANE == 0, LANE == 1, LANE == 2, LANE == 3, LANE == 4, LANE == 5, LANE == 6, LANE == 7,
    LANE == 8, LANE == 9, LANE == 10, LANE == 11, LANE == 12, LANE == 13, LANE == 14, LANE == 15);
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
