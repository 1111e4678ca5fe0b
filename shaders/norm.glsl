// The table of the passes around batch-norm: one entry a head, written by the host (layers/norm.go, normHead).
struct NormHead {
  Activations
      x; // the convolution's output [images, size+2, size+2, maps], zero halo; every tensor below that names no shape has this one
  Activations y;   // the activations
  Activations dy;  // gradient of the activations
  Activations dx;  // gradient of the convolution's output
  Floats norm;     // [NORM_ROWS, maps]
  Floats partials; // forward [partials, 3, maps]: count, mean, M2; backward [partials, 2, maps]: sums of g and g xhat
  Activations residual; // [images, residual_size+2, residual_size+2, residual_maps]
  Ints source;          // [maps]: the residual's map that is added to each map, -1 for none
  uint maps, images;
  uint first; // its first workgroup within an image's
  uint residual_size, residual_maps;
};
layout(buffer_reference, scalar, buffer_reference_align = 8) readonly buffer NormHeads { NormHead head[]; };

// Rows of norm: y = scale x + shift; xhat = (x - mean) inverse; forward's unbiased variance; backward's means of g and g xhat.
const uint SCALE = 0, SHIFT = 1, MEAN = 2, INVERSE = 3, VARIANCE = 4, MEAN_G = 5, MEAN_GX = 6, NORM_ROWS = 7;

// A workgroup is one subgroup and has ROWS rows of one image and a chunk of maps (maps.glsl). Where a head has fewer maps, lanes
// share two and take every many-th pixel. Workgroups: image, head, block of rows, pairs (fastest).
struct Part {
  uint head, image;
  uint c;           // the lane's first map, in the wide form the chunk's
  uint from, to;    // rows
  uint pixel, many; // the lane's first pixel of a row, and the step
  uint partial;     // index among the head's partials
  bool idle;
};

Part part_of(NormHeads heads, uint head_count, uint groups, uint groups_per_image, uint size, uint rows, uint lanes) {
  Part a;
  uint group = flat_workgroup(), lane = gl_LocalInvocationID.x, r = group % groups_per_image;
  a.image = group / groups_per_image;
  a.head = 0;
  for (uint i = 1; i < head_count; i++)
    if (heads.head[i].first <= r) a.head = i;
  r -= heads.head[a.head].first;
  uint pairs = heads.head[a.head].maps / 2, wide = min(lanes, pairs), tiles = (pairs + lanes - 1) / lanes;
#ifdef WIDE
  a.c = r % tiles * lanes * 2;
  a.many = 1;
  a.pixel = 0;
#else
  a.c = (r % tiles * lanes + lane % wide) * 2;
  a.many = lanes / wide;
  a.pixel = lane / wide;
#endif
  a.from = r / tiles * rows;
  a.to = min(a.from + rows, size);
  a.partial = (a.image * ((size + rows - 1) / rows) + r / tiles) * a.many + a.pixel;
  a.idle = group >= groups || a.image >= heads.head[a.head].images || a.c >= pairs * 2 || a.pixel >= a.many;
  return a;
}

#define norm_row(norm, maps, row, c) load_maps(norm, (row) * (maps) + (c))
