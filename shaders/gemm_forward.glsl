#include "memory.glsl"
// The forward pass by tiles: rows of a tile are a head's output maps, columns its pixels, those of all its images side by
// side. The depth is input maps x taps: a step has DEPTH of the head's own maps at one tap, taps innermost. These maps may
// span units: an invocation looks up the physical map of the pair that it loads, once in TAPS steps. Past the last map both
// operands are zero, so that nothing counts that happens to lie there; past the last output map or pixel the last one is
// computed again, and not stored. Workgroups: head, tile of pixels, tile of maps (fastest).
const bool MAPS_ALONG_DEPTH = true, PIXELS_ALONG_DEPTH = true;
struct Row {
  uint map;
  float scale, shift; // of the epilogue
  int source;
};
struct Place {
  uint y, residual; // pixels from the beginning of the tensors
};
#include "gemm_tile.glsl"
#include "conv_heads.glsl"
layout(push_constant, scalar) uniform Push {
  ConvHeads heads;
  WeightPairs w; // [physical out, KERNEL, KERNEL, in_maps], the one weight buffer
  uint groups, head_count;
  uint in_size, out_size;
  uint in_maps;                   // physical
  uint epilogue, residual_stride; // as EPILOGUE and RESIDUAL_STRIDE of conv_forward.comp
  uint in_bounds[9], out_bounds[9];
}
p;
#include "units.glsl"

// A pair of a row's depth for each invocation, THREADS / PAIRS rows at a time.
const uint PAIRS = DEPTH / 2, ROWS = THREADS / PAIRS, MAP_LOADS = MAPS / ROWS, PIXEL_LOADS = PIXELS / ROWS;

uint h, ins, outs, residual_maps, map0, pixel0; // the tile's head, its maps, the tile's first map and pixel
Activations y, residual;
uint w_row[MAP_LOADS], x_row[PIXEL_LOADS];   // pairs at which the rows begin that this invocation loads
vec2 w_next[MAP_LOADS], x_next[PIXEL_LOADS]; // a pair of each, for the next step

// A pixel of the tile: its image, row and column.
uvec3 pixel_at(uint pixel) {
  uint q = pixel0 + pixel, row = q / p.out_size, image = row / p.out_size;
  return uvec3(image, row - image * p.out_size, q - row * p.out_size);
}

Row row_of(uint map) {
  Row row = Row(map0 + map, 1, 0, -1);
  if (p.epilogue != 0) {
    row.scale = p.heads.head[h].norm.v[row.map];
    row.shift = p.heads.head[h].norm.v[outs + row.map];
  }
  if (p.epilogue == 2) row.source = p.heads.head[h].source.v[row.map];
  return row;
}

Place place_of(uint pixel) {
  uint size = p.out_size + 2, residual_size = p.heads.head[h].residual_size + 2;
  uvec3 at = pixel_at(pixel), from = uvec3(at.x, at.yz * p.residual_stride);
  return Place(
      (at.x * size + at.y + 1) * size + at.z + 1, (from.x * residual_size + from.y + 1) * residual_size + from.z + 1);
}

void emit(Row row, Place place, float value) {
  if (p.epilogue != 0) {
    value = fma(row.scale, value, row.shift);
    if (row.source >= 0) value += load_activation(residual, place.residual * residual_maps + row.source);
    value = max(value, 0);
  }
  store_activation(y, place.y * outs + row.map, value);
}

// Loads this invocation's part of a step: own map c of the head, which is pair column of the physical maps, at a tap.
void load(ActivationPairs x, uint c, uint column, uint tap) {
  bool inside = c < ins;
  uint w_at = tap * (p.in_maps / 2) + column;
  uint x_at = ((tap / KERNEL * (p.in_size + 2) + tap % KERNEL) * ins + min(c, ins - 2)) / 2;
  [[unroll]] for (uint l = 0; l < MAP_LOADS; l++) {
    vec2 value = load_weight_pair(p.w, w_row[l] + w_at);
    w_next[l] = inside ? value : vec2(0);
  }
  [[unroll]] for (uint l = 0; l < PIXEL_LOADS; l++) {
    vec2 value = load_activation_pair(x, x_row[l] + x_at);
    x_next[l] = inside ? value : vec2(0);
  }
}

void main() {
  uint group = flat_workgroup();
  if (group >= p.groups) return;
  h = head_of(p.heads, p.head_count, group);
  ins = p.heads.head[h].in_maps;
  outs = p.heads.head[h].out_maps;
  residual_maps = p.heads.head[h].residual_maps;
  y = p.heads.head[h].y;
  residual = p.heads.head[h].residual;
  ActivationPairs x = activation_pairs(p.heads.head[h].x);
  uint in_units = p.heads.head[h].in_units, out_units = p.heads.head[h].out_units;
  uint pixels = p.heads.head[h].images * p.out_size * p.out_size;
  uint tile = group - p.heads.head[h].first, map_tiles = (outs + MAPS - 1) / MAPS;
  map0 = tile % map_tiles * MAPS;
  pixel0 = tile / map_tiles * PIXELS;

  uint pair = gl_LocalInvocationID.x % PAIRS, row = gl_LocalInvocationID.x / PAIRS, in_row = p.in_size + 2;
  [[unroll]] for (uint l = 0; l < MAP_LOADS; l++) w_row[l] =
      physical_out(out_units, min(map0 + row + l * ROWS, outs - 1)) * TAPS * p.in_maps / 2;
  [[unroll]] for (uint l = 0; l < PIXEL_LOADS; l++) {
    uvec3 at = pixel_at(min(row + l * ROWS, pixels - 1 - pixel0));
    x_row[l] = ((at.x * in_row + at.y * STRIDE + EDGE) * in_row + at.z * STRIDE + EDGE) * ins / 2;
  }

  uint steps = (ins + DEPTH - 1) / DEPTH * TAPS, tap = 0, c = 2 * pair;
  uint column = physical_in(in_units, min(c, ins - 2)) / 2;
  clear_sums();
  load(x, c, column, tap);
  for (uint step = 1; step <= steps; step++) {
    [[unroll]] for (uint l = 0; l < MAP_LOADS; l++) put_maps(row + l * ROWS, 2 * pair, w_next[l]);
    [[unroll]] for (uint l = 0; l < PIXEL_LOADS; l++) put_pixels(row + l * ROWS, 2 * pair, x_next[l]);
    barrier();
    if (step < steps) { // comes from memory while this step is multiplied
      tap++;
      if (tap == TAPS) {
        tap = 0;
        c += DEPTH;
        column = physical_in(in_units, min(c, ins - 2)) / 2;
      }
      load(x, c, column, tap);
    }
    multiply();
    barrier();
  }
  finish(outs - map0, pixels - pixel0);
}
