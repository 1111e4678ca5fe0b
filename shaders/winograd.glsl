// Winograd's minimal filtering F(4x4, 3x3) for stride 1: an output tile of 4x4 pixels comes from a window of 6x6, all 36
// positions xi of which are independent products (Lavin and Gray, 2016). V and D are the transformed inputs and gradients
// [36][tiles][maps], U the transformed weights [36][ins][outs], M the products [36][tiles][outs]; planes of xi lie some floats
// further apart than they are long: powers of two are slow.
const uint WINDOW = 6, TILE = 4, POSITIONS = 36;

// One entry a head, written by the host (layers/winograd.go, winogradHead).
struct WinogradHead {
  Activations x; // [images, size+2, size+2, in_maps], zero halo
  Activations y; // [images, size+2, size+2, out_maps], zero halo
  Floats v;      // [36][rows][in_maps]
  Floats m;      // [36][rows][out_maps]
  Floats norm;
  Activations residual;
  Ints source; // the epilogue, as in conv_heads.glsl
  uint in_units, out_units, in_maps, out_maps;
  uint tiles, rows;      // of 4x4 pixels, all images; rows: rounded up, transforms write zeros past the last tile
  uint v_plane, m_plane; // floats from one xi to the next
  uint first;            // its first workgroup within a block's
  uint residual_size, residual_maps;
};
layout(buffer_reference, scalar, buffer_reference_align = 8) readonly buffer WinogradHeads { WinogradHead head[]; };

uint winograd_head(WinogradHeads heads, uint count, uint r) {
  uint h = 0;
  for (uint i = 1; i < count; i++)
    if (heads.head[i].first <= r) h = i;
  return h;
}

// Exact below 2^22: an integer division is eight scalar ones on lavapipe.
uint divide(uint a, uint b) { return uint((float(a) + 0.5) / float(b)); }

// Where a tile lies: image, and its first row and column.
struct TilePlace {
  uint image, y, x;
};
TilePlace tile_place(uint tile, uint size) {
  uint side = (size + TILE - 1) / TILE, row = divide(tile, side), image = divide(row, side);
  return TilePlace(image, (row - image * side) * TILE, (tile - row * side) * TILE);
}

// B^T d, A^T m, A g and G w along one axis.
void input_line(vec2 d[6], out vec2 r[6]) {
  vec2 a = d[4] - 4 * d[2], b = d[3] - 4 * d[1], e = d[4] - d[2], f = 2 * (d[3] - d[1]);
  r[0] = 4 * d[0] - 5 * d[2] + d[4];
  r[1] = a + b;
  r[2] = a - b;
  r[3] = e + f;
  r[4] = e - f;
  r[5] = 4 * d[1] - 5 * d[3] + d[5];
}
void output_line(vec2 m[6], out vec2 r[4]) {
  vec2 a = m[1] + m[2], b = m[1] - m[2], c = m[3] + m[4], d = m[3] - m[4];
  r[0] = m[0] + a + c;
  r[1] = b + 2 * d;
  r[2] = a + 4 * c;
  r[3] = b + 8 * d + m[5];
}
void gradient_line(vec2 g[4], out vec2 r[6]) {
  vec2 a = g[0] + g[2], b = g[1] + g[3], e = g[0] + 4 * g[2], f = 2 * g[1] + 8 * g[3];
  r[0] = g[0];
  r[1] = a + b;
  r[2] = a - b;
  r[3] = e + f;
  r[4] = e - f;
  r[5] = g[3];
}
void weight_line(vec2 a, vec2 b, vec2 c, out vec2 r[6]) {
  vec2 s = (a + c) / 6, t = b / 6, u = a / 24 + c / 6, v = b / 12;
  r[0] = a / 4;
  r[1] = -s - t;
  r[2] = t - s;
  r[3] = u + v;
  r[4] = u - v;
  r[5] = c;
}
void weight_gradient_line(vec2 r[6], out vec2 w[3]) {
  vec2 s = (r[1] + r[2]) / 6, t = (r[2] - r[1]) / 6, u = r[3] + r[4], v = r[3] - r[4];
  w[0] = r[0] / 4 - s + u / 24;
  w[1] = t + v / 12;
  w[2] = u / 6 - s + r[5];
}
