#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
#include "winograd.glsl"
#extension GL_KHR_shader_subgroup_ballot : require
// M[xi][t][o] = sum over the head's inputs c of U[xi][I(c)][O(o)] V[xi][t][c], all heads and positions in one dispatch; the
// sum walks the ranges of the head's units in the physical U (layers/winograd.go).
//
// A workgroup is one subgroup. A lane owns OUTS output maps (in pairs LANES apart) and TILES tiles in registers; rows are a
// multiple of TILES. V comes LANES tiles x 2 maps a load and is broadcast, U comes 2 outputs a load. DEPTH pairs of inputs a
// turn divide every unit's pairs. One loop that jumps at a unit's end: a loop over units around it costs 20 to 35 %.
// Workgroups: xi, head, block of TILES, OUTS x LANES outputs.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint OUTS = 4;   // even
layout(constant_id = 2) const uint TILES = 32; // a multiple of LANES
layout(constant_id = 3) const uint DEPTH = 4;
layout(push_constant, scalar) uniform Push {
  WinogradHeads heads;
  Floats u; // [36][in_maps][out_maps] of the physical layer
  uint groups, head_count, groups_per_position;
  uint in_maps, out_maps; // physical
  uint u_plane;           // floats from one xi to the next
  uint in_bounds[9], out_bounds[9];
}
p;
#include "units.glsl"

const uint HALF = OUTS / 2, LOADS = TILES / LANES;

void main() {
  uint group = flat_workgroup();
  if (group >= p.groups) return;
  uint xi = divide(group, p.groups_per_position), r = group - xi * p.groups_per_position,
       h = winograd_head(p.heads, p.head_count, r);
  uint lane = gl_LocalInvocationID.x, in_pairs = p.heads.head[h].in_maps / 2, out_pairs = p.heads.head[h].out_maps / 2;
  uint chunks = (out_pairs + HALF * LANES - 1) / (HALF * LANES);
  r -= p.heads.head[h].first;
  uint block = divide(r, chunks), o0 = (r - block * chunks) * HALF * LANES + lane, t0 = block * TILES;
  uint u[HALF], v[LOADS];
  [[unroll]] for (uint m = 0; m < HALF; m++) u[m] =
      (xi * p.u_plane + physical_out(p.heads.head[h].out_units, min(o0 + m * LANES, out_pairs - 1) * 2)) / 2;
  [[unroll]] for (uint l = 0; l < LOADS; l++) v[l] =
      xi * p.heads.head[h].v_plane / 2 + (t0 + l * LANES + lane) * in_pairs;
  Pairs from = pairs(p.heads.head[h].v), weights = pairs(p.u);
  float sum[OUTS * TILES];
  [[unroll]] for (uint i = 0; i < OUTS * TILES; i++) sum[i] = 0;
  uint rest = p.heads.head[h].in_units, unit = findLSB(rest), c = in_bound(unit) / 2, end = in_bound(unit + 1) / 2,
       out_row = p.out_maps / 2;
  for (uint k0 = 0; k0 < in_pairs; k0 += DEPTH) {
    vec2 w[DEPTH * OUTS], x[DEPTH * LOADS];
    [[unroll]] for (uint k = 0; k < DEPTH; k++) {
      [[unroll]] for (uint m = 0; m < OUTS; m++) w[k * OUTS + m] =
          load_pair(weights, u[m / 2] + (2 * (c + k) + m % 2) * out_row); // of input 2 (c + k) + m % 2
      [[unroll]] for (uint l = 0; l < LOADS; l++) x[k * LOADS + l] = load_pair(from, v[l] + k0 + k);
    }
    c += DEPTH;
    if (c == end && k0 + DEPTH < in_pairs) {
      rest &= rest - 1;
      unit = findLSB(rest);
      c = in_bound(unit) / 2;
      end = in_bound(unit + 1) / 2;
    }
    [[unroll]] for (uint t = 0; t < TILES; t++) [[unroll]] for (uint k = 0; k < DEPTH; k++) {
      vec2 value = subgroupBroadcast(x[k * LOADS + t / LANES], t % LANES);
      [[unroll]] for (uint m = 0; m < OUTS; m++) {
        uint even = k * OUTS + m / 2 * 2;
        sum[t * OUTS + m] = fma(value.y, w[even + 1][m % 2], fma(value.x, w[even][m % 2], sum[t * OUTS + m]));
      }
    }
  }
  Floats to = p.heads.head[h].m;
  [[unroll]] for (uint m = 0; m < HALF; m++) if (o0 + m * LANES < out_pairs) {
    uint at = xi * p.heads.head[h].m_plane / 2 + t0 * out_pairs + o0 + m * LANES;
    [[unroll]] for (uint t = 0; t < TILES; t++) {
      store_pair(to, at * 2, vec2(sum[t * OUTS + 2 * m], sum[t * OUTS + 2 * m + 1]));
      at += out_pairs;
    }
  }
}
