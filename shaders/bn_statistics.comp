#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
#include "maps.glsl"
// partials[k] = (count, mean, M2) of x over a part of the pixels, each map by itself: sums of x - x0 and (x - x0)^2 with x0
// the part's first value, since plain sums of squares lose everything where the mean is large (layers/norm.go, Statistics).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint ROWS = 8;  // of an image, a workgroup
layout(constant_id = 2) const uint TURNS = 8; // pixels a turn of the loop: lavapipe pays 10 to 50 cycles a turn
#include "norm.glsl"
layout(push_constant, scalar) uniform Push {
  NormHeads heads;
  uint groups, head_count, groups_per_image, size;
}
p;

void main() {
  Part a = part_of(p.heads, p.head_count, p.groups, p.groups_per_image, p.size, ROWS, LANES);
  if (a.idle) return;
  Activations x = p.heads.head[a.head].x;
  Floats partials = p.heads.head[a.head].partials;
  uint maps = p.heads.head[a.head].maps;
  uint row = p.size + 2, step = a.many * maps;
  uint start = ((a.image * row + a.from + 1) * row + 1 + min(a.pixel, p.size - 1)) * maps + a.c;
  vec2 origin = load_activation_maps(x, start), sum = vec2(0), square = vec2(0);
  uint count = 0;
  uint i = a.from;
  LOOP(i < a.to) {
    uint at = ((a.image * row + i + 1) * row + 1 + a.pixel) * maps + a.c, j = a.pixel;
    LOOP(j + (TURNS - 1) * a.many < p.size) {
      [[unroll]] for (uint t = 0; t < TURNS; t++) {
        vec2 d = load_activation_maps(x, at + t * step) - origin;
        sum += d;
        square = fma(d, d, square);
      }
      at += TURNS * step;
      count += TURNS;
      j += TURNS * a.many;
    }
    AGAIN(j + (TURNS - 1) * a.many < p.size)
    LOOP(j < p.size) {
      vec2 d = load_activation_maps(x, at) - origin;
      sum += d;
      square = fma(d, d, square);
      at += step;
      count++;
      j += a.many;
    }
    AGAIN(j < p.size)
    i++;
  }
  AGAIN(i < a.to)
  vec2 mean = count > 0 ? sum / count : vec2(0);
  uint out_at = a.partial * 3 * maps + a.c;
  store_maps(partials, out_at, vec2(count));
  store_maps(partials, out_at + maps, origin + mean);
  store_maps(partials, out_at + 2 * maps, max(square - mean * sum, vec2(0)));
}
