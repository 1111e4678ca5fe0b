#include "memory.glsl"
// The gradient of the input by tiles: rows of a tile are a head's input maps, columns pixels of all its images. With a stride
// pixels differ in which taps reach them, by the remainders (py, px) of their row and column: each of these parities is a
// product of its own, without stride, over the taps s = s0 + STRIDE k with s0 = (py + PAD) % STRIDE, which meet the gradient
// k rows above the first. The depth is output maps x taps, as in gemm_forward.glsl.
// Workgroups: head, parity (those with most taps come first), tile of pixels, tile of maps (fastest).
const bool MAPS_ALONG_DEPTH = false, PIXELS_ALONG_DEPTH = true;
struct Row {
  uint map;
};
struct Place {
  uint x; // pixels from the beginning of the tensor
};
#include "gemm_tile.glsl"
#include "conv_heads.glsl"
layout(push_constant, scalar) uniform Push {
  ConvHeads heads;
  WeightPairs w; // [physical out, KERNEL, KERNEL, in_maps], the one weight buffer
  uint groups, head_count;
  uint in_size, out_size;
  uint in_maps; // physical
  uint in_bounds[9], out_bounds[9];
}
p;
#include "units.glsl"

// Of the weights an invocation loads pairs of maps, those that are THREADS / (MAPS / 2) apart in depth; of the gradient pairs
// along the depth, of pixels that are ROWS apart.
const uint MAP_STEP = 2 * THREADS / MAPS, MAP_LOADS = DEPTH / MAP_STEP;
const uint PAIRS = DEPTH / 2, ROWS = THREADS / PAIRS, PIXEL_LOADS = PIXELS / ROWS;

uint h, ins, outs, map0, pixel0; // the tile's head, its maps, the tile's first map and pixel
uvec2 parity, size;              // the tile's, as row and column; pixels of that parity
Activations x;
uint w_row[MAP_LOADS], y_row[PIXEL_LOADS];   // pairs at which what this invocation loads begins
vec2 w_next[MAP_LOADS], y_next[PIXEL_LOADS]; // what it has loaded for the next step

// A pixel of the tile: its image, row and column, those of its parity alone counted.
uvec3 pixel_at(uint pixel) {
  uint q = pixel0 + pixel, row = q / size.y, image = row / size.x;
  return uvec3(image, row - image * size.x, q - row * size.y);
}

Row row_of(uint map) { return Row(map0 + map); }

Place place_of(uint pixel) {
  uvec3 at = pixel_at(pixel);
  uint row = p.in_size + 2;
  return Place((at.x * row + at.y * STRIDE + parity.x + 1) * row + at.z * STRIDE + parity.y + 1);
}

void emit(Row row, Place place, float value) { store_activation(x, place.x * ins + row.map, value); }

// Finds the weights of chunk o0 of the head's own output maps: the pair column of each of their rows, at the first tap.
void find_weights(uint out_units, uint o0, uint column) {
  uint o = o0 + gl_LocalInvocationID.x / (MAPS / 2);
  [[unroll]] for (uint l = 0; l < MAP_LOADS; l++) w_row[l] =
      physical_out(out_units, min(o + l * MAP_STEP, outs - 1)) * TAPS * (p.in_maps / 2) + column;
}

// Loads this invocation's part of a step: chunk o0, at tap k of those that reach the parity.
void load(ActivationPairs y, uint o0, uvec2 k) {
  uvec2 tap = (parity + PAD) % STRIDE + k * STRIDE;
  uint w_at = (tap.x * KERNEL + tap.y) * (p.in_maps / 2), o = o0 + gl_LocalInvocationID.x / (MAPS / 2);
  uint own = o0 + gl_LocalInvocationID.x % PAIRS * 2;
  uint y_at = min(own, outs - 2) / 2 - (k.x * (p.out_size + 2) + k.y) * (outs / 2); // may count backwards
  [[unroll]] for (uint l = 0; l < MAP_LOADS; l++) {
    vec2 value = load_weight_pair(p.w, w_row[l] + w_at);
    w_next[l] = o + l * MAP_STEP < outs ? value : vec2(0);
  }
  [[unroll]] for (uint l = 0; l < PIXEL_LOADS; l++) {
    vec2 value = load_activation_pair(y, y_row[l] + y_at);
    y_next[l] = own < outs ? value : vec2(0);
  }
}

void main() {
  uint group = flat_workgroup();
  if (group >= p.groups) return;
  h = head_of(p.heads, p.head_count, group);
  ins = p.heads.head[h].in_maps;
  outs = p.heads.head[h].out_maps;
  x = p.heads.head[h].x;
  ActivationPairs y = activation_pairs(p.heads.head[h].y);
  uint in_units = p.heads.head[h].in_units, out_units = p.heads.head[h].out_units, images = p.heads.head[h].images;
  uint tile = group - p.heads.head[h].first, map_tiles = (ins + MAPS - 1) / MAPS, pixels, tiles, i = STRIDE * STRIDE;
  do {
    i--;
    parity = uvec2(i / STRIDE, i % STRIDE);
    size = (p.in_size - parity + STRIDE - 1) / STRIDE;
    pixels = images * size.x * size.y;
    tiles = (pixels + PIXELS - 1) / PIXELS * map_tiles;
    if (tile < tiles) break;
    tile -= tiles;
  } while (i > 0);
  map0 = tile % map_tiles * MAPS;
  pixel0 = tile / map_tiles * PIXELS;

  uint t = gl_LocalInvocationID.x, out_row = p.out_size + 2;
  uvec2 start = 1 + (parity + PAD) / STRIDE, taps = (KERNEL + STRIDE - 1 - (parity + PAD) % STRIDE) / STRIDE;
  uint column = physical_in(in_units, min(map0 + t % (MAPS / 2) * 2, ins - 2)) / 2;
  [[unroll]] for (uint l = 0; l < PIXEL_LOADS; l++) {
    uvec3 at = pixel_at(min(t / PAIRS + l * ROWS, pixels - 1 - pixel0));
    y_row[l] = ((at.x * out_row + at.y + start.x) * out_row + at.z + start.y) * (outs / 2);
  }

  uint steps = (outs + DEPTH - 1) / DEPTH * taps.x * taps.y, o0 = 0;
  uvec2 k = uvec2(0);
  clear_sums();
  if (steps > 0) { // a parity that no tap reaches has gradient 0
    find_weights(out_units, o0, column);
    load(y, o0, k);
  }
  for (uint step = 1; step <= steps; step++) {
    [[unroll]] for (uint l = 0; l < MAP_LOADS; l++)
        put_maps(t % (MAPS / 2) * 2, t / (MAPS / 2) + l * MAP_STEP, w_next[l]);
    [[unroll]] for (uint l = 0; l < PIXEL_LOADS; l++) put_pixels(t / PAIRS + l * ROWS, t % PAIRS * 2, y_next[l]);
    barrier();
    if (step < steps) { // comes from memory while this step is multiplied
      k.y++;
      if (k.y == taps.y) k = uvec2(k.x + 1, 0);
      if (k.x == taps.x) {
        k.x = 0;
        o0 += DEPTH;
        find_weights(out_units, o0, column);
      }
      load(y, o0, k);
    }
    multiply();
    barrier();
  }
  finish(ins - map0, pixels - pixel0);
}
