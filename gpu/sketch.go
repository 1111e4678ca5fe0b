package gpu

// Placeholder is a buffer without memory, for sketches: it has a size and is told from other buffers, and that is all.
func Placeholder(name string, purpose Purpose, size uint64) *Buffer {
	return &Buffer{name: name, purpose: purpose, size: size}
}

// PlaceholderExchange is an exchange without memory; host and device share what there is not.
func PlaceholderExchange(name string, size uint64) *Exchange {
	b := Placeholder(name, Staging, size)
	return &Exchange{device: b, host: b}
}

// NewSketch begins a list that is never built, to see what one like it will read and write before there is memory: its
// operations need no pipelines, and their buffers may be placeholders.
func NewSketch() *Recorder { return &Recorder{sketch: true, copies: map[int][2]Range{}} }

// IsSketch tells a sketch.
func (r *Recorder) IsSketch() bool { return r.sketch }

// Ops are the operations so far, in program order.
func (r *Recorder) Ops() []Op { return r.ops }
