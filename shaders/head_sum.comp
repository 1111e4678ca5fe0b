#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
// y[n,i,j,c] = sum over heads, in order, of x_h[n,i,j,c]: the gradient of a stem's output, which several heads read. A lane
// takes floats of a row, halo left alone (layers/pool.go, HeadSum).
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
struct Source {
  Activations x;
};
layout(buffer_reference, scalar, buffer_reference_align = 8) readonly buffer Sources { Source head[]; };
layout(push_constant, scalar) uniform Push {
  Sources heads; // all of one shape [images, size+2, size+2, maps]
  Activations y;
  uint groups, head_count, size, maps; // a workgroup a row
}
p;

void main() {
  uint group = flat_workgroup();
  if (group >= p.groups) return;
  uint row = p.size + 2, start = (((group / p.size) * row + group % p.size + 1) * row + 1) * p.maps;
  for (uint i = gl_LocalInvocationID.x; i < p.size * p.maps; i += LANES) {
    float sum = 0;
    for (uint h = 0; h < p.head_count; h++) {
      Activations x = p.heads.head[h].x;
      sum += load_activation(x, start + i);
    }
    store_activation(p.y, start + i, sum);
  }
}
