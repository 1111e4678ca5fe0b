#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
#include "maps.glsl"
#include "winograd.glsl"
#include "conv_tiles.glsl"
// g[o] = sum over splits, in order, of G^T dU[o] G: the end of winograd_gradient_product.comp. A lane two input maps of
// one output map; workgroups: tile, output map of it (layers/winograd_weights.go).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint INS = 4;
layout(constant_id = 2) const uint OUTS = 32;
layout(push_constant, scalar) uniform Push {
  ConvTiles tiles;
  Floats du; // [splits][36][tiles][OUTS][INS x LANES]
  Floats g;  // [physical out, 3, 3, in_maps]
  uint groups, tile_count, splits, in_maps;
}
p;

const uint HALF = INS / 2;

void main() {
  uint group = flat_workgroup();
  if (group >= p.groups) return;
  uint index = group / OUTS, o = group % OUTS;
  if (o >= p.tiles.tile[index].outs) return;
  [[unroll]] for (uint m = 0; m < HALF; m++) {
    uint c = LANE_MAP + m * 2 * LANES;
    if (c >= p.tiles.tile[index].ins) continue;
    vec2 total[9];
    [[unroll]] for (uint t = 0; t < 9; t++) total[t] = vec2(0);
    uint s = 0;
    do {
      uint at = ((s * POSITIONS * p.tile_count + index) * OUTS + o) * INS * LANES + c,
           plane = p.tile_count * OUTS * INS * LANES;
      vec2 half_done[18], d[6], w[3];
      [[unroll]] for (uint j = 0; j < WINDOW; j++) {
        [[unroll]] for (uint i = 0; i < WINDOW; i++) d[i] = load_maps(p.du, at + (i * WINDOW + j) * plane);
        weight_gradient_line(d, w);
        [[unroll]] for (uint i = 0; i < 3; i++) half_done[i * WINDOW + j] = w[i];
      }
      [[unroll]] for (uint i = 0; i < 3; i++) {
        [[unroll]] for (uint j = 0; j < WINDOW; j++) d[j] = half_done[i * WINDOW + j];
        weight_gradient_line(d, w);
        [[unroll]] for (uint j = 0; j < 3; j++) total[i * 3 + j] += w[j];
      }
      s++;
    } while (s < p.splits);
    [[unroll]] for (uint t = 0; t < 9; t++)
        store_maps(p.g, ((p.tiles.tile[index].o + o) * 9 + t) * p.in_maps + p.tiles.tile[index].c + c, total[t]);
  }
}
