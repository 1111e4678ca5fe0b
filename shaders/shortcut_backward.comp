#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
// dx[i,j,c] += g[i/S, j/S, source[c]] at the pixels that stride S takes, g = dy where y > 0, else 0: the gradient of the
// shortcut of option A. Here the entry's own tensors are the block's input gradient dx and the residual's are the block's
// output: residual = y, dy = dy, both [images, residual_size+2, residual_size+2, residual_maps] (layers/shortcut.go).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint ROWS = 8;  // of an image, a workgroup
layout(constant_id = 2) const uint TURNS = 8; // pixels a turn of the loop: lavapipe pays 10 to 50 cycles a turn
layout(constant_id = 3) const uint STRIDE = 1;
#include "norm.glsl"
layout(push_constant, scalar) uniform Push {
  NormHeads heads;
  uint groups, head_count, groups_per_image, size;
}
p;

void main() {
  Part a = part_of(p.heads, p.head_count, p.groups, p.groups_per_image, p.size, ROWS, LANES);
  if (a.idle) return;
  Activations y = p.heads.head[a.head].residual, dy = p.heads.head[a.head].dy, dx = p.heads.head[a.head].dx;
  ivec2 to = ivec2(p.heads.head[a.head].source.v[a.c], p.heads.head[a.head].source.v[a.c + 1]);
  uint maps = p.heads.head[a.head].maps, out_maps = p.heads.head[a.head].residual_maps;
  uint row = p.size + 2, out_row = p.heads.head[a.head].residual_size + 2;
  for (uint i = a.from; i < a.to; i++) {
    if (i % STRIDE != 0) continue;
    for (uint j = a.pixel; j < p.size; j += a.many) {
      if (j % STRIDE != 0) continue;
      uint at = ((a.image * row + i + 1) * row + j + 1) * maps + a.c;
      uint out_at = ((a.image * out_row + i / STRIDE + 1) * out_row + j / STRIDE + 1) * out_maps;
      if (to.x >= 0 && load_activation(y, out_at + to.x) > 0)
        store_activation(dx, at, load_activation(dx, at) + load_activation(dy, out_at + to.x));
      if (to.y >= 0 && load_activation(y, out_at + to.y) > 0)
        store_activation(dx, at + 1, load_activation(dx, at + 1) + load_activation(dy, out_at + to.y));
    }
  }
}
