#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
#include "maps.glsl"
#include "winograd.glsl"
#extension GL_KHR_shader_subgroup_ballot : require
// M[xi][t][o] = sum over the head's inputs c of U[xi][I(c)][O(o)] V[xi][t][c], all heads and positions in one dispatch; the
// sum walks the ranges of the head's units in the physical U (layers/winograd.go).
//
// A workgroup is one subgroup. A lane owns OUTS output maps (two of each chunk of 2 x LANES) and TILES tiles in registers; rows
// are a multiple of TILES. V comes LANES tiles x 2 maps a load and is broadcast, or with WIDE a map a load that all lanes
// share; the sums are the same. DEPTH pairs of inputs a turn divide every unit's pairs. One loop that jumps at a unit's end: a
// loop over units around it costs 20 to 35 %. Workgroups: xi, head, block of TILES, OUTS x LANES outputs.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint OUTS = 4;   // even
layout(constant_id = 2) const uint TILES = 32; // a multiple of LANES
layout(constant_id = 3) const uint DEPTH = 4;
layout(constant_id = 4) const uint WIDE = 0; // every unit's outputs are whole chunks
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
  uint in_maps = p.heads.head[h].in_maps, out_maps = p.heads.head[h].out_maps,
       chunks = (out_maps + OUTS * LANES - 1) / (OUTS * LANES);
  r -= p.heads.head[h].first;
  uint block = divide(r, chunks), o0 = (r - block * chunks) * OUTS * LANES + LANE_MAP, t0 = block * TILES;
  uint u[HALF], v[LOADS], v0 = xi * p.heads.head[h].v_plane + t0 * in_maps;
  [[unroll]] for (uint m = 0; m < HALF; m++) u[m] =
      xi * p.u_plane + physical_out(p.heads.head[h].out_units, min(o0 + m * 2 * LANES, out_maps - 2));
  [[unroll]] for (uint l = 0; l < LOADS; l++) v[l] = v0 + (l * LANES + gl_LocalInvocationID.x) * in_maps;
  Floats from = p.heads.head[h].v;
  vec2 sum[HALF * TILES];
  [[unroll]] for (uint i = 0; i < HALF * TILES; i++) sum[i] = vec2(0);
  uint rest = p.heads.head[h].in_units, unit = findLSB(rest), c = in_bound(unit), end = in_bound(unit + 1), k0 = 0;
  do {
    vec2 w[2 * DEPTH * HALF], x[DEPTH * LOADS];
    [[unroll]] for (uint k = 0; k < DEPTH; k++) {
      [[unroll]] for (uint m = 0; m < 2 * HALF; m++) w[k * 2 * HALF + m] =
          load_maps(p.u, (c + 2 * k + m / HALF) * p.out_maps + u[m % HALF]);
      if (WIDE == 0) [[unroll]]
        for (uint l = 0; l < LOADS; l++) x[k * LOADS + l] = load_pair(pairs(from), (v[l] + k0) / 2 + k);
    }
    c += 2 * DEPTH;
    if (c == end && k0 + 2 * DEPTH < in_maps) {
      rest &= rest - 1;
      unit = findLSB(rest);
      c = in_bound(unit);
      end = in_bound(unit + 1);
    }
    [[unroll]] for (uint t = 0; t < TILES; t++) [[unroll]] for (uint k = 0; k < DEPTH; k++) {
      vec2 value;
      if (WIDE != 0)
        value = load_shared_pair(from, v0 + t * in_maps + k0, 2 * k);
      else
        value = subgroupBroadcast(x[k * LOADS + t / LANES], t % LANES);
      [[unroll]] for (uint m = 0; m < HALF; m++) {
        sum[t * HALF + m] = fma(vec2(value.x), w[k * 2 * HALF + m], sum[t * HALF + m]);
        sum[t * HALF + m] = fma(vec2(value.y), w[k * 2 * HALF + HALF + m], sum[t * HALF + m]);
      }
    }
    k0 += 2 * DEPTH;
  } while (k0 < in_maps);
  Floats to = p.heads.head[h].m;
  [[unroll]] for (uint m = 0; m < HALF; m++) if (WIDE != 0 || o0 + m * 2 * LANES < out_maps) {
    uint at = xi * p.heads.head[h].m_plane + t0 * out_maps + o0 + m * 2 * LANES;
    [[unroll]] for (uint t = 0; t < TILES; t++) {
      store_maps(to, at, sum[t * HALF + m]);
      at += out_maps;
    }
  }
}
