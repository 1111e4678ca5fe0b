#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
// g[o,t,c] = sum over splits, in order, of partials[split, tile, o, t, c]: the end of conv_backward_weights.comp.
// A lane owns one input map of a tile (layers/conv_weights.go).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint OUTS = 8;
layout(constant_id = 2) const uint KERNEL = 3;
#include "conv_tiles.glsl"
layout(push_constant, scalar) uniform Push {
  ConvTiles tiles;
  Floats partials; // [splits, tiles, OUTS, KERNEL, KERNEL, LANES]
  Floats g;        // [physical out, KERNEL, KERNEL, in_maps]
  uint tile_count, splits, in_maps;
}
p;

const uint TAPS = KERNEL * KERNEL;

void main() {
  uint index = flat_workgroup(), lane = gl_LocalInvocationID.x;
  if (index >= p.tile_count || lane >= p.tiles.tile[index].ins) return;
  uint o = p.tiles.tile[index].o, rows = p.tiles.tile[index].outs * TAPS, c = p.tiles.tile[index].c + lane;
  for (uint row = 0; row < rows; row++) {
    float sum = 0;
    for (uint s = 0; s < p.splits; s++)
      sum += p.partials.v[((s * p.tile_count + index) * OUTS * TAPS + row) * LANES + lane];
    p.g.v[(o * TAPS + row) * p.in_maps + c] = sum;
  }
}
