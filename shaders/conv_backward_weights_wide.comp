#version 460
#extension GL_GOOGLE_include_directive : require
#undef FP16 // this form is for 32-bit activations only
#include "memory.glsl"
#include "rows.glsl"
// conv_backward_weights.comp where a row of maps costs one load: sums in the same order, by rows of x, gradients that all lanes
// share and few accumulators, which stay in registers (layers/conv_wide.go).
//
// A workgroup is one subgroup. A lane owns one input map, HELD of a tile's OUTS outputs and one row of taps. A strip of STRIP
// pixels walks down the image, ROWS rows a turn; those below the image are the gradient's halo. Rows of maps may reach into the
// next pixel's: lanes of that are not stored. Where they would reach beyond the tensor they begin earlier, in the halo, where
// all is zero: a row of pixels holds no less than LANES floats of x, OUTS of y.
// Workgroups: split, tile, HELD outputs, row of taps (fastest).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint STRIP = 8;
layout(constant_id = 2) const uint OUTS = 8;
layout(constant_id = 3) const uint HELD = 8; // divides OUTS
layout(constant_id = 4) const uint ROWS = 2;
layout(constant_id = 5) const uint STRIDE = 1; // 1 to 3
layout(constant_id = 6) const uint KERNEL = 3; // 1 or 3
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

const uint TAPS = KERNEL * KERNEL, EDGE = (3 - KERNEL) / 2, SPAN = (STRIP - 1) * STRIDE + KERNEL;

void main() {
  uint group = flat_workgroup(), taps = group % KERNEL * KERNEL;
  group /= KERNEL;
  uint part = group % (OUTS / HELD) * HELD;
  group /= OUTS / HELD;
  if (group >= p.tile_count * p.splits) return;
  uint index = group % p.tile_count, split = group / p.tile_count;
  uint o0 = p.tiles.tile[index].o + part, c0 = p.tiles.tile[index].c;
  uint u = p.tiles.tile[index].u, v = p.tiles.tile[index].v;
  uint in_row = p.in_size + 2, out_row = p.out_size + 2;

  float sum[HELD * KERNEL];
  [[unroll]] for (uint i = 0; i < HELD * KERNEL; i++) sum[i] = 0;
  for (uint h = 0; h < p.head_count; h++) {
    uint out_units = p.heads.head[h].out_units, in_units = p.heads.head[h].in_units;
    if ((out_units >> u & in_units >> v & 1) == 0) continue;
    // the tile's maps among the head's own
    uint own_o = o0 - out_bound(u), own_c = c0 - in_bound(v);
    for (uint rest = out_units & ((1u << u) - 1); rest != 0; rest &= rest - 1)
      own_o += out_bound(findLSB(rest) + 1) - out_bound(findLSB(rest));
    for (uint rest = in_units & ((1u << v) - 1); rest != 0; rest &= rest - 1)
      own_c += in_bound(findLSB(rest) + 1) - in_bound(findLSB(rest));
    uint head_outs = p.heads.head[h].out_maps, head_ins = p.heads.head[h].in_maps, images = p.heads.head[h].images;
    Floats x = p.heads.head[h].x, y = p.heads.head[h].y;
    uint last_x = images * in_row * in_row * head_ins - LANES, last_y = images * out_row * out_row * head_outs - HELD;
    uint n = split * images / p.splits, end = (split + 1) * images / p.splits;
    if (n < end) do {
        uint b = 0;
        do {
          uint a = 0;
          do {
            [[unroll]] for (uint i = 0; i < ROWS; i++) {
              uint x_row = (n * in_row + min((a + i) * STRIDE + EDGE + taps / KERNEL, in_row - 1)) * in_row;
              uint y_row = (n * out_row + min(a + i + 1, out_row - 1)) * out_row;
              float line[SPAN];
              [[unroll]] for (uint q = 0; q < STRIP; q++) {
                [[unroll]] for (uint j = 0; j < SPAN; j++) if (q == 0
                        ? j < KERNEL
                        : j + STRIDE >= q * STRIDE + KERNEL && j < q * STRIDE + KERNEL) line[j] = load_row(x,
                    min((x_row + min(b * STRIDE + EDGE + j, in_row - 1)) * head_ins + own_c, last_x), 0, LANES);
                uint at = min((y_row + min(b + 1 + q, out_row - 1)) * head_outs + own_o, last_y);
                [[unroll]] for (uint k = 0; k < HELD; k++) {
                  float value = load_shared(y, at, k);
                  [[unroll]] for (uint t = 0; t < KERNEL; t++) sum[k * KERNEL + t] =
                      fma(value, line[q * STRIDE + t], sum[k * KERNEL + t]);
                }
              }
            }
            a += ROWS;
          } while (a < p.out_size);
          b += STRIP;
        } while (b < p.out_size);
        n++;
      } while (n < end);
  }
  if (LANE >= p.tiles.tile[index].ins) return;
  [[unroll]] for (uint i = 0; i < HELD; i++) if (part + i < p.tiles.tile[index].outs)
      [[unroll]] for (uint t = 0; t < KERNEL; t++) {
    uint at = p.splits == 1 ? ((o0 + i) * TAPS + taps + t) * p.in_maps + c0 + LANE
                            : ((group * OUTS + part + i) * TAPS + taps + t) * LANES + LANE;
    p.g.v[at] = sum[i * KERNEL + t];
  }
}
