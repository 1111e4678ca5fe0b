#include "memory.glsl"
// The gradient of the weights by tiles of one block (u, v): rows of a tile are output maps, columns taps x input maps of the
// block, taps slowest. The depth is pixels: those of the images of a split side by side, one head that holds both units after
// the other (eq. 5). Whoever owns a sum adds it up in this order. With several splits each sums a part of every head's images
// into partials, which gemm_sum_partials.comp adds up in order. Past the last pixel both operands are zero; past the last map
// or column the last pair is computed again, and not stored. Workgroups: split, tile (fastest).
const bool MAPS_ALONG_DEPTH = false, PIXELS_ALONG_DEPTH = false;
struct Row {
  uint map; // counts from the tile's first
};
struct Place {
  uint column, tap, map; // counts from the tile's first; of the layer
};
#include "gemm_tile.glsl"
#include "conv_heads.glsl"
#include "conv_tiles.glsl"
layout(push_constant, scalar) uniform Push {
  ConvHeads heads;
  ConvTiles tiles; // c and ins count columns of the block
  Floats g;        // splits = 1: [physical out, KERNEL, KERNEL, in_maps]; else partials [splits, tiles, MAPS, PIXELS]
  uint head_count, tile_count, splits;
  uint in_size, out_size;
  uint in_maps; // physical
  uint in_bounds[9], out_bounds[9];
}
p;
#include "units.glsl"

// Each invocation loads pairs of maps and of columns, THREADS / DEPTH pairs apart, at one pixel of a step.
const uint PAIRS = THREADS / DEPTH, MAP_LOADS = MAPS / 2 / PAIRS, PIXEL_LOADS = PIXELS / 2 / PAIRS;

uint group, tile;                            // this workgroup's
uint pixels;                                 // of an image
uint head_ins, head_outs;                    // the head's maps
uint y_map[MAP_LOADS], x_map[PIXEL_LOADS];   // pairs from the pixel to what this invocation loads
vec2 y_next[MAP_LOADS], x_next[PIXEL_LOADS]; // what it has loaded for the next step

Row row_of(uint map) { return Row(map); }

Place place_of(uint column) {
  uint v = p.tiles.tile[tile].v, width = in_bound(v + 1) - in_bound(v), at = p.tiles.tile[tile].c + column;
  return Place(column, at / width, in_bound(v) + at % width);
}

void emit(Row row, Place place, float value) {
  uint at = (group * MAPS + row.map) * PIXELS + place.column; // among the partials
  if (p.splits == 1) at = ((p.tiles.tile[tile].o + row.map) * TAPS + place.tap) * p.in_maps + place.map;
  p.g.v[at] = value;
}

// Loads this invocation's part of a step from pixel q on, of those before end.
void load(ActivationPairs x, ActivationPairs y, uint q, uint end) {
  bool inside = q < end;
  uint in_row = p.in_size + 2, out_row = p.out_size + 2, at = min(q, end - 1), image = at / pixels;
  at -= image * pixels;
  uint i = at / p.out_size, j = at - i * p.out_size;
  uint y_at = ((image * out_row + i + 1) * out_row + j + 1) * (head_outs / 2);
  uint x_at = ((image * in_row + i * STRIDE + EDGE) * in_row + j * STRIDE + EDGE) * (head_ins / 2);
  [[unroll]] for (uint l = 0; l < MAP_LOADS; l++) {
    vec2 value = load_activation_pair(y, y_at + y_map[l]);
    y_next[l] = inside ? value : vec2(0);
  }
  [[unroll]] for (uint l = 0; l < PIXEL_LOADS; l++) {
    vec2 value = load_activation_pair(x, x_at + x_map[l]);
    x_next[l] = inside ? value : vec2(0);
  }
}

void main() {
  group = flat_workgroup();
  if (group >= p.tile_count * p.splits) return;
  tile = group % p.tile_count;
  pixels = p.out_size * p.out_size;
  uint split = group / p.tile_count, pair = gl_LocalInvocationID.x % PAIRS, k = gl_LocalInvocationID.x / PAIRS;
  uint u = p.tiles.tile[tile].u, v = p.tiles.tile[tile].v, outs = p.tiles.tile[tile].outs,
       columns = p.tiles.tile[tile].ins;
  clear_sums();
  for (uint h = 0; h < p.head_count; h++) {
    uint out_units = p.heads.head[h].out_units, in_units = p.heads.head[h].in_units;
    if ((out_units >> u & in_units >> v & 1) == 0) continue;
    // the block's maps among the head's own
    uint own_o = p.tiles.tile[tile].o - out_bound(u), own_c = 0;
    for (uint rest = out_units & ((1u << u) - 1); rest != 0; rest &= rest - 1)
      own_o += out_bound(findLSB(rest) + 1) - out_bound(findLSB(rest));
    for (uint rest = in_units & ((1u << v) - 1); rest != 0; rest &= rest - 1)
      own_c += in_bound(findLSB(rest) + 1) - in_bound(findLSB(rest));
    head_outs = p.heads.head[h].out_maps;
    head_ins = p.heads.head[h].in_maps;
    uint images = p.heads.head[h].images;
    ActivationPairs x = activation_pairs(p.heads.head[h].x), y = activation_pairs(p.heads.head[h].y);
    [[unroll]] for (uint l = 0; l < MAP_LOADS; l++) y_map[l] = (own_o + min((pair + l * PAIRS) * 2, outs - 2)) / 2;
    [[unroll]] for (uint l = 0; l < PIXEL_LOADS; l++) {
      Place at = place_of(min((pair + l * PAIRS) * 2, columns - 2));
      uint tap = at.tap / KERNEL * (p.in_size + 2) + at.tap % KERNEL;
      x_map[l] = (tap * head_ins + own_c + at.map - in_bound(v)) / 2;
    }
    uint q = split * images / p.splits * pixels, end = (split + 1) * images / p.splits * pixels;
    if (q < end) load(x, y, q + k, end);
    for (; q < end; q += DEPTH) {
      [[unroll]] for (uint l = 0; l < MAP_LOADS; l++) put_maps((pair + l * PAIRS) * 2, k, y_next[l]);
      [[unroll]] for (uint l = 0; l < PIXEL_LOADS; l++) put_pixels((pair + l * PAIRS) * 2, k, x_next[l]);
      barrier();
      if (q + DEPTH < end) load(x, y, q + DEPTH + k, end); // comes from memory while this step is multiplied
      multiply();
      barrier();
    }
  }
  finish(outs, columns);
}
