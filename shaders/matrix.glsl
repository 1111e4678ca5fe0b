// A product of matrices by tiles on matrix units (GL_KHR_cooperative_matrix): gemm.glsl with operands of 16-bit floats, summed
// in 32-bit floats always. Pixels are the rows of a unit's product, maps its columns. The workgroup is made of whole subgroups
// of LANES, each of which owns SUB_MAPS x SUB_PIXELS sums as matrices of M x N. Operands are rounded on their way to shared
// memory and lie there as they came, along the depth or across it: how a matrix is loaded from there is known at compile time,
// and nothing is transposed. Rows are 8 halves longer than they need be, a multiple of the 16 bytes that loads ask for.
// A finished matrix goes through the subgroup's part of result, so that its lanes can tell which pixel and map a sum is.
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
layout(constant_id = 6) const uint LANES = 8; // subgroup size: MAPS / SUB_MAPS * PIXELS / SUB_PIXELS * LANES = THREADS
layout(constant_id = 7) const uint M = 8;     // what the device offers (gpu.Limits.MatrixShapes)
layout(constant_id = 8) const uint N = 8;
layout(constant_id = 9) const uint K = 8;            // divides DEPTH
layout(constant_id = 10) const uint SUB_MAPS = 32;   // a multiple of N
layout(constant_id = 11) const uint SUB_PIXELS = 32; // a multiple of M

const uint MAP_ROW = (MAPS_ALONG_DEPTH ? DEPTH : MAPS) / 2 + 4, MAP_ROWS = MAPS_ALONG_DEPTH ? MAPS : DEPTH;
const uint PIXEL_ROW = (PIXELS_ALONG_DEPTH ? DEPTH : PIXELS) / 2 + 4, PIXEL_ROWS = PIXELS_ALONG_DEPTH ? PIXELS : DEPTH;
const uint ACROSS = SUB_MAPS / N, DOWN = SUB_PIXELS / M;

shared f16vec2 map_tile[MAP_ROWS * MAP_ROW], pixel_tile[PIXEL_ROWS * PIXEL_ROW];
shared float result[THREADS / LANES * M * N];
coopmat<float, gl_ScopeSubgroup, M, N, gl_MatrixUseAccumulator> sum[DOWN * ACROSS];

void put_maps(uint map, uint k, vec2 value) {
  map_tile[MAPS_ALONG_DEPTH ? map * MAP_ROW + k / 2 : k * MAP_ROW + map / 2] = f16vec2(value);
}
void put_pixels(uint pixel, uint k, vec2 value) {
  pixel_tile[PIXELS_ALONG_DEPTH ? pixel * PIXEL_ROW + k / 2 : k * PIXEL_ROW + pixel / 2] = f16vec2(value);
}

void clear_sums() {
  [[unroll]] for (uint i = 0; i < DOWN * ACROSS; i++) sum[i] =
      coopmat<float, gl_ScopeSubgroup, M, N, gl_MatrixUseAccumulator>(0);
}

// The first map and pixel of this subgroup.
uvec2 subgroup_begin() {
  uint across = MAPS / SUB_MAPS;
  return uvec2(gl_SubgroupID % across * SUB_MAPS, gl_SubgroupID / across * SUB_PIXELS);
}

void multiply() {
  uvec2 begin = subgroup_begin();
  for (uint k = 0; k < DEPTH; k += K) {
    coopmat<float16_t, gl_ScopeSubgroup, M, K, gl_MatrixUseA> a[DOWN];
    coopmat<float16_t, gl_ScopeSubgroup, K, N, gl_MatrixUseB> b[ACROSS];
    [[unroll]] for (uint i = 0; i < DOWN; i++) {
      uint pixel = begin.y + i * M, at = PIXELS_ALONG_DEPTH ? pixel * PIXEL_ROW + k / 2 : k * PIXEL_ROW + pixel / 2;
      coopMatLoad(a[i], pixel_tile, at, PIXEL_ROW,
          PIXELS_ALONG_DEPTH ? gl_CooperativeMatrixLayoutRowMajor : gl_CooperativeMatrixLayoutColumnMajor);
    }
    [[unroll]] for (uint j = 0; j < ACROSS; j++) {
      uint map = begin.x + j * N, at = MAPS_ALONG_DEPTH ? map * MAP_ROW + k / 2 : k * MAP_ROW + map / 2;
      coopMatLoad(b[j], map_tile, at, MAP_ROW,
          MAPS_ALONG_DEPTH ? gl_CooperativeMatrixLayoutColumnMajor : gl_CooperativeMatrixLayoutRowMajor);
    }
    [[unroll]] for (uint i = 0; i < DOWN; i++) [[unroll]] for (uint j = 0; j < ACROSS; j++) sum[i * ACROSS + j] =
        coopMatMulAdd(a[i], b[j], sum[i * ACROSS + j]);
  }
}

void finish(uint maps, uint pixels) {
  uvec2 begin = subgroup_begin();
  uint own = gl_SubgroupID * M * N;
  [[unroll]] for (uint i = 0; i < DOWN; i++) [[unroll]] for (uint j = 0; j < ACROSS; j++) {
    coopMatStore(sum[i * ACROSS + j], result, own, N, gl_CooperativeMatrixLayoutRowMajor);
    subgroupBarrier();
    for (uint e = gl_SubgroupInvocationID; e < M * N; e += LANES) {
      uint map = begin.x + j * N + e % N, pixel = begin.y + i * M + e / N;
      if (map < maps && pixel < pixels) emit(row_of(map), place_of(pixel), result[own + e]);
    }
    subgroupBarrier();
  }
}
