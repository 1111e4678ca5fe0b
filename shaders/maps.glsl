// A lane has two maps of a chunk of 2 x LANES: neighbours, a 64-bit load or store of each lane. In the wide form those LANES apart,
// of two rows: then maps are whole chunks, and so are the runs of what stands for maps in other tensors (layers/wide.go).
//
// The functions take the index of the lane's first map, in the wide form of the chunk's, which is the same in all lanes: what is
// added to the chunk's index is LANE_MAP.
#ifdef WIDE
#include "rows.glsl"
const uint LANE_MAP = 0;
vec2 load_maps_of(Floats f, uint at, uint lanes) {
  return vec2(load_row(f, at, 0, lanes), load_row(f, at, lanes, lanes));
}
void store_maps_of(Floats f, uint at, vec2 value, uint lanes) {
  store_row(f, at, 0, value.x);
  store_row(f, at, lanes, value.y);
}
#define load_maps(f, at) load_maps_of(f, at, LANES)
#define store_maps(f, at, value) store_maps_of(f, at, value, LANES)
#define load_activation_maps load_maps
#define store_activation_maps store_maps
#else
#define LANE_MAP (2 * gl_LocalInvocationID.x)
vec2 load_maps(Floats f, uint at) { return load_pair(pairs(f), at / 2); }
vec2 load_activation_maps(Activations a, uint at) { return load_activation_pair(activation_pairs(a), at / 2); }
#define store_maps store_pair
#define store_activation_maps store_activation_pair
#endif

// A loop around loads of maps: LOOP(condition) { ... } AGAIN(condition). In the wide form it tests at its end (rows.glsl); in the
// other, where lanes may leave it one after another, at its beginning: SwiftShader has wrong sums behind a nested loop of the
// first kind.
#ifdef WIDE
#define LOOP(condition) \
  if (condition) do
#define AGAIN(condition) \
  while (condition)      \
    ;
#else
#define LOOP(condition) while (condition)
#define AGAIN(condition)
#endif
