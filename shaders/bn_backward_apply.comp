#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
#include "maps.glsl"
// dx = scale (g - mean(g) - xhat mean(g xhat)) with g = dy where y > 0, else 0 (layers/norm.go, BackwardApply). Where
// batch-norm used running statistics the two means are 0. dx may be dy.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint ROWS = 8;   // of an image, a workgroup
layout(constant_id = 2) const uint TURNS = 8;  // pixels a turn of the loop: lavapipe pays 10 to 50 cycles a turn
layout(constant_id = 3) const uint MASKED = 0; // dy is 0 already where y is not positive
#include "norm.glsl"
layout(push_constant, scalar) uniform Push {
  NormHeads heads;
  uint groups, head_count, groups_per_image, size;
}
p;

vec2 masked(Activations dy, Activations y, uint at) {
  vec2 g = load_activation_maps(dy, at);
  if (MASKED == 0) g = mix(vec2(0), g, greaterThan(load_activation_maps(y, at), vec2(0)));
  return g;
}

void main() {
  Part a = part_of(p.heads, p.head_count, p.groups, p.groups_per_image, p.size, ROWS, LANES);
  if (a.idle) return;
  Activations x = p.heads.head[a.head].x, y = p.heads.head[a.head].y, dy = p.heads.head[a.head].dy;
  Floats norm = p.heads.head[a.head].norm;
  Activations dx = p.heads.head[a.head].dx;
  uint maps = p.heads.head[a.head].maps;
  vec2 mean = norm_row(norm, maps, MEAN, a.c), inverse = norm_row(norm, maps, INVERSE, a.c),
       scale = norm_row(norm, maps, SCALE, a.c);
  vec2 mean_g = norm_row(norm, maps, MEAN_G, a.c), mean_gx = norm_row(norm, maps, MEAN_GX, a.c);
  uint row = p.size + 2, step = a.many * maps;
  uint i = a.from;
  LOOP(i < a.to) {
    uint at = ((a.image * row + i + 1) * row + 1 + a.pixel) * maps + a.c, j = a.pixel;
    LOOP(j + (TURNS - 1) * a.many < p.size) {
      [[unroll]] for (uint t = 0; t < TURNS; t++) {
        vec2 g = masked(dy, y, at + t * step);
        store_activation_maps(dx, at + t * step,
            scale * (g - mean_g - (load_activation_maps(x, at + t * step) - mean) * inverse * mean_gx));
      }
      at += TURNS * step;
      j += TURNS * a.many;
    }
    AGAIN(j + (TURNS - 1) * a.many < p.size)
    LOOP(j < p.size) {
      vec2 g = masked(dy, y, at);
      store_activation_maps(dx, at, scale * (g - mean_g - (load_activation_maps(x, at) - mean) * inverse * mean_gx));
      at += step;
      j += a.many;
    }
    AGAIN(j < p.size)
    i++;
  }
  AGAIN(i < a.to)
}
