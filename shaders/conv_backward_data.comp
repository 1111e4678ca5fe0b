#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_ballot : require
#include "memory.glsl"
// x[n,i,j,c] = sum over the head's outputs o, pixels (a,b) and taps (s,t) with S a + s = i + PAD, S b + t = j + PAD of
// y[n,a,b,o] w[O(o), s, t, I(c)]; x and y are gradients here, the weights are the same, in place.
// All heads of a layer in one dispatch (layers/conv.go, ConvBackwardData).
//
// A workgroup is one subgroup. A lane owns a pair of input maps and TILE_X x TILE_Y pixels in registers; TILE_X and TILE_Y
// are multiples of STRIDE, so that which taps meet which pixels is known at compile time. The gradient comes LANES pixels x
// 2 maps a load and is broadcast. Its halo is zero. Workgroups: image, head, tile of pixels, LANES pairs of inputs (fastest).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8; // subgroup size: 1 to 128
layout(constant_id = 1) const uint TILE_X = 8;
layout(constant_id = 2) const uint TILE_Y = 4;
layout(constant_id = 3) const uint STRIDE = 1; // 1 to 3
layout(constant_id = 4) const uint KERNEL = 3; // 1 or 3
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

// Pixels a of the gradient that reach a tile from y0: y0 / STRIDE - BEFORE to y0 / STRIDE + (TILE - 1 + PAD) / STRIDE.
const uint TAPS = KERNEL * KERNEL, PAD = (KERNEL - 1) / 2, BEFORE = (KERNEL - 1 - PAD) / STRIDE;
const uint SPAN_X = BEFORE + (TILE_X - 1 + PAD) / STRIDE + 1, SPAN_Y = BEFORE + (TILE_Y - 1 + PAD) / STRIDE + 1;
const uint PIXELS = SPAN_X * SPAN_Y, LOADS = (PIXELS + LANES - 1) / LANES;

void main() {
  uint group = flat_workgroup();
  if (group >= p.groups) return;
  uint n = group / p.groups_per_image, r = group % p.groups_per_image, h = head_of(p.heads, p.head_count, r);
  if (n >= p.heads.head[h].images) return;
  uint lane = gl_LocalInvocationID.x, ins = p.heads.head[h].in_maps, outs = p.heads.head[h].out_maps;
  uint in_tiles = (ins / 2 + LANES - 1) / LANES, tiles_x = (p.in_size + TILE_X - 1) / TILE_X;
  r -= p.heads.head[h].first;
  uint c = (r % in_tiles * LANES + lane) * 2, tile = r / in_tiles;
  uint x0 = tile % tiles_x * TILE_X, y0 = tile / tiles_x * TILE_Y;
  uint in_row = p.in_size + 2, out_row = p.out_size + 2;
  ActivationPairs y = activation_pairs(p.heads.head[h].y);

  vec2 sum[TILE_Y * TILE_X];
  [[unroll]] for (uint i = 0; i < TILE_Y * TILE_X; i++) sum[i] = vec2(0);
  uint at[LOADS], column = physical_in(p.heads.head[h].in_units, min(c, ins - 2)) / 2;
  [[unroll]] for (uint l = 0; l < LOADS; l++) {
    uint i = min(l * LANES + lane, PIXELS - 1);
    uint a = min(y0 / STRIDE + 1 - BEFORE + i / SPAN_X, out_row - 1),
         b = min(x0 / STRIDE + 1 - BEFORE + i % SPAN_X, out_row - 1);
    at[l] = ((n * out_row + a) * out_row + b) * outs / 2;
  }
  uint own = 0; // pair of the head's own outputs
  for (uint rest = p.heads.head[h].out_units; rest != 0; rest &= rest - 1) {
    uint u = findLSB(rest), end = out_bound(u + 1);
    for (uint o = out_bound(u); o < end; o += 2) {
      vec2 w[2 * TAPS], pixel[LOADS];
      [[unroll]] for (uint t = 0; t < 2 * TAPS; t++) w[t] =
          load_weight_pair(p.w, (o * TAPS + t) * (p.in_maps / 2) + column);
      [[unroll]] for (uint l = 0; l < LOADS; l++) pixel[l] = load_activation_pair(y, at[l] + own);
      own++;
      [[unroll]] for (int i = 0; i < SPAN_Y; i++) [[unroll]] for (int j = 0; j < SPAN_X; j++) {
        vec2 value = subgroupBroadcast(pixel[(i * SPAN_X + j) / LANES], (i * SPAN_X + j) % LANES);
        [[unroll]] for (int m = 0; m < 2; m++) [[unroll]] for (int t = 0; t < TAPS; t++) {
          int yy = (i - int(BEFORE)) * int(STRIDE) + t / int(KERNEL) - int(PAD),
              xx = (j - int(BEFORE)) * int(STRIDE) + t % int(KERNEL) - int(PAD);
          if (yy >= 0 && yy < TILE_Y && xx >= 0 && xx < TILE_X)
            sum[yy * TILE_X + xx] = fma(vec2(value[m]), w[m * TAPS + t], sum[yy * TILE_X + xx]);
        }
      }
    }
  }
  if (c >= ins) return;
  Activations x = p.heads.head[h].x;
  [[unroll]] for (uint i = 0; i < TILE_Y * TILE_X; i++) {
    uint yy = y0 + i / TILE_X, xx = x0 + i % TILE_X;
    if (yy < p.in_size && xx < p.in_size)
      store_activation_pair(x, ((n * in_row + yy + 1) * in_row + xx + 1) * ins + c, sum[i]);
  }
}
