#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
#include "maps.glsl"
// dx[i,j,c] += g[i/S, j/S, source[c]] at the pixels that stride S takes, g = dy where y > 0, else 0: the gradient of the
// shortcut of option A. Here the entry's own tensors are the block's input gradient dx and the residual's are the block's
// output: residual = y, dy = dy, both [images, residual_size+2, residual_size+2, residual_maps] (layers/shortcut.go).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint ROWS = 8;  // of an image, a workgroup
layout(constant_id = 2) const uint TURNS = 8; // pixels a turn of the loop: lavapipe pays 10 to 50 cycles a turn
layout(constant_id = 3) const uint STRIDE = 1;
layout(constant_id = 4) const uint MASKED = 0; // dy is 0 already where y is not positive
#include "norm.glsl"
layout(push_constant, scalar) uniform Push {
  NormHeads heads;
  uint groups, head_count, groups_per_image, size;
}
p;

// What the output's maps at `from` add; the second map has no source where a unit ends in padding.
vec2 behind(Activations dy, Activations y, uint from, ivec2 to) {
  vec2 g = load_activation_maps(dy, from);
  if (MASKED == 0) g = mix(vec2(0), g, greaterThan(load_activation_maps(y, from), vec2(0)));
#ifndef WIDE
  if (to.y < 0) g.y = 0;
#endif
  return g;
}

void main() {
  Part a = part_of(p.heads, p.head_count, p.groups, p.groups_per_image, p.size, ROWS, LANES);
  if (a.idle) return;
  Activations y = p.heads.head[a.head].residual, dy = p.heads.head[a.head].dy, dx = p.heads.head[a.head].dx;
  ivec2 to = ivec2(p.heads.head[a.head].source.v[a.c], p.heads.head[a.head].source.v[a.c + 1]);
  if (to.x < 0) return; // pairs of maps stay together, in the wide form chunks
  uint maps = p.heads.head[a.head].maps, out_maps = p.heads.head[a.head].residual_maps,
       out_size = p.heads.head[a.head].residual_size, row = p.size + 2, out_row = out_size + 2;
  uint step = a.many * STRIDE * maps, out_step = a.many * out_maps;
  uint i = (a.from + STRIDE - 1) / STRIDE;
  LOOP(i * STRIDE < a.to) {
    uint at = ((a.image * row + i * STRIDE + 1) * row + a.pixel * STRIDE + 1) * maps + a.c, j = a.pixel;
    uint out_at = ((a.image * out_row + i + 1) * out_row + a.pixel + 1) * out_maps + to.x;
    LOOP(j + (TURNS - 1) * a.many < out_size) {
      [[unroll]] for (uint t = 0; t < TURNS; t++) store_activation_maps(
          dx, at + t * step, load_activation_maps(dx, at + t * step) + behind(dy, y, out_at + t * out_step, to));
      at += TURNS * step;
      out_at += TURNS * out_step;
      j += TURNS * a.many;
    }
    AGAIN(j + (TURNS - 1) * a.many < out_size)
    LOOP(j < out_size) {
      store_activation_maps(dx, at, load_activation_maps(dx, at) + behind(dy, y, out_at, to));
      at += step;
      out_at += out_step;
      j += a.many;
    }
    AGAIN(j < out_size)
    i++;
  }
  AGAIN(i * STRIDE < a.to)
}
