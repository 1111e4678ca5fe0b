package gpu

import (
	"fmt"
	"slices"
)

// Op is one dispatch: what runs, on how many workgroups, and which memory it reads and writes.
type Op struct {
	Name       string // for profiles and messages, for example "group1.block1.conv1 forward"
	Kind       string // the operation without its place, for example "conv forward"; profiles add up by it
	Pipeline   *Pipeline
	Push       []byte // push constants, as many as the shader takes
	Workgroups int    // shaders take a flat index: see Groups
	Reads      []Range
	Writes     []Range
	FLOPs      float64 // of the algorithm, for profiles and to cut long lists
	Bytes      float64 // moved at least, for profiles
}

// Recorder collects the operations of a list in program order.
type Recorder struct {
	device *Device
	ops    []Op
	copies map[int][2]Range // by index in ops: from, to
	sketch bool             // see NewSketch
	err    error
}

// NewRecorder begins a list.
func (d *Device) NewRecorder() *Recorder {
	return &Recorder{device: d, copies: map[int][2]Range{}}
}

// Len is the number of operations so far.
func (r *Recorder) Len() int { return len(r.ops) }

// Dispatch appends an operation. What is wrong with it is reported by Build.
func (r *Recorder) Dispatch(op Op) {
	if r.sketch {
		r.ops = append(r.ops, op)
		return
	}
	fail := func(why string, arguments ...any) {
		r.fail(&Error{Op: "record", Object: op.Name, Err: fmt.Errorf(why, arguments...)})
	}
	switch {
	case op.Pipeline == nil:
		fail("no pipeline")
	case len(op.Push) != op.Pipeline.shader.PushBytes:
		fail("%d bytes of push constants, %s takes %d", len(op.Push), op.Pipeline.shader.Name, op.Pipeline.shader.PushBytes)
	case op.Workgroups < 1 || op.Workgroups > maxWorkgroups:
		fail("%d workgroups, 1 to %d can be dispatched", op.Workgroups, maxWorkgroups)
	case len(op.Writes) == 0:
		fail("it writes nothing")
	}
	for _, ranges := range [][]Range{op.Reads, op.Writes} {
		for _, part := range ranges {
			if err := part.check("record " + op.Name + " on"); err != nil {
				r.fail(err)
			}
		}
	}
	r.ops = append(r.ops, op)
}

// Upload copies a part of an exchange to the device's side: nothing where memory is shared.
func (r *Recorder) Upload(e *Exchange, offset, size uint64) {
	r.copy("upload "+e.device.name, e.host, e.device, offset, size)
}

// Download copies a part of an exchange to the host's side: nothing where memory is shared.
func (r *Recorder) Download(e *Exchange, offset, size uint64) {
	r.copy("download "+e.device.name, e.device, e.host, offset, size)
}

func (r *Recorder) copy(name string, from, to *Buffer, offset, size uint64) {
	if from == to {
		return
	}
	source, target := from.Part(offset, size), to.Part(offset, size)
	for _, part := range []Range{source, target} {
		if err := part.check(name); err != nil {
			r.fail(err)
		}
	}
	r.copies[len(r.ops)] = [2]Range{source, target}
	r.ops = append(r.ops, Op{Name: name, Kind: "copy", Reads: []Range{source}, Writes: []Range{target}, Bytes: float64(size)})
}

func (r *Recorder) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// What every device allows on an axis, and so in two.
const (
	workgroupsPerAxis = 65535
	maxWorkgroups     = workgroupsPerAxis * workgroupsPerAxis
)

// Groups splits a flat number of workgroups, at least 1, over x and y, since devices allow 65535 on an axis. Shaders
// compute y * gl_NumWorkGroups.x + x and leave where that is not below the number, which they get as a push constant.
func Groups(n int) (x, y uint32) {
	rows := (n + workgroupsPerAxis - 1) / workgroupsPerAxis
	return uint32((n + rows - 1) / rows), uint32(rows)
}

func (r Range) overlaps(other Range) bool {
	if r.Buffer.block != other.Buffer.block {
		return false
	}
	start, end := r.Buffer.offset+r.Offset, r.Buffer.offset+r.Offset+r.Size
	otherStart := other.Buffer.offset + other.Offset
	return start < otherStart+other.Size && otherStart < end
}

func anyOverlap(a, b []Range) bool {
	return slices.ContainsFunc(a, func(x Range) bool { return slices.ContainsFunc(b, x.overlaps) })
}

// depends tells whether later must see or must not disturb what earlier does: read after write, write after read, write
// after write.
func (op *Op) depends(earlier *Op) bool {
	return anyOverlap(earlier.Writes, op.Reads) || anyOverlap(earlier.Writes, op.Writes) || anyOverlap(earlier.Reads, op.Writes)
}

// order is the order of submission: program order, or with a shuffle any order that the dependencies allow.
func (r *Recorder) order(shuffle func(n int) int) []int {
	order := make([]int, len(r.ops))
	for i := range order {
		order[i] = i
	}
	if shuffle == nil {
		return order
	}
	waiting := make([]int, len(r.ops)) // how many earlier operations each still waits for
	after := make([][]int, len(r.ops))
	for i := range r.ops {
		for j := range i {
			if r.ops[i].depends(&r.ops[j]) {
				waiting[i]++
				after[j] = append(after[j], i)
			}
		}
	}
	var ready []int
	for i, n := range waiting {
		if n == 0 {
			ready = append(ready, i)
		}
	}
	for k := range order {
		pick := shuffle(len(ready))
		order[k] = ready[pick]
		ready = slices.Delete(ready, pick, pick+1)
		for _, i := range after[order[k]] {
			if waiting[i]--; waiting[i] == 0 {
				ready = append(ready, i)
			}
		}
	}
	return order
}
