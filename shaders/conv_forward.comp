#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_ballot : require
#include "memory.glsl"
// y[n,i,j,o] = sum over the head's inputs c and taps (a,b) of x[n, S i + a, S j + b, c] w[O(o), a, b, I(c)]
// in coordinates that count the halo (KERNEL = 1: S i + 1, S j + 1); O and I are the physical maps behind the head's own.
// EPILOGUE 1: y = ReLU(scale y + shift); 2: y = ReLU(scale y + shift + residual), the residual at stride RESIDUAL_STRIDE.
// All heads of a layer in one dispatch (layers/conv.go, ConvForward).
//
// A workgroup is one subgroup. A lane owns one output map and TILE_X x TILE_Y pixels in registers. Inputs come LANES
// pixels x 2 maps a load and are broadcast from registers; weights come 2 maps a load. Tiles are clamped to the halo, and
// stores are guarded, so every size works. Workgroups: image, head, tile of pixels, LANES outputs (fastest).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8; // subgroup size: 1 to 128
layout(constant_id = 1) const uint TILE_X = 8;
layout(constant_id = 2) const uint TILE_Y = 8;
layout(constant_id = 3) const uint STRIDE = 1; // 1 to 3
layout(constant_id = 4) const uint KERNEL = 3; // 1 or 3
layout(constant_id = 5) const uint EPILOGUE = 0;
layout(constant_id = 6) const uint RESIDUAL_STRIDE = 1;
#include "conv_heads.glsl"
layout(push_constant, scalar) uniform Push {
  ConvHeads heads;
  WeightPairs w; // [physical out, KERNEL, KERNEL, in_maps], the one weight buffer
  uint groups, head_count, groups_per_image;
  uint in_size, out_size;
  uint in_maps; // physical
  uint in_bounds[9], out_bounds[9];
}
p;
#include "units.glsl"

const uint TAPS = KERNEL * KERNEL, EDGE = (3 - KERNEL) / 2;
const uint SPAN_X = (TILE_X - 1) * STRIDE + KERNEL, SPAN_Y = (TILE_Y - 1) * STRIDE + KERNEL;
const uint PIXELS = SPAN_X * SPAN_Y, LOADS = (PIXELS + LANES - 1) / LANES;

void main() {
  uint group = flat_workgroup();
  if (group >= p.groups) return;
  uint n = group / p.groups_per_image, r = group % p.groups_per_image, h = head_of(p.heads, p.head_count, r);
  if (n >= p.heads.head[h].images) return;
  uint lane = gl_LocalInvocationID.x, ins = p.heads.head[h].in_maps, outs = p.heads.head[h].out_maps;
  uint out_tiles = (outs + LANES - 1) / LANES, tiles_x = (p.out_size + TILE_X - 1) / TILE_X;
  r -= p.heads.head[h].first;
  uint o = r % out_tiles * LANES + lane, tile = r / out_tiles;
  uint x0 = tile % tiles_x * TILE_X, y0 = tile / tiles_x * TILE_Y;
  uint in_row = p.in_size + 2, out_row = p.out_size + 2;
  ActivationPairs x = activation_pairs(p.heads.head[h].x);

  float sum[TILE_Y * TILE_X];
  [[unroll]] for (uint i = 0; i < TILE_Y * TILE_X; i++) sum[i] = 0;
  uint at[LOADS], row = physical_out(p.heads.head[h].out_units, min(o, outs - 1)) * TAPS * p.in_maps / 2;
  [[unroll]] for (uint l = 0; l < LOADS; l++) {
    uint i = min(l * LANES + lane, PIXELS - 1);
    uint y = min(y0 * STRIDE + EDGE + i / SPAN_X, in_row - 1), xx = min(x0 * STRIDE + EDGE + i % SPAN_X, in_row - 1);
    at[l] = ((n * in_row + y) * in_row + xx) * ins / 2;
  }
  uint own = 0; // pair of the head's own inputs
  for (uint rest = p.heads.head[h].in_units; rest != 0; rest &= rest - 1) {
    uint u = findLSB(rest), end = in_bound(u + 1) / 2;
    for (uint c = in_bound(u) / 2; c < end; c++) {
      vec2 w[TAPS], pixel[LOADS];
      [[unroll]] for (uint t = 0; t < TAPS; t++) w[t] = load_weight_pair(p.w, row + t * (p.in_maps / 2) + c);
      [[unroll]] for (uint l = 0; l < LOADS; l++) pixel[l] = load_activation_pair(x, at[l] + own);
      own++;
      [[unroll]] for (int i = 0; i < SPAN_Y; i++) [[unroll]] for (int j = 0; j < SPAN_X; j++) {
        vec2 value = subgroupBroadcast(pixel[(i * SPAN_X + j) / LANES], (i * SPAN_X + j) % LANES);
        [[unroll]] for (int m = 0; m < 2; m++) [[unroll]] for (int t = 0; t < TAPS; t++) {
          int y = i - t / int(KERNEL), xx = j - t % int(KERNEL);
          if (y >= 0 && y % STRIDE == 0 && y / STRIDE < TILE_Y && xx >= 0 && xx % STRIDE == 0 && xx / STRIDE < TILE_X)
            sum[y / STRIDE * TILE_X + xx / STRIDE] = fma(value[m], w[t][m], sum[y / STRIDE * TILE_X + xx / STRIDE]);
        }
      }
    }
  }
  if (o >= outs) return;
  float scale = 1, shift = 0;
  int from = -1;
  if (EPILOGUE != 0) {
    scale = p.heads.head[h].norm.v[o];
    shift = p.heads.head[h].norm.v[outs + o];
  }
  if (EPILOGUE == 2) from = p.heads.head[h].source.v[o];
  uint residual_row = p.heads.head[h].residual_size + 2, residual_maps = p.heads.head[h].residual_maps;
  Activations y = p.heads.head[h].y, residual = p.heads.head[h].residual;
  [[unroll]] for (uint i = 0; i < TILE_Y * TILE_X; i++) {
    uint yy = y0 + i / TILE_X, xx = x0 + i % TILE_X;
    if (yy < p.out_size && xx < p.out_size) {
      float value = sum[i];
      if (EPILOGUE != 0) value = fma(scale, value, shift);
      if (EPILOGUE == 2 && from >= 0)
        value += load_activation(residual,
            ((n * residual_row + yy * RESIDUAL_STRIDE + 1) * residual_row + xx * RESIDUAL_STRIDE + 1) * residual_maps +
                from);
      if (EPILOGUE != 0) value = max(value, 0);
      store_activation(y, ((n * out_row + yy + 1) * out_row + xx + 1) * outs + o, value);
    }
  }
}
