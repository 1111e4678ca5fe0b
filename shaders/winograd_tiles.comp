#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
#include "maps.glsl"
#include "winograd.glsl"
// V = B^T x B of every window of x (GRADIENT 0), or D = A x A^T of every tile of a gradient x (GRADIENT 1): a lane
// two maps of one tile. Rows past the last tile are zero. Workgroups: block of BLOCK rows, head, row, 2 x LANES
// maps (fastest): heads alternate by blocks, so that the halves of the dispatch weigh the same and few planes are in use at a
// time (layers/winograd.go).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint BLOCK = 64;
layout(constant_id = 2) const uint GRADIENT = 0;
layout(push_constant, scalar) uniform Push {
  WinogradHeads heads;
  uint groups, head_count, groups_per_block, size;
}
p;

void main() {
  uint group = flat_workgroup();
  if (group >= p.groups) return;
  uint block = divide(group, p.groups_per_block), r = group - block * p.groups_per_block,
       h = winograd_head(p.heads, p.head_count, r);
  uint maps = p.heads.head[h].in_maps, chunks = (maps + 2 * LANES - 1) / (2 * LANES);
  r -= p.heads.head[h].first;
  uint row = divide(r, chunks), c = (r - row * chunks) * 2 * LANES + LANE_MAP, tile = block * BLOCK + row;
  if (c >= maps || tile >= p.heads.head[h].rows) return;
  uint plane = p.heads.head[h].v_plane;
  Floats to = p.heads.head[h].v;
  uint at = tile * maps + c;
  if (tile >= p.heads.head[h].tiles) {
    for (uint xi = 0; xi < POSITIONS; xi++) store_maps(to, at + xi * plane, vec2(0));
    return;
  }
  TilePlace place = tile_place(tile, p.size);
  Activations from = p.heads.head[h].x;
  const uint READ = GRADIENT != 0 ? TILE : WINDOW;
  uint width = p.size + 2, ys[6], xs[6];
  [[unroll]] for (uint i = 0; i < READ; i++) {
    ys[i] = (place.image * width + min(place.y + GRADIENT + i, width - 1)) * width * maps + c;
    xs[i] = min(place.x + GRADIENT + i, width - 1) * maps;
  }
  vec2 half_done[36];
  [[unroll]] for (uint j = 0; j < READ; j++) {
    vec2 d[6], r[6];
    [[unroll]] for (uint i = 0; i < READ; i++) d[i] = load_activation_maps(from, ys[i] + xs[j]);
    if (GRADIENT != 0)
      gradient_line(vec2[4](d[0], d[1], d[2], d[3]), r);
    else
      input_line(d, r);
    [[unroll]] for (uint i = 0; i < WINDOW; i++) half_done[i * WINDOW + j] = r[i];
  }
  [[unroll]] for (uint i = 0; i < WINDOW; i++) {
    vec2 d[6], r[6];
    [[unroll]] for (uint j = 0; j < READ; j++) d[j] = half_done[i * WINDOW + j];
    if (GRADIENT != 0)
      gradient_line(vec2[4](d[0], d[1], d[2], d[3]), r);
    else
      input_line(d, r);
    [[unroll]] for (uint j = 0; j < WINDOW; j++) store_maps(to, at + (i * WINDOW + j) * plane, r[j]);
  }
}
