#version 460
#extension GL_GOOGLE_include_directive : require
#undef FP16 // this form is for 32-bit activations only
#include "memory.glsl"
#include "rows.glsl"
// conv_backward_data.comp where a row of maps costs one load: sums in the same order, by rows of weights, pixels that all lanes
// share and few accumulators, which stay in registers (layers/conv_wide.go).
//
// A workgroup is one subgroup. A lane owns MAPS input maps, LANES apart, and TILE_X x TILE_Y pixels, multiples of STRIDE. DEPTH
// outputs a turn divide every unit's outputs. Inputs of a chunk lie side by side in the physical layer; where fewer are left
// than a chunk has, and the layer ends, its row begins earlier, and the lanes before the chunk's first input own none.
// Workgroups: image, head, tile of pixels, MAPS x LANES inputs (fastest).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint MAPS = 1;
layout(constant_id = 2) const uint TILE_X = 8;
layout(constant_id = 3) const uint TILE_Y = 2;
layout(constant_id = 4) const uint DEPTH = 2;  // even
layout(constant_id = 5) const uint STRIDE = 1; // 1 to 3
layout(constant_id = 6) const uint KERNEL = 3; // 1 or 3
#include "conv_heads.glsl"
layout(push_constant, scalar) uniform Push {
  ConvHeads heads;
  Floats w; // [physical out, KERNEL, KERNEL, in_maps], the one weight buffer
  uint groups, head_count, groups_per_image;
  uint in_size, out_size;
  uint in_maps; // physical
  uint in_bounds[9], out_bounds[9];
}
p;
#include "units.glsl"

// Pixels of the gradient that reach a tile, as in conv_backward_data.comp.
const uint TAPS = KERNEL * KERNEL, PAD = (KERNEL - 1) / 2, BEFORE = (KERNEL - 1 - PAD) / STRIDE, CHUNK = MAPS * LANES;
const uint SPAN_X = BEFORE + (TILE_X - 1 + PAD) / STRIDE + 1, SPAN_Y = BEFORE + (TILE_Y - 1 + PAD) / STRIDE + 1;

// The row of the gradient that is the first to meet a row of taps.
int first_row(int taps) { return max(int(BEFORE) + (int(PAD + STRIDE) - 1 - taps + int(STRIDE)) / int(STRIDE) - 1, 0); }

void main() {
  uint group = flat_workgroup();
  if (group >= p.groups) return;
  uint n = group / p.groups_per_image, r = group % p.groups_per_image, h = head_of(p.heads, p.head_count, r);
  if (n >= p.heads.head[h].images) return;
  uint ins = p.heads.head[h].in_maps, outs = p.heads.head[h].out_maps;
  uint chunks = (ins + CHUNK - 1) / CHUNK, tiles_x = (p.in_size + TILE_X - 1) / TILE_X;
  r -= p.heads.head[h].first;
  uint c0 = r % chunks * CHUNK, tile = r / chunks;
  uint x0 = tile % tiles_x * TILE_X, y0 = tile / tiles_x * TILE_Y;
  uint in_row = p.in_size + 2, out_row = p.out_size + 2;
  uint physical = physical_in(p.heads.head[h].in_units, c0), first = min(physical, p.in_maps - CHUNK);
  Floats y = p.heads.head[h].y;

  float sum[TILE_Y * TILE_X * MAPS];
  [[unroll]] for (uint i = 0; i < TILE_Y * TILE_X * MAPS; i++) sum[i] = 0;
  uint row[SPAN_Y], column[SPAN_X];
  [[unroll]] for (uint i = 0; i < SPAN_Y; i++) row[i] =
      (n * out_row + min(y0 / STRIDE + 1 - BEFORE + i, out_row - 1)) * out_row * outs;
  [[unroll]] for (uint j = 0; j < SPAN_X; j++) column[j] = min(x0 / STRIDE + 1 - BEFORE + j, out_row - 1) * outs;
  uint rest = p.heads.head[h].out_units, unit = findLSB(rest), o = out_bound(unit), end = out_bound(unit + 1), done = 0;
  do {
    uint at = o * TAPS * p.in_maps + first;
    o += DEPTH;
    if (o == end && done + DEPTH < outs) {
      rest &= rest - 1;
      unit = findLSB(rest);
      o = out_bound(unit);
      end = out_bound(unit + 1);
    }
    [[unroll]] for (uint k = 0; k < DEPTH; k += 2) {
      float w[2 * TAPS * MAPS];
      [[unroll]] for (int i = 0; i < SPAN_Y; i++) {
        // weights are loaded where they are first used
        [[unroll]] for (int a = 0; a < KERNEL; a++) if (i == first_row(a)) [[unroll]] for (uint b = 0; b < KERNEL; b++)
            [[unroll]] for (uint m = 0; m < 2; m++) [[unroll]] for (uint v = 0; v < MAPS; v++)
                w[((a * KERNEL + b) * 2 + m) * MAPS + v] =
                    load_row(p.w, at + ((k + m) * TAPS + a * KERNEL + b) * p.in_maps, v * LANES, LANES);
        [[unroll]] for (int j = 0; j < SPAN_X; j++) [[unroll]] for (uint m = 0; m < 2; m++) {
          float value = load_shared(y, row[i] + column[j] + done, k + m);
          [[unroll]] for (int t = 0; t < TAPS; t++) {
            int yy = (i - int(BEFORE)) * int(STRIDE) + t / int(KERNEL) - int(PAD),
                xx = (j - int(BEFORE)) * int(STRIDE) + t % int(KERNEL) - int(PAD);
            if (yy >= 0 && yy < TILE_Y && xx >= 0 && xx < TILE_X) [[unroll]]
              for (uint v = 0; v < MAPS; v++) {
                uint s = (yy * TILE_X + xx) * MAPS + v;
                sum[s] = fma(value, w[(t * 2 + m) * MAPS + v], sum[s]);
              }
          }
        }
      }
    }
    done += DEPTH;
  } while (done < outs);

  Floats x = p.heads.head[h].x;
  uint shift = physical - first;
  [[unroll]] for (uint v = 0; v < MAPS; v++) {
    uint place = v * LANES + LANE, c = c0 + place - shift;
    if (place < shift || c >= ins) continue;
    [[unroll]] for (uint i = 0; i < TILE_Y * TILE_X; i++) {
      uint yy = y0 + i / TILE_X, xx = x0 + i % TILE_X;
      if (yy < p.in_size && xx < p.in_size)
        x.v[((n * in_row + yy + 1) * in_row + xx + 1) * ins + c] = sum[i * MAPS + v];
    }
  }
}
