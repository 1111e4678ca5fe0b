// axpy: y[i] = scale * a * x[i] + y[i] for i < n. Called by the tests of package gpu only.
//
// Push constants: the addresses of x [n] and y [n], then a and n: 24 bytes.
// Mapping: one invocation an element; workgroups are numbered flat over x and y.
// Specialization constants: 0 the workgroup size, 1 scale.
//
// Built by: glslangValidator -V --target-env vulkan1.3 -o axpy.spv axpy.comp
#version 460
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_scalar_block_layout : require

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const int scale = 1;

layout(buffer_reference, scalar, buffer_reference_align = 4) buffer Floats { float at[]; };
layout(push_constant, scalar) uniform Push {
  Floats x, y;
  float a;
  uint n;
};

void main() {
  uint group = gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x;
  uint i = group * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
  if (i < n) y.at[i] = float(scale) * a * x.at[i] + y.at[i];
}
