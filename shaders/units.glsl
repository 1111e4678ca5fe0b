// Units of a physical layer: unit u holds the maps bound(u) to bound(u + 1) - 1. Bounds are push constants, 16 bits each.
// A set of units is a mask; a head's own maps are those of its units, ascending, side by side.
uint unpack_bound(uint word, uint u) { return word >> (u % 2 * 16) & 0xffff; }
uint in_bound(uint u) { return unpack_bound(p.in_bounds[u / 2], u); }
uint out_bound(uint u) { return unpack_bound(p.out_bounds[u / 2], u); }

// The physical map behind the head's own map o; the first map of the layer where the head has fewer.
uint physical_out(uint units, uint o) {
  uint begin = 0, map = 0;
  for (uint rest = units; rest != 0; rest &= rest - 1) {
    uint u = findLSB(rest), first = out_bound(u), width = out_bound(u + 1) - first;
    if (o >= begin && o < begin + width) map = first + o - begin;
    begin += width;
  }
  return map;
}

uint physical_in(uint units, uint c) {
  uint begin = 0, map = 0;
  for (uint rest = units; rest != 0; rest &= rest - 1) {
    uint u = findLSB(rest), first = in_bound(u), width = in_bound(u + 1) - first;
    if (c >= begin && c < begin + width) map = first + c - begin;
    begin += width;
  }
  return map;
}
