#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_ballot : require
#include "memory.glsl"
// g[o,s,t,c] = sum over heads that hold units u and v, their images n and pixels (a,b), always in this order, of
// y[n,a,b,o] x[n, S a + s, S b + t, c], for the weights of one tile (eq. 5); y is a gradient, its halo is zero.
// With several splits each sums a part of every head's images into partials; conv_sum_partials.comp adds them up.
// (layers/conv_weights.go, ConvBackwardWeights)
//
// A workgroup is one subgroup. A lane owns one input map, OUTS outputs and all taps in registers. A strip of STRIP pixels
// walks down the image; KERNEL rows of x stay in registers, of which STRIDE are loaded anew at each step.
// The gradient comes LANES pixels x 2 maps a load and is broadcast. Workgroups: split, tile (fastest).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8; // subgroup size: 1 to 128
layout(constant_id = 1) const uint STRIP = 8;
layout(constant_id = 2) const uint OUTS = 8;   // even
layout(constant_id = 3) const uint STRIDE = 1; // 1 to 3
layout(constant_id = 4) const uint KERNEL = 3; // 1 or 3
#include "conv_heads.glsl"
#include "conv_tiles.glsl"
layout(push_constant, scalar) uniform Push {
  ConvHeads heads;
  ConvTiles tiles;
  Floats
      g; // splits = 1: [physical out, KERNEL, KERNEL, in_maps]; else partials [splits, tiles, OUTS, KERNEL, KERNEL, LANES]
  uint head_count, tile_count, splits;
  uint in_size, out_size;
  uint in_maps; // physical
  uint in_bounds[9], out_bounds[9];
}
p;
#include "units.glsl"

const uint TAPS = KERNEL * KERNEL, EDGE = (3 - KERNEL) / 2;
const uint SPAN = (STRIP - 1) * STRIDE + KERNEL, LOADS = (STRIP + LANES - 1) / LANES;
const uint KEPT = KERNEL > STRIDE ? KERNEL - STRIDE : 0, SKIPPED = STRIDE > KERNEL ? STRIDE - KERNEL : 0;

void main() {
  uint group = flat_workgroup();
  if (group >= p.tile_count * p.splits) return;
  uint index = group % p.tile_count, split = group / p.tile_count, lane = gl_LocalInvocationID.x;
  uint o0 = p.tiles.tile[index].o, outs = p.tiles.tile[index].outs, c0 = p.tiles.tile[index].c,
       ins = p.tiles.tile[index].ins;
  uint u = p.tiles.tile[index].u, v = p.tiles.tile[index].v;
  uint in_row = p.in_size + 2, out_row = p.out_size + 2;

  float sum[OUTS * TAPS];
  [[unroll]] for (uint i = 0; i < OUTS * TAPS; i++) sum[i] = 0;
  for (uint h = 0; h < p.head_count; h++) {
    uint out_units = p.heads.head[h].out_units, in_units = p.heads.head[h].in_units;
    if ((out_units >> u & in_units >> v & 1) == 0) continue;
    // the tile's maps among the head's own
    uint own_o = o0 - out_bound(u), own_c = c0 - in_bound(v) + min(lane, ins - 1);
    for (uint rest = out_units & ((1u << u) - 1); rest != 0; rest &= rest - 1)
      own_o += out_bound(findLSB(rest) + 1) - out_bound(findLSB(rest));
    for (uint rest = in_units & ((1u << v) - 1); rest != 0; rest &= rest - 1)
      own_c += in_bound(findLSB(rest) + 1) - in_bound(findLSB(rest));
    uint head_outs = p.heads.head[h].out_maps, head_ins = p.heads.head[h].in_maps, images = p.heads.head[h].images;
    Activations x = p.heads.head[h].x;
    ActivationPairs y = activation_pairs(p.heads.head[h].y);
    uint end = (split + 1) * images / p.splits;
    for (uint n = split * images / p.splits; n < end; n++)
      for (uint b = 0; b < p.out_size; b += STRIP) {
        float window[KERNEL * SPAN];
        uint x_at[SPAN], y_at[OUTS / 2 * LOADS];
        [[unroll]] for (uint j = 0; j < SPAN; j++) x_at[j] =
            ((n * in_row + EDGE) * in_row + min(b * STRIDE + EDGE + j, in_row - 1)) * head_ins + own_c;
        [[unroll]] for (uint k = 0; k < OUTS / 2; k++) [[unroll]] for (uint l = 0; l < LOADS; l++) y_at[k * LOADS + l] =
            (((n * out_row + 1) * out_row + min(b + 1 + min(l * LANES + lane, STRIP - 1), out_row - 1)) * head_outs +
                own_o + min(2 * k, outs - 2)) /
            2;
        [[unroll]] for (uint i = 0; i < KEPT; i++) [[unroll]] for (uint j = 0; j < SPAN; j++) {
          window[(i + STRIDE) * SPAN + j] = load_activation(x, x_at[j]);
          x_at[j] += in_row * head_ins;
        }
        for (uint a = 0; a < p.out_size; a++) {
          vec2 g[OUTS / 2 * LOADS];
          [[unroll]] for (uint k = 0; k < OUTS / 2 * LOADS; k++) {
            g[k] = load_activation_pair(y, y_at[k]);
            y_at[k] += out_row * head_outs / 2;
          }
          [[unroll]] for (uint i = 0; i < KEPT * SPAN; i++) window[i] = window[STRIDE * SPAN + i];
          [[unroll]] for (uint i = KEPT; i < KERNEL; i++) [[unroll]] for (uint j = 0; j < SPAN; j++) {
            window[i * SPAN + j] = load_activation(x, x_at[j]);
            x_at[j] += (i + 1 == KERNEL ? SKIPPED + 1 : 1) * in_row * head_ins;
          }
          [[unroll]] for (uint q = 0; q < STRIP; q++) [[unroll]] for (uint k = 0; k < OUTS / 2; k++) {
            vec2 value = subgroupBroadcast(g[k * LOADS + q / LANES], q % LANES);
            [[unroll]] for (uint m = 0; m < 2; m++) [[unroll]] for (uint t = 0; t < TAPS; t++)
                sum[(2 * k + m) * TAPS + t] =
                    fma(value[m], window[t / KERNEL * SPAN + q * STRIDE + t % KERNEL], sum[(2 * k + m) * TAPS + t]);
          }
        }
      }
  }
  if (lane >= ins) return;
  [[unroll]] for (uint i = 0; i < OUTS; i++) if (i < outs) [[unroll]] for (uint t = 0; t < TAPS; t++) {
    uint at =
        p.splits == 1 ? ((o0 + i) * TAPS + t) * p.in_maps + c0 + lane : ((group * OUTS + i) * TAPS + t) * LANES + lane;
    p.g.v[at] = sum[i * TAPS + t];
  }
}
