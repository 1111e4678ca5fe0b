// y = A^T M A of one tile, two maps a lane: the products at `at` of every plane to 4x4 pixels.
void output_tile(Floats m, uint at, uint plane, out vec2 y[16]) {
  vec2 half_done[24];
  [[unroll]] for (uint j = 0; j < WINDOW; j++) {
    vec2 column[6], r[4];
    [[unroll]] for (uint i = 0; i < WINDOW; i++) column[i] = load_maps(m, at + (i * WINDOW + j) * plane);
    output_line(column, r);
    [[unroll]] for (uint i = 0; i < TILE; i++) half_done[i * WINDOW + j] = r[i];
  }
  [[unroll]] for (uint i = 0; i < TILE; i++) {
    vec2 row[6], r[4];
    [[unroll]] for (uint j = 0; j < WINDOW; j++) row[j] = half_done[i * WINDOW + j];
    output_line(row, r);
    [[unroll]] for (uint j = 0; j < TILE; j++) y[i * TILE + j] = r[j];
  }
}

// A workgroup has a run of GROUP rows of a head and a chunk of maps.
struct OutputPart {
  uint head, map; // the lane's first, or in the wide form the chunk's
  uint row;       // the first of GROUP
  bool idle;
};
OutputPart output_part(WinogradHeads heads, uint groups, uint head_count, uint groups_per_block, uint block_rows,
    uint group_rows, uint lanes, uint lane_map) {
  OutputPart a;
  uint group = flat_workgroup(), block = divide(group, groups_per_block), r = group - block * groups_per_block;
  a.head = winograd_head(heads, head_count, r);
  uint maps = heads.head[a.head].out_maps, chunks = (maps + 2 * lanes - 1) / (2 * lanes);
  r -= heads.head[a.head].first;
  uint part = divide(r, chunks);
  a.map = (r - part * chunks) * 2 * lanes + lane_map;
  a.row = block * block_rows + part * group_rows;
  a.idle = group >= groups || a.map >= maps || a.row >= heads.head[a.head].rows;
  return a;
}
