// A product of matrices by tiles, without matrix units: rows are maps, columns pixels (of a weight gradient: taps and maps),
// summed over a depth that the pass walks in steps of DEPTH. A workgroup owns MAPS x PIXELS sums, an invocation OWN_MAPS x
// OWN_PIXELS of them in registers. A step's operands lie in shared memory, by depth: vectors of four maps or pixels, a row
// one vector longer than it need be, so that invocations that store along the depth meet few of each other's banks. An
// invocation's maps are groups of four, MAP_THREADS groups apart: neighbours read, and write, what lies side by side.
// No invocation depends on the subgroup's size, or on an operation of subgroups.
layout(constant_id = 6) const uint OWN_MAPS = 8; // multiples of 4, with MAPS / OWN_MAPS * PIXELS / OWN_PIXELS = THREADS
layout(constant_id = 7) const uint OWN_PIXELS = 4;

const uint MAP_THREADS = MAPS / OWN_MAPS, PIXEL_THREADS = PIXELS / OWN_PIXELS;
const uint MAP_ROW = MAPS / 4 + 1, PIXEL_ROW = PIXELS / 4 + 1, UNROLL = 4; // DEPTH is a multiple of it

shared vec4 map_tile[DEPTH * MAP_ROW], pixel_tile[DEPTH * PIXEL_ROW];
float sum[OWN_MAPS * OWN_PIXELS];

void put_maps(uint map, uint k, vec2 value) {
  uint next_map = MAPS_ALONG_DEPTH ? map : map + 1, next_k = MAPS_ALONG_DEPTH ? k + 1 : k;
  map_tile[k * MAP_ROW + map / 4][map % 4] = value.x;
  map_tile[next_k * MAP_ROW + next_map / 4][next_map % 4] = value.y;
}
void put_pixels(uint pixel, uint k, vec2 value) {
  uint next_pixel = PIXELS_ALONG_DEPTH ? pixel : pixel + 1, next_k = PIXELS_ALONG_DEPTH ? k + 1 : k;
  pixel_tile[k * PIXEL_ROW + pixel / 4][pixel % 4] = value.x;
  pixel_tile[next_k * PIXEL_ROW + next_pixel / 4][next_pixel % 4] = value.y;
}

void clear_sums() { [[unroll]] for (uint i = 0; i < OWN_MAPS * OWN_PIXELS; i++) sum[i] = 0; }

void multiply() {
  uint map = gl_LocalInvocationID.x % MAP_THREADS, pixel = gl_LocalInvocationID.x / MAP_THREADS;
  for (uint begin = 0; begin < DEPTH; begin += UNROLL) [[unroll]] for (uint n = 0; n < UNROLL; n++) {
      uint k = begin + n;
      vec4 a[OWN_MAPS / 4], b[OWN_PIXELS / 4];
      [[unroll]] for (uint i = 0; i < OWN_MAPS / 4; i++) a[i] = map_tile[k * MAP_ROW + map + i * MAP_THREADS];
      [[unroll]] for (uint j = 0; j < OWN_PIXELS / 4; j++) b[j] = pixel_tile[k * PIXEL_ROW + pixel + j * PIXEL_THREADS];
      [[unroll]] for (uint j = 0; j < OWN_PIXELS; j++) [[unroll]] for (uint i = 0; i < OWN_MAPS; i++)
          sum[j * OWN_MAPS + i] = fma(a[i / 4][i % 4], b[j / 4][j % 4], sum[j * OWN_MAPS + i]);
    }
}

void finish(uint maps, uint pixels) {
  uint map = gl_LocalInvocationID.x % MAP_THREADS * 4, pixel = gl_LocalInvocationID.x / MAP_THREADS * 4;
  Row rows[OWN_MAPS];
  [[unroll]] for (uint i = 0; i < OWN_MAPS; i++) rows[i] = row_of(min(map + i / 4 * MAP_THREADS * 4 + i % 4, maps - 1));
  [[unroll]] for (uint j = 0; j < OWN_PIXELS; j++) {
    uint q = pixel + j / 4 * PIXEL_THREADS * 4 + j % 4;
    if (q < pixels) {
      Place place = place_of(q);
      [[unroll]] for (uint i = 0; i < OWN_MAPS; i++) if (map + i / 4 * MAP_THREADS * 4 + i % 4 < maps)
          emit(rows[i], place, sum[j * OWN_MAPS + i]);
    }
  }
}
