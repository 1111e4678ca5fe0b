#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
#include "maps.glsl"
#include "winograd.glsl"
#extension GL_KHR_shader_subgroup_ballot : require
#include "conv_tiles.glsl"
// dU[xi][o][c] = sum over heads that hold the tile's units and over their tiles t, always in this order, of D[xi][t][o]
// V[xi][t][c] (eq. 5), for the weights of one tile of the physical layer (layers/winograd_weights.go).
//
// A workgroup is one subgroup. A lane owns INS input maps (two of each chunk of 2 x LANES) and OUTS output maps in registers. D
// comes LANES pairs of outputs a load and is broadcast, or with WIDE a map a load that all lanes share (the sums are the same).
// DEPTH tiles a turn, rows are a multiple of it. Workgroups: xi, split, tile (fastest).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint INS = 4;
layout(constant_id = 2) const uint OUTS = 32;
layout(constant_id = 3) const uint DEPTH = 8;
layout(constant_id = 4) const uint WIDE = 0; // every tile has all of its inputs and outputs
layout(push_constant, scalar) uniform Push {
  WinogradHeads heads;
  ConvTiles tiles;
  Floats du; // [splits][36][tiles][OUTS][INS x LANES]
  uint groups, head_count, tile_count, splits;
  uint in_bounds[9], out_bounds[9];
}
p;
#include "units.glsl"

const uint HALF = INS / 2, LOADS = (OUTS / 2 + LANES - 1) / LANES;

void main() {
  uint group = flat_workgroup();
  if (group >= p.groups) return;
  uint rest_of = divide(group, p.tile_count), index = group - rest_of * p.tile_count, xi = divide(rest_of, p.splits),
       split = rest_of - xi * p.splits;
  uint u = p.tiles.tile[index].u, v = p.tiles.tile[index].v, outs = p.tiles.tile[index].outs,
       ins = p.tiles.tile[index].ins;
  vec2 sum[OUTS * HALF];
  [[unroll]] for (uint i = 0; i < OUTS * HALF; i++) sum[i] = vec2(0);
  for (uint h = 0; h < p.head_count; h++) {
    uint out_units = p.heads.head[h].out_units, in_units = p.heads.head[h].in_units;
    if ((out_units >> u & in_units >> v & 1) == 0) continue;
    uint own_o = p.tiles.tile[index].o - out_bound(u), own_c = p.tiles.tile[index].c - in_bound(v);
    for (uint rest = out_units & ((1u << u) - 1); rest != 0; rest &= rest - 1)
      own_o += out_bound(findLSB(rest) + 1) - out_bound(findLSB(rest));
    for (uint rest = in_units & ((1u << v) - 1); rest != 0; rest &= rest - 1)
      own_c += in_bound(findLSB(rest) + 1) - in_bound(findLSB(rest));
    uint in_maps = p.heads.head[h].in_maps, out_maps = p.heads.head[h].out_maps, turns = p.heads.head[h].rows / DEPTH;
    uint from = split * turns / p.splits, to = (split + 1) * turns / p.splits, x_at[HALF], y_at[LOADS];
    uint x0 = xi * p.heads.head[h].v_plane + from * DEPTH * in_maps + own_c,
         y0 = xi * p.heads.head[h].m_plane + from * DEPTH * out_maps + own_o;
    [[unroll]] for (uint m = 0; m < HALF; m++) x_at[m] = x0 + min(LANE_MAP + m * 2 * LANES, ins - 2);
    [[unroll]] for (uint l = 0; l < LOADS; l++) y_at[l] = y0 + min((l * LANES + gl_LocalInvocationID.x) * 2, outs - 2);
    Floats x = p.heads.head[h].v, y = p.heads.head[h].m;
    do {
      vec2 a[DEPTH * HALF], b[DEPTH * LOADS];
      [[unroll]] for (uint k = 0; k < DEPTH; k++) {
        [[unroll]] for (uint m = 0; m < HALF; m++) {
          a[k * HALF + m] = load_maps(x, x_at[m]);
          x_at[m] += in_maps;
        }
        if (WIDE == 0) [[unroll]]
          for (uint l = 0; l < LOADS; l++) {
            b[k * LOADS + l] = load_pair(pairs(y), y_at[l] / 2);
            y_at[l] += out_maps;
          }
      }
      [[unroll]] for (uint o = 0; o < OUTS; o += 2) [[unroll]] for (uint k = 0; k < DEPTH; k++) {
        vec2 value;
        if (WIDE != 0)
          value = load_shared_pair(y, y0 + k * out_maps, o);
        else
          value = subgroupBroadcast(b[k * LOADS + o / 2 / LANES], o / 2 % LANES);
        [[unroll]] for (uint m = 0; m < HALF; m++) {
          sum[o * HALF + m] = fma(vec2(value.x), a[k * HALF + m], sum[o * HALF + m]);
          sum[(o + 1) * HALF + m] = fma(vec2(value.y), a[k * HALF + m], sum[(o + 1) * HALF + m]);
        }
      }
      y0 += DEPTH * out_maps;
      from++;
    } while (from < to);
  }
  uint at = ((split * POSITIONS + xi) * p.tile_count + index) * OUTS * INS * LANES + LANE_MAP;
  [[unroll]] for (uint m = 0; m < HALF; m++) if (WIDE != 0 || LANE_MAP + m * 2 * LANES < ins)
      [[unroll]] for (uint o = 0; o < OUTS; o++) if (WIDE != 0 || o < outs)
          store_maps(p.du, at + o * INS * LANES + m * 2 * LANES, sum[o * HALF + m]);
}
