#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
// g[o,t,c] = sum over splits, in order, of partials[split, tile, o, column]: the end of gemm_backward_weights.comp and
// matrix_backward_weights.comp. A workgroup has one output map of a tile, a lane every LANES-th column (layers/gemm_weights.go).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint MAPS = 64;
layout(constant_id = 2) const uint COLUMNS = 64;
layout(constant_id = 3) const uint KERNEL = 3;
#include "conv_tiles.glsl"
layout(push_constant, scalar) uniform Push {
  ConvTiles tiles; // c and ins count columns of the block
  Floats partials; // [splits, tiles, MAPS, COLUMNS]
  Floats g;        // [physical out, KERNEL, KERNEL, in_maps]
  uint tile_count, splits, in_maps;
  uint in_bounds[9], out_bounds[9];
}
p;
#include "units.glsl"

void main() {
  uint group = flat_workgroup(), index = group / MAPS, map = group % MAPS;
  if (index >= p.tile_count || map >= p.tiles.tile[index].outs) return;
  uint v = p.tiles.tile[index].v, begin = in_bound(v), width = in_bound(v + 1) - begin,
       columns = p.tiles.tile[index].ins;
  uint c = p.tiles.tile[index].c, row = (p.tiles.tile[index].o + map) * KERNEL * KERNEL;
  for (uint column = gl_LocalInvocationID.x; column < columns; column += LANES) {
    float sum = 0;
    for (uint s = 0; s < p.splits; s++)
      sum += p.partials.v[((s * p.tile_count + index) * MAPS + map) * COLUMNS + column];
    p.g.v[(row + (c + column) / width) * p.in_maps + begin + (c + column) % width] = sum;
  }
}
