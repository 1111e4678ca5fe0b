#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
#include "winograd.glsl"
#extension GL_KHR_shader_subgroup_ballot : require
#include "conv_tiles.glsl"
// dU[xi][o][c] = sum over heads that hold the tile's units and over their tiles t, always in this order, of D[xi][t][o]
// V[xi][t][c] (eq. 5), for the weights of one tile of the physical layer (layers/winograd_weights.go).
//
// A workgroup is one subgroup. A lane owns INS input maps (in pairs LANES apart) and OUTS output maps in registers. D comes
// LANES pairs of outputs a load and is broadcast, V comes a pair of inputs a load. DEPTH tiles a turn, rows are a multiple of it.
// Workgroups: xi, split, tile (fastest).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint INS = 4;
layout(constant_id = 2) const uint OUTS = 32;
layout(constant_id = 3) const uint DEPTH = 8;
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
  uint lane = gl_LocalInvocationID.x, u = p.tiles.tile[index].u, v = p.tiles.tile[index].v,
       outs = p.tiles.tile[index].outs, ins = p.tiles.tile[index].ins;
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
    uint in_pairs = p.heads.head[h].in_maps / 2, out_pairs = p.heads.head[h].out_maps / 2,
         turns = p.heads.head[h].rows / DEPTH;
    uint from = split * turns / p.splits, to = (split + 1) * turns / p.splits, x_at[HALF], y_at[LOADS];
    [[unroll]] for (uint m = 0; m < HALF; m++) x_at[m] =
        xi * p.heads.head[h].v_plane / 2 + from * DEPTH * in_pairs + own_c / 2 + min(lane + m * LANES, ins / 2 - 1);
    [[unroll]] for (uint l = 0; l < LOADS; l++) y_at[l] =
        xi * p.heads.head[h].m_plane / 2 + from * DEPTH * out_pairs + own_o / 2 + min(l * LANES + lane, outs / 2 - 1);
    Pairs x = pairs(p.heads.head[h].v), y = pairs(p.heads.head[h].m);
    for (uint t = from; t < to; t++) {
      vec2 a[DEPTH * HALF], b[DEPTH * LOADS];
      [[unroll]] for (uint k = 0; k < DEPTH; k++) {
        [[unroll]] for (uint m = 0; m < HALF; m++) {
          a[k * HALF + m] = load_pair(x, x_at[m]);
          x_at[m] += in_pairs;
        }
        [[unroll]] for (uint l = 0; l < LOADS; l++) {
          b[k * LOADS + l] = load_pair(y, y_at[l]);
          y_at[l] += out_pairs;
        }
      }
      [[unroll]] for (uint o = 0; o < OUTS; o += 2) [[unroll]] for (uint k = 0; k < DEPTH; k++) {
        vec2 value = subgroupBroadcast(b[k * LOADS + o / 2 / LANES], o / 2 % LANES);
        [[unroll]] for (uint m = 0; m < INS; m++) {
          sum[o * INS + m] = fma(value.x, a[k * HALF + m / 2][m % 2], sum[o * INS + m]);
          sum[(o + 1) * INS + m] = fma(value.y, a[k * HALF + m / 2][m % 2], sum[(o + 1) * INS + m]);
        }
      }
    }
  }
  uint at = ((split * POSITIONS + xi) * p.tile_count + index) * OUTS * HALF * LANES + lane;
  [[unroll]] for (uint m = 0; m < HALF; m++) if ((lane + m * LANES) * 2 < ins)
      [[unroll]] for (uint o = 0; o < OUTS; o++) if (o < outs)
          store_pair(p.du, (at + (o * HALF + m) * LANES) * 2, vec2(sum[o * INS + 2 * m], sum[o * INS + 2 * m + 1]));
}
