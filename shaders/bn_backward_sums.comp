#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
#include "maps.glsl"
// partials[k] = sums of g and of g xhat over a part of the pixels, with g = dy where y > 0 (the ReLU's gradient), else 0
// (layers/norm.go, BackwardSums).
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
  Activations x = p.heads.head[a.head].x, y = p.heads.head[a.head].y, dy = p.heads.head[a.head].dy;
  Floats norm = p.heads.head[a.head].norm, partials = p.heads.head[a.head].partials;
  uint maps = p.heads.head[a.head].maps;
  vec2 mean = norm_row(norm, maps, MEAN, a.c), inverse = norm_row(norm, maps, INVERSE, a.c), sum = vec2(0),
       sum_x = vec2(0);
  uint row = p.size + 2, step = a.many * maps;
  uint i = a.from;
  LOOP(i < a.to) {
    uint at = ((a.image * row + i + 1) * row + 1 + a.pixel) * maps + a.c, j = a.pixel;
    LOOP(j + (TURNS - 1) * a.many < p.size) {
      [[unroll]] for (uint t = 0; t < TURNS; t++) {
        vec2 g = mix(vec2(0), load_activation_maps(dy, at + t * step),
            greaterThan(load_activation_maps(y, at + t * step), vec2(0)));
        sum += g;
        sum_x = fma(g, (load_activation_maps(x, at + t * step) - mean) * inverse, sum_x);
      }
      at += TURNS * step;
      j += TURNS * a.many;
    }
    AGAIN(j + (TURNS - 1) * a.many < p.size)
    LOOP(j < p.size) {
      vec2 g = mix(vec2(0), load_activation_maps(dy, at), greaterThan(load_activation_maps(y, at), vec2(0)));
      sum += g;
      sum_x = fma(g, (load_activation_maps(x, at) - mean) * inverse, sum_x);
      at += step;
      j += a.many;
    }
    AGAIN(j < p.size)
    i++;
  }
  AGAIN(i < a.to)
  uint out_at = a.partial * 2 * maps + a.c;
  store_maps(partials, out_at, sum);
  store_maps(partials, out_at + maps, sum_x);
}
