#version 460
#extension GL_GOOGLE_include_directive : require
#undef FP16 // this form is for 32-bit activations only
#include "memory.glsl"
#include "rows.glsl"
// conv_forward.comp where a row of maps costs one load: sums in the same order, from a second layout of the weights in which
// outputs are neighbours, by pixels that all lanes share and few accumulators, which stay in registers (layers/conv_wide.go).
//
// A workgroup is one subgroup. A lane owns MAPS output maps, LANES apart, and TILE_X x TILE_Y pixels. DEPTH inputs a turn divide
// every unit's inputs. Outputs of a chunk lie side by side in the physical layer; where fewer are left than a chunk has, and the
// layer ends, its row begins earlier, and the lanes before the chunk's first output own none. Tiles are clamped to the halo, and
// stores are guarded. Workgroups: image, head, tile of pixels, MAPS x LANES outputs (fastest).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint MAPS = 1;
layout(constant_id = 2) const uint TILE_X = 16;
layout(constant_id = 3) const uint TILE_Y = 1;
layout(constant_id = 4) const uint DEPTH = 2;  // even
layout(constant_id = 5) const uint STRIDE = 1; // 1 to 3
layout(constant_id = 6) const uint KERNEL = 3; // 1 or 3
layout(constant_id = 7) const uint EPILOGUE = 0;
layout(constant_id = 8) const uint RESIDUAL_STRIDE = 1;
#include "conv_heads.glsl"
layout(push_constant, scalar) uniform Push {
  ConvHeads heads;
  Floats w; // [in_maps][KERNEL][KERNEL][out_maps] of the physical layer
  uint groups, head_count, groups_per_image;
  uint in_size, out_size;
  uint out_maps; // physical
  uint in_bounds[9], out_bounds[9];
}
p;
#include "units.glsl"

const uint TAPS = KERNEL * KERNEL, EDGE = (3 - KERNEL) / 2, CHUNK = MAPS * LANES;
const uint SPAN_X = (TILE_X - 1) * STRIDE + KERNEL, SPAN_Y = (TILE_Y - 1) * STRIDE + KERNEL;

void main() {
  uint group = flat_workgroup();
  if (group >= p.groups) return;
  uint n = group / p.groups_per_image, r = group % p.groups_per_image, h = head_of(p.heads, p.head_count, r);
  if (n >= p.heads.head[h].images) return;
  uint ins = p.heads.head[h].in_maps, outs = p.heads.head[h].out_maps;
  uint chunks = (outs + CHUNK - 1) / CHUNK, tiles_x = (p.out_size + TILE_X - 1) / TILE_X;
  r -= p.heads.head[h].first;
  uint o0 = r % chunks * CHUNK, tile = r / chunks;
  uint x0 = tile % tiles_x * TILE_X, y0 = tile / tiles_x * TILE_Y;
  uint in_row = p.in_size + 2, out_row = p.out_size + 2;
  uint physical = physical_out(p.heads.head[h].out_units, o0), first = min(physical, p.out_maps - CHUNK);
  Floats x = p.heads.head[h].x;

  float sum[TILE_Y * TILE_X * MAPS];
  [[unroll]] for (uint i = 0; i < TILE_Y * TILE_X * MAPS; i++) sum[i] = 0;
  uint row[SPAN_Y], column[SPAN_X];
  [[unroll]] for (uint i = 0; i < SPAN_Y; i++) row[i] =
      (n * in_row + min(y0 * STRIDE + EDGE + i, in_row - 1)) * in_row * ins;
  [[unroll]] for (uint j = 0; j < SPAN_X; j++) column[j] = min(x0 * STRIDE + EDGE + j, in_row - 1) * ins;
  uint rest = p.heads.head[h].in_units, unit = findLSB(rest), c = in_bound(unit), end = in_bound(unit + 1), done = 0;
  do {
    uint at = c * TAPS * p.out_maps + first;
    c += DEPTH;
    if (c == end && done + DEPTH < ins) {
      rest &= rest - 1;
      unit = findLSB(rest);
      c = in_bound(unit);
      end = in_bound(unit + 1);
    }
    [[unroll]] for (uint k = 0; k < DEPTH; k += 2) {
      float w[2 * TAPS * MAPS];
      [[unroll]] for (int i = 0; i < SPAN_Y; i++) {
        // weights are loaded where they are first used
        if (i < KERNEL) [[unroll]]
          for (uint m = 0; m < 2; m++)
            [[unroll]] for (uint b = 0; b < KERNEL; b++) [[unroll]] for (uint v = 0; v < MAPS; v++)
                w[((i * KERNEL + b) * 2 + m) * MAPS + v] =
                    load_row(p.w, at + ((k + m) * TAPS + i * KERNEL + b) * p.out_maps, v * LANES, LANES);
        [[unroll]] for (int j = 0; j < SPAN_X; j++) [[unroll]] for (uint m = 0; m < 2; m++) {
          float value = load_shared(x, row[i] + column[j] + done, k + m);
          [[unroll]] for (int t = 0; t < TAPS; t++) {
            int y = i - t / int(KERNEL), xx = j - t % int(KERNEL);
            if (y >= 0 && y % STRIDE == 0 && y / STRIDE < TILE_Y && xx >= 0 && xx % STRIDE == 0 && xx / STRIDE < TILE_X)
                [[unroll]]
              for (uint v = 0; v < MAPS; v++) {
                uint s = (y / STRIDE * TILE_X + xx / STRIDE) * MAPS + v;
                sum[s] = fma(value, w[(t * 2 + m) * MAPS + v], sum[s]);
              }
          }
        }
      }
    }
    done += DEPTH;
  } while (done < ins);

  Floats y = p.heads.head[h].y, norm = p.heads.head[h].norm, residual = p.heads.head[h].residual;
  Ints source = p.heads.head[h].source;
  uint residual_row = p.heads.head[h].residual_size + 2, residual_maps = p.heads.head[h].residual_maps;
  uint shift = physical - first;
  [[unroll]] for (uint v = 0; v < MAPS; v++) {
    uint place = v * LANES + LANE, o = o0 + place - shift;
    if (place < shift || o >= outs) continue;
    float scale = 1, offset = 0;
    int from = -1;
    if (EPILOGUE != 0) {
      scale = norm.v[o];
      offset = norm.v[outs + o];
    }
    if (EPILOGUE == 2) from = source.v[o];
    [[unroll]] for (uint i = 0; i < TILE_Y * TILE_X; i++) {
      uint yy = y0 + i / TILE_X, xx = x0 + i % TILE_X;
      if (yy < p.out_size && xx < p.out_size) {
        float value = sum[i * MAPS + v];
        if (EPILOGUE != 0) value = fma(scale, value, offset);
        if (EPILOGUE == 2 && from >= 0)
          value +=
              residual.v[((n * residual_row + yy * RESIDUAL_STRIDE + 1) * residual_row + xx * RESIDUAL_STRIDE + 1) *
                      residual_maps +
                  from];
        if (EPILOGUE != 0) value = max(value, 0);
        y.v[((n * out_row + yy + 1) * out_row + xx + 1) * outs + o] = value;
      }
    }
  }
}
