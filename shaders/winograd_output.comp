#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
#include "maps.glsl"
#include "winograd.glsl"
// y = A^T M A of every tile, with the epilogues of conv_forward.comp: 1 y = ReLU(scale y + shift), 2 the same plus a residual.
// A lane two maps of one tile; workgroups as in winograd_output_statistics.comp
// (layers/winograd_output.go).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint BLOCK = 64;
layout(constant_id = 2) const uint GROUP = 8; // divides BLOCK and rows
layout(constant_id = 3) const uint EPILOGUE = 0;
layout(constant_id = 4) const uint RESIDUAL_STRIDE = 1;
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
       residual_width = p.heads.head[a.head].residual_size + 2, residual_maps = p.heads.head[a.head].residual_maps,
       tile = a.row, last = min(a.row + GROUP, p.heads.head[a.head].tiles);
  Floats from = p.heads.head[a.head].m;
  Activations y = p.heads.head[a.head].y, residual = p.heads.head[a.head].residual;
  vec2 scale = vec2(1), shift = vec2(0);
  ivec2 source = ivec2(-1); // of the lane's maps, in the wide form of the chunk's first
  if (EPILOGUE != 0) {
    Floats norm = p.heads.head[a.head].norm;
    scale = load_maps(norm, a.map);
    shift = load_maps(norm, maps + a.map);
  }
  if (EPILOGUE == 2) source = ivec2(p.heads.head[a.head].source.v[a.map], p.heads.head[a.head].source.v[a.map + 1]);
  if (tile < last) do {
      TilePlace place = tile_place(tile, p.size);
      vec2 tile_of[16];
      output_tile(from, tile * maps + a.map, plane, tile_of);
      [[unroll]] for (uint i = 0; i < TILE; i++) {
        [[unroll]] for (uint j = 0; j < TILE; j++) {
          uint yy = place.y + i, xx = place.x + j;
          if (yy < p.size && xx < p.size) {
            vec2 value = tile_of[i * TILE + j];
            if (EPILOGUE != 0) value = fma(scale, value, shift);
            if (EPILOGUE == 2) {
              uint from = ((place.image * residual_width + yy * RESIDUAL_STRIDE + 1) * residual_width +
                              xx * RESIDUAL_STRIDE + 1) *
                  residual_maps;
#ifdef WIDE
              if (source.x >= 0) value += load_activation_maps(residual, from + source.x);
#else
              if (source.x >= 0) value.x += load_activation(residual, from + source.x);
              if (source.y >= 0) value.y += load_activation(residual, from + source.y);
#endif
            }
            if (EPILOGUE != 0) value = max(value, vec2(0));
            store_activation_maps(y, ((place.image * width + yy + 1) * width + xx + 1) * maps + a.map, value);
          }
        }
      }
      tile++;
    } while (tile < last);
}
