#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
#include "maps.glsl"
// y = ReLU(scale x + shift), or with RESIDUAL y = ReLU(scale x + shift + residual[source]) at stride RESIDUAL_STRIDE: the
// end of a block, its shortcut of option A included (layers/norm.go, Apply).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint ROWS = 8;  // of an image, a workgroup
layout(constant_id = 2) const uint TURNS = 8; // pixels a turn of the loop: lavapipe pays 10 to 50 cycles a turn
layout(constant_id = 3) const uint RESIDUAL = 0;
layout(constant_id = 4) const uint RESIDUAL_STRIDE = 1;
#include "norm.glsl"
layout(push_constant, scalar) uniform Push {
  NormHeads heads;
  uint groups, head_count, groups_per_image, size;
}
p;

vec2 activate(vec2 x, vec2 scale, vec2 shift, Activations residual, uint residual_at, ivec2 from) {
  vec2 y = fma(scale, x, shift);
  if (RESIDUAL != 0) {
#ifdef WIDE
    if (from.x >= 0) y += load_activation_maps(residual, residual_at + from.x);
#else
    if (from.x >= 0) y.x += load_activation(residual, residual_at + from.x);
    if (from.y >= 0) y.y += load_activation(residual, residual_at + from.y);
#endif
  }
  return max(y, vec2(0));
}

void main() {
  Part a = part_of(p.heads, p.head_count, p.groups, p.groups_per_image, p.size, ROWS, LANES);
  if (a.idle) return;
  Activations x = p.heads.head[a.head].x, y = p.heads.head[a.head].y, residual = p.heads.head[a.head].residual;
  Floats norm = p.heads.head[a.head].norm;
  uint maps = p.heads.head[a.head].maps, residual_maps = p.heads.head[a.head].residual_maps;
  vec2 scale = norm_row(norm, maps, SCALE, a.c), shift = norm_row(norm, maps, SHIFT, a.c);
  ivec2 from = ivec2(-1);
  if (RESIDUAL != 0) from = ivec2(p.heads.head[a.head].source.v[a.c], p.heads.head[a.head].source.v[a.c + 1]);
  uint row = p.size + 2, step = a.many * maps, residual_row = p.heads.head[a.head].residual_size + 2,
       residual_step = a.many * RESIDUAL_STRIDE * residual_maps;
  uint i = a.from;
  LOOP(i < a.to) {
    uint at = ((a.image * row + i + 1) * row + 1 + a.pixel) * maps + a.c, j = a.pixel;
    uint residual_at =
        ((a.image * residual_row + i * RESIDUAL_STRIDE + 1) * residual_row + a.pixel * RESIDUAL_STRIDE + 1) *
        residual_maps;
    LOOP(j + (TURNS - 1) * a.many < p.size) {
      [[unroll]] for (uint t = 0; t < TURNS; t++) store_activation_maps(y, at + t * step,
          activate(
              load_activation_maps(x, at + t * step), scale, shift, residual, residual_at + t * residual_step, from));
      at += TURNS * step;
      residual_at += TURNS * residual_step;
      j += TURNS * a.many;
    }
    AGAIN(j + (TURNS - 1) * a.many < p.size)
    LOOP(j < p.size) {
      store_activation_maps(y, at, activate(load_activation_maps(x, at), scale, shift, residual, residual_at, from));
      at += step;
      residual_at += residual_step;
      j += a.many;
    }
    AGAIN(j < p.size)
    i++;
  }
  AGAIN(i < a.to)
}
