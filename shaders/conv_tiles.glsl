// Tiles of a weight gradient: up to OUTS output maps x LANES input maps of one block (u, v) of the physical layer.
// The host lists those blocks that train and that some head holds (layers/conv_weights.go, convTile).
struct ConvTile {
  uint o, outs; // physical output maps
  uint c, ins;  // physical input maps
  uint u, v;    // the block's units, from 0
};
layout(buffer_reference, scalar, buffer_reference_align = 4) readonly buffer ConvTiles { ConvTile tile[]; };
