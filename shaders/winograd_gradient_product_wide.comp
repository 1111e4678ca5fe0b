#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
#include "rows.glsl"
#include "winograd.glsl"
#include "conv_tiles.glsl"
// winograd_gradient_product.comp where a row of maps costs one load: sums in the same order, by loads that all lanes share and
// few accumulators, which stay in registers (layers/winograd_weights.go).
//
// A workgroup is one subgroup. A lane owns INS input maps, LANES apart, and OUTS output maps: every tile has all of its inputs
// and outputs. DEPTH tiles a turn, rows are a multiple of it. Workgroups: xi, split, tile (fastest).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 16;
layout(constant_id = 1) const uint INS = 2;
layout(constant_id = 2) const uint OUTS = 16;
layout(constant_id = 3) const uint DEPTH = 16;
layout(push_constant, scalar) uniform Push {
  WinogradHeads heads;
  ConvTiles tiles;
  Floats du; // [splits][36][tiles][OUTS][INS x LANES]
  uint groups, head_count, tile_count, splits;
  uint in_bounds[9], out_bounds[9];
}
p;
#include "units.glsl"

void main() {
  uint group = flat_workgroup();
  if (group >= p.groups) return;
  uint rest_of = divide(group, p.tile_count), index = group - rest_of * p.tile_count, xi = divide(rest_of, p.splits),
       split = rest_of - xi * p.splits;
  uint u = p.tiles.tile[index].u, v = p.tiles.tile[index].v;
  float sum[OUTS * INS];
  [[unroll]] for (uint i = 0; i < OUTS * INS; i++) sum[i] = 0;
  for (uint h = 0; h < p.head_count; h++) {
    uint out_units = p.heads.head[h].out_units, in_units = p.heads.head[h].in_units;
    if ((out_units >> u & in_units >> v & 1) == 0) continue;
    uint own_o = p.tiles.tile[index].o - out_bound(u), own_c = p.tiles.tile[index].c - in_bound(v);
    for (uint rest = out_units & ((1u << u) - 1); rest != 0; rest &= rest - 1)
      own_o += out_bound(findLSB(rest) + 1) - out_bound(findLSB(rest));
    for (uint rest = in_units & ((1u << v) - 1); rest != 0; rest &= rest - 1)
      own_c += in_bound(findLSB(rest) + 1) - in_bound(findLSB(rest));
    uint in_maps = p.heads.head[h].in_maps, out_maps = p.heads.head[h].out_maps, turns = p.heads.head[h].rows / DEPTH;
    uint from = split * turns / p.splits, to = (split + 1) * turns / p.splits;
    uint x_at = xi * p.heads.head[h].v_plane + from * DEPTH * in_maps + own_c,
         y_at = xi * p.heads.head[h].m_plane + from * DEPTH * out_maps + own_o;
    Floats x = p.heads.head[h].v, y = p.heads.head[h].m;
    do {
      float a[DEPTH * INS];
      [[unroll]] for (uint k = 0; k < DEPTH; k++) [[unroll]] for (uint m = 0; m < INS; m++) a[k * INS + m] =
          load_row(x, x_at + k * in_maps, m * LANES, LANES);
      [[unroll]] for (uint o = 0; o < OUTS; o++) [[unroll]] for (uint k = 0; k < DEPTH; k++) {
        float g = load_shared(y, y_at + k * out_maps, o);
        [[unroll]] for (uint m = 0; m < INS; m++) sum[o * INS + m] = fma(g, a[k * INS + m], sum[o * INS + m]);
      }
      x_at += DEPTH * in_maps;
      y_at += DEPTH * out_maps;
      from++;
    } while (from < to);
  }
  uint at = ((split * POSITIONS + xi) * p.tile_count + index) * OUTS * INS * LANES;
  [[unroll]] for (uint o = 0; o < OUTS; o++) [[unroll]] for (uint m = 0; m < INS; m++)
      store_row(p.du, at, (o * INS + m) * LANES, sum[o * INS + m]);
}
