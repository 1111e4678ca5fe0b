// Tensors that train: segments of the buffers of weights, gradients and momentum, which have one layout. A convolution's
// segment says by a mask which blocks (u, v) train; the others keep every bit, momentum included. Workgroups: a row of a
// segment each (layers/sgd.go).
struct Segment {
  uint at;          // index of the first float
  uint rows, width; // of a row, in floats; a convolution has a row an output map, [KERNEL, KERNEL, ins]
  uint ins;         // input maps of a convolution; 0: every float trains
  uint decays;      // 0 or 1
  uint first;       // its first workgroup
  uint in_bounds[9], out_bounds[9];
  uint trains[16]; // [output unit]: mask of the input units whose block trains
};
layout(buffer_reference, scalar, buffer_reference_align = 4) readonly buffer Segments { Segment segment[]; };

// A workgroup's row.
struct Row {
  uint segment, at, width;
  uint ins, trains; // mask of the input units whose block trains
  bool idle;        // nothing trains
};

uint bound(uint word, uint u) { return word >> (u % 2 * 16) & 0xffff; }

Row row_of(Segments segments, uint count, uint group) {
  Row r;
  uint high = count;
  r.segment = 0;
  while (high - r.segment > 1) {
    uint middle = (r.segment + high) / 2;
    if (segments.segment[middle].first <= group)
      r.segment = middle;
    else
      high = middle;
  }
  uint row = group - segments.segment[r.segment].first;
  r.width = segments.segment[r.segment].width;
  r.ins = segments.segment[r.segment].ins;
  r.at = segments.segment[r.segment].at + row * r.width;
  r.trains = 0;
  r.idle = false;
  if (r.ins != 0) {
    uint u = 0;
    for (uint k = 1; k < 16; k++)
      if (bound(segments.segment[r.segment].out_bounds[k / 2], k) <= row) u = k;
    // units without maps share their bound with the next: the last one that begins at or before the row owns it
    r.trains = segments.segment[r.segment].trains[u];
    r.idle = r.trains == 0;
  }
  return r;
}

// Whether float i of a row trains.
bool trains(Segments segments, Row r, uint i) {
  if (r.ins == 0) return true;
  uint c = i % r.ins, v = 0;
  for (uint k = 1; k < 16; k++)
    if (bound(segments.segment[r.segment].in_bounds[k / 2], k) <= c) v = k;
  return (r.trains >> v & 1) != 0;
}
