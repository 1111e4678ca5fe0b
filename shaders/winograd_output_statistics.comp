#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
#include "winograd.glsl"
#include "winograd_output.glsl"
// y = A^T M A of every tile, and the statistics of y over GROUP tiles at a time: count, mean and M2 as bn_statistics.comp
// writes them, for bn_merge.comp. Workgroups: block of BLOCK rows, head, GROUP rows, LANES pairs (fastest)
// (layers/winograd_output.go).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint BLOCK = 64;
layout(constant_id = 2) const uint GROUP = 8; // divides BLOCK and rows
layout(push_constant, scalar) uniform Push {
  WinogradHeads heads;
  uint groups, head_count, groups_per_block, size;
}
p;

void main() {
  OutputPart a = output_part(p.heads, p.groups, p.head_count, p.groups_per_block, BLOCK, GROUP, LANES);
  if (a.idle) return;
  uint pairs = p.heads.head[a.head].out_maps / 2, plane = p.heads.head[a.head].m_plane, width = p.size + 2,
       last = min(a.row + GROUP, p.heads.head[a.head].tiles), count = 0;
  Pairs from = pairs(p.heads.head[a.head].m);
  Activations y = p.heads.head[a.head].y;
  Floats partials = p.heads.head[a.head].norm;
  vec2 origin = vec2(0), sum = vec2(0), square = vec2(0);
  for (uint tile = a.row; tile < last; tile++) {
    TilePlace place = tile_place(tile, p.size);
    vec2 value[16];
    output_tile(from, tile * pairs + a.pair, plane, value);
    if (tile == a.row) origin = value[0];
    [[unroll]] for (uint i = 0; i < TILE; i++) [[unroll]] for (uint j = 0; j < TILE; j++) {
      uint yy = place.y + i, xx = place.x + j;
      if (yy < p.size && xx < p.size) {
        vec2 d = value[i * TILE + j] - origin;
        sum += d;
        square = fma(d, d, square);
        count++;
        store_activation_pair(
            y, (((place.image * width + yy + 1) * width + xx + 1) * pairs + a.pair) * 2, value[i * TILE + j]);
      }
    }
  }
  vec2 mean = count > 0 ? sum / count : vec2(0);
  uint at = a.row / GROUP * 3 * 2 * pairs + 2 * a.pair;
  store_pair(partials, at, vec2(count));
  store_pair(partials, at + 2 * pairs, origin + mean);
  store_pair(partials, at + 4 * pairs, max(square - mean * sum, vec2(0)));
}
