#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
#include "rows.glsl"
#include "winograd.glsl"
// winograd_product.comp where a row of maps costs one load: sums in the same order, by loads that all lanes share and few
// accumulators, which stay in registers (layers/winograd.go).
//
// A workgroup is one subgroup. A lane owns OUTS output maps, LANES apart, and TILES tiles; rows are a multiple of TILES. DEPTH
// inputs a turn divide every unit's inputs, OUTS x LANES every unit's outputs. Workgroups: xi, head, block of TILES,
// OUTS x LANES outputs.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 16;
layout(constant_id = 1) const uint OUTS = 2;
layout(constant_id = 2) const uint TILES = 16;
layout(constant_id = 3) const uint DEPTH = 16;
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

void main() {
  uint group = flat_workgroup();
  if (group >= p.groups) return;
  uint xi = divide(group, p.groups_per_position), r = group - xi * p.groups_per_position,
       h = winograd_head(p.heads, p.head_count, r);
  uint in_maps = p.heads.head[h].in_maps, out_maps = p.heads.head[h].out_maps, chunks = out_maps / (OUTS * LANES);
  r -= p.heads.head[h].first;
  uint block = divide(r, chunks), o0 = (r - block * chunks) * OUTS * LANES, t0 = block * TILES,
       u = xi * p.u_plane + physical_out(p.heads.head[h].out_units, o0),
       v = xi * p.heads.head[h].v_plane + t0 * in_maps;
  Floats from = p.heads.head[h].v, to = p.heads.head[h].m;
  float sum[TILES * OUTS];
  [[unroll]] for (uint i = 0; i < TILES * OUTS; i++) sum[i] = 0;
  uint rest = p.heads.head[h].in_units, unit = findLSB(rest), c = in_bound(unit), end = in_bound(unit + 1), done = 0;
  do {
    float w[DEPTH * OUTS];
    [[unroll]] for (uint k = 0; k < DEPTH; k++) [[unroll]] for (uint m = 0; m < OUTS; m++) w[k * OUTS + m] =
        load_row(p.u, u + (c + k) * p.out_maps, m * LANES, LANES);
    c += DEPTH;
    if (c == end && done + DEPTH < in_maps) {
      rest &= rest - 1;
      unit = findLSB(rest);
      c = in_bound(unit);
      end = in_bound(unit + 1);
    }
    [[unroll]] for (uint t = 0; t < TILES; t++) [[unroll]] for (uint k = 0; k < DEPTH; k++) {
      float x = load_shared(from, v + t * in_maps + done, k);
      [[unroll]] for (uint m = 0; m < OUTS; m++) sum[t * OUTS + m] = fma(x, w[k * OUTS + m], sum[t * OUTS + m]);
    }
    done += DEPTH;
  } while (done < in_maps);
  uint at = xi * p.heads.head[h].m_plane + t0 * out_maps + o0;
  [[unroll]] for (uint t = 0; t < TILES; t++) [[unroll]] for (uint m = 0; m < OUTS; m++)
      store_row(to, at + t * out_maps, m * LANES, sum[t * OUTS + m]);
}
