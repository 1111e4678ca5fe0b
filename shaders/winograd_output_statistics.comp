#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
#include "maps.glsl"
#include "winograd.glsl"
// y = A^T M A of every tile, and the statistics of y over GROUP tiles at a time: count, mean and M2 as bn_statistics.comp
// writes them, for bn_merge.comp. Workgroups: block of BLOCK rows, head, GROUP rows, 2 x LANES maps (fastest)
// (layers/winograd_output.go).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint BLOCK = 64;
layout(constant_id = 2) const uint GROUP = 8; // divides BLOCK and rows
#include "winograd_output.glsl"
layout(push_constant, scalar) uniform Push {
  WinogradHeads heads;
  uint groups, head_count, groups_per_block, size;
}
p;

void main() {
  OutputPart a = output_part(p.heads, p.groups, p.head_count, p.groups_per_block, BLOCK, GROUP, LANES, LANE_MAP);
  if (a.idle) return;
  uint maps = p.heads.head[a.head].out_maps, plane = p.heads.head[a.head].m_plane, width = p.size + 2,
       last = min(a.row + GROUP, p.heads.head[a.head].tiles), count = 0;
  Floats from = p.heads.head[a.head].m;
  Activations y = p.heads.head[a.head].y;
  Floats partials = p.heads.head[a.head].norm;
  vec2 origin = vec2(0), sum = vec2(0), square = vec2(0);
  uint tile = a.row;
  if (tile < last) do {
      TilePlace place = tile_place(tile, p.size);
      vec2 value[16];
      output_tile(from, tile * maps + a.map, plane, value);
      if (tile == a.row) origin = value[0];
      [[unroll]] for (uint i = 0; i < TILE; i++) [[unroll]] for (uint j = 0; j < TILE; j++) {
        uint yy = place.y + i, xx = place.x + j;
        if (yy < p.size && xx < p.size) {
          vec2 d = value[i * TILE + j] - origin;
          sum += d;
          square = fma(d, d, square);
          count++;
          store_activation_maps(
              y, ((place.image * width + yy + 1) * width + xx + 1) * maps + a.map, value[i * TILE + j]);
        }
      }
      tile++;
    } while (tile < last);
  vec2 mean = count > 0 ? sum / count : vec2(0);
  uint at = a.row / GROUP * 3 * maps + a.map;
  store_maps(partials, at, vec2(count));
  store_maps(partials, at + maps, origin + mean);
  store_maps(partials, at + 2 * maps, max(square - mean * sum, vec2(0)));
}
