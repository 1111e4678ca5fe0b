// What the passes of gemm and matrix share: the shape of a workgroup's tile, and what a pass and a product of tiles know of
// each other. A pass says beforehand which way its operands lie: MAPS_ALONG_DEPTH, PIXELS_ALONG_DEPTH.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint THREADS = 256;
layout(constant_id = 1) const uint MAPS = 64;
layout(constant_id = 2) const uint PIXELS = 128;
layout(constant_id = 3) const uint DEPTH = 16; // a multiple of 8
layout(constant_id = 4) const uint STRIDE = 1; // 1 to 3
layout(constant_id = 5) const uint KERNEL = 3; // 1 or 3
const uint TAPS = KERNEL * KERNEL, PAD = (KERNEL - 1) / 2, EDGE = 1 - PAD;

// The pass has structs Row and Place, what it needs to know of a map and of a pixel of the tile to store a sum. They count from the
// tile's first.
Row row_of(uint map);
Place place_of(uint pixel);
void emit(Row row, Place place, float value);

// The product (gemm.glsl, matrix.glsl) multiplies the tiles of a step: put_... gives it two neighbours of an operand, of depth k
// and k + 1, or where the operand does not lie along the depth, of two maps or pixels. All see what was put after a barrier.
void put_maps(uint map, uint k, vec2 value);
void put_pixels(uint pixel, uint k, vec2 value);
void clear_sums();
void multiply();                     // adds to the sums
void finish(uint maps, uint pixels); // gives the pass the sums of that many maps and pixels
