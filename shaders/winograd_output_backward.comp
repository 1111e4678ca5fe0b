#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
#include "maps.glsl"
#include "winograd.glsl"
// g = A^T M A of every tile, the gradient of a convolution's input, and what comes next on the way back. SHORTCUT: g += the
// gradient of the block's output behind the shortcut of option A at stride 1, where that output is positive (1), or which is
// masked already (2). NORM: g = 0 where the input is not positive, told by its batch-norm (1) or, behind a residual, by itself
// (2); and sums of g and g xhat over GROUP tiles at a time, as bn_backward_sums.comp writes them. Workgroups as in
// winograd_output_statistics.comp (layers/winograd_output.go).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint BLOCK = 64;
layout(constant_id = 2) const uint GROUP = 8; // divides BLOCK and rows
layout(constant_id = 3) const uint SHORTCUT = 0;
layout(constant_id = 4) const uint NORM = 0;

#include "winograd_output.glsl"
// One entry a head, written by the host (layers/winograd_output.go, winogradThrough).
struct WinogradThrough {
  Activations shortcut_dy, shortcut_y; // of the block's output [images, size+2, size+2, shortcut_maps]
  Ints target;      // [maps]: the output's map behind each, -1 for none; pairs stay together, in the wide form chunks
  Activations z, y; // the batch-norm's input and output, shapes of g
  Floats norm, partials; // [7, maps]; [rows / GROUP, 2, maps]
  uint shortcut_maps;
};
layout(buffer_reference, scalar, buffer_reference_align = 8) readonly buffer WinogradThroughs {
  WinogradThrough head[];
};
layout(push_constant, scalar) uniform Push {
  WinogradHeads heads;
  WinogradThroughs through;
  uint groups, head_count, groups_per_block, size;
}
p;

void main() {
  OutputPart a = output_part(p.heads, p.groups, p.head_count, p.groups_per_block, BLOCK, GROUP, LANES, LANE_MAP);
  if (a.idle) return;
  uint maps = p.heads.head[a.head].out_maps, plane = p.heads.head[a.head].m_plane, width = p.size + 2,
       last = min(a.row + GROUP, p.heads.head[a.head].tiles), shortcut_maps = p.through.head[a.head].shortcut_maps;
  Floats from = p.heads.head[a.head].m, norm = p.through.head[a.head].norm;
  Activations to = p.heads.head[a.head].y;
  Activations shortcut_dy = p.through.head[a.head].shortcut_dy, shortcut_y = p.through.head[a.head].shortcut_y,
              z = p.through.head[a.head].z, y = p.through.head[a.head].y;
  Floats partials = p.through.head[a.head].partials;
  ivec2 target = ivec2(-1); // of the lane's maps, in the wide form of the chunk's first
  if (SHORTCUT != 0) target = ivec2(p.through.head[a.head].target.v[a.map], p.through.head[a.head].target.v[a.map + 1]);
  vec2 scale = vec2(0), shift = vec2(0), mean = vec2(0), inverse = vec2(0), sum = vec2(0), sum_x = vec2(0);
  if (NORM != 0) { // rows of norm.glsl
    scale = load_maps(norm, a.map);
    shift = load_maps(norm, maps + a.map);
    mean = load_maps(norm, 2 * maps + a.map);
    inverse = load_maps(norm, 3 * maps + a.map);
  }
  uint tile = a.row;
  if (tile < last) do {
      TilePlace place = tile_place(tile, p.size);
      vec2 value[16];
      output_tile(from, tile * maps + a.map, plane, value);
      [[unroll]] for (uint i = 0; i < TILE; i++) [[unroll]] for (uint j = 0; j < TILE; j++) {
        uint yy = place.y + i, xx = place.x + j;
        if (yy < p.size && xx < p.size) {
          uint pixel = (place.image * width + yy + 1) * width + xx + 1, at = pixel * maps + a.map;
          vec2 g = value[i * TILE + j];
          if (SHORTCUT != 0 && target.x >= 0) {
            uint behind = pixel * shortcut_maps + target.x;
            vec2 more = load_activation_maps(shortcut_dy, behind);
            if (SHORTCUT == 1)
              more = mix(vec2(0), more, greaterThan(load_activation_maps(shortcut_y, behind), vec2(0)));
            g.x += more.x;
#ifndef WIDE
            if (target.y < 0) more.y = 0;
#endif
            g.y += more.y;
          }
          if (NORM != 0) {
            vec2 x = load_activation_maps(z, at), activation = fma(scale, x, shift);
            if (NORM == 2) activation = load_activation_maps(y, at);
            g = mix(vec2(0), g, greaterThan(activation, vec2(0)));
            sum += g;
            sum_x = fma(g, (x - mean) * inverse, sum_x);
          }
          store_activation_maps(to, at, g);
        }
      }
      tile++;
    } while (tile < last);
  if (NORM != 0) {
    uint at = a.row / GROUP * 2 * maps + a.map;
    store_maps(partials, at, sum);
    store_maps(partials, at + maps, sum_x);
  }
}
