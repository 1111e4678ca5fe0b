package layers

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/shaders"
)

// UnitPad is what every unit's maps are padded to a multiple of: the kernels load two maps at a time.
const UnitPad = 2

// Kernels are the shaders as a device runs them.
type Kernels struct {
	Device    *gpu.Device
	manifest  shaders.Manifest
	lanes     int  // workgroup size of every kernel: the subgroup size
	wide64    bool // load two floats as one 64-bit number
	wide      bool // load maps in rows (wide.go)
	cache     int  // bytes that a run of images takes (winograd_runs.go)
	precision Precision
	selection Selection
}

// NewKernels prepares the kernels for a device in a precision with the selection of the environment; pipelines are compiled
// when a list first needs them.
func NewKernels(d *gpu.Device, p Precision) (*Kernels, error) {
	s, err := EnvironmentSelection()
	if err != nil {
		return nil, err
	}
	s.Precision = p
	return NewKernelsOf(d, s)
}

// NewKernelsOf prepares the kernels with a selection: that of a run which goes on, or a measured one.
func NewKernelsOf(d *gpu.Device, s Selection) (*Kernels, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if err := checkPrecision(d, s.Precision); err != nil {
		return nil, err
	}
	manifest, err := shaders.ReadManifest()
	if err != nil {
		return nil, fmt.Errorf("shader manifest: %w", err)
	}
	k := &Kernels{
		precision: cmp.Or(s.Precision, FP32),
		selection: s,
		Device:    d,
		manifest:  manifest,
		lanes:     d.Info.Limits.SubgroupSize,
		wide64:    d.Info.Features.Int64,
		wide:      vectorLoads(d),
		cache:     winogradCache,
	}
	return k, k.checkForced()
}

// Selection is how convolutions get their variants.
func (k *Kernels) Selection() Selection { return k.selection }

// Precision is that of activations.
func (k *Kernels) Precision() Precision { return k.precision }

// Describe names the selection, how many passes its plan decides, the precision and the lanes.
func (k *Kernels) Describe() string {
	planned := ""
	if n := len(k.selection.Plan); n > 0 {
		planned = fmt.Sprintf(" planned=%d", n)
	}
	return fmt.Sprintf("%s%s %s lanes=%d", k.selection.Variant, planned, k.precision, k.lanes)
}

// Fingerprint is a hash of what decides, beside device and driver, how fast the kernels are and in which order they add up:
// the binaries of all shaders, lanes, width and kind of loads, precision. Measurements of other kernels say nothing of these.
func (k *Kernels) Fingerprint() string {
	h := sha256.New()
	fmt.Fprintf(h, "%v %d %t %t %s", k.manifest, k.lanes, k.wide64, k.wide, k.precision) // maps are printed in the order of their keys
	return hex.EncodeToString(h.Sum(nil))
}

// Builder records a list of operations. Operations report nothing by themselves; the first error comes out of Finish.
type Builder struct {
	kernels  *Kernels
	recorder *gpu.Recorder
	tables   []*gpu.Buffer
	err      error
}

// NewBuilder begins a list.
func (k *Kernels) NewBuilder() *Builder {
	return &Builder{kernels: k, recorder: k.Device.NewRecorder()}
}

// NewSketch begins a list that is never run: see gpu.NewSketch. Nothing is allocated or compiled.
func (k *Kernels) NewSketch() *Builder {
	return &Builder{kernels: k, recorder: gpu.NewSketch()}
}

// Sketched returns what a sketch's operations would be, and the device memory of the tables that they would read.
func (b *Builder) Sketched() (ops []gpu.Op, tableBytes uint64, err error) {
	for _, t := range b.tables {
		tableBytes += t.Room()
	}
	return b.recorder.Ops(), tableBytes, b.err
}

// Recorder is for copies between host and device.
func (b *Builder) Recorder() *gpu.Recorder { return b.recorder }

// Empty tells that nothing was recorded yet.
func (b *Builder) Empty() bool { return b.recorder.Len() == 0 }

// Program is a recorded list with the tables that its operations read.
type Program struct {
	*gpu.List
	tables []*gpu.Buffer
}

// Finish records the list under a name; profile adds timestamps.
func (b *Builder) Finish(name string, profile bool) (*Program, error) {
	err := b.err
	var list *gpu.List
	if err == nil {
		list, err = b.recorder.Build(name, profile)
	}
	if err != nil {
		freeAll(b.tables)
		return nil, err
	}
	return &Program{List: list, tables: b.tables}, nil
}

// TableBytes is the device memory of the list's tables.
func (p *Program) TableBytes() (n uint64) {
	for _, t := range p.tables {
		n += t.Room()
	}
	return n
}

// Close releases the list and its tables; nil is harmless.
func (p *Program) Close() {
	if p != nil {
		p.List.Close()
		freeAll(p.tables)
		p.tables = nil
	}
}

func freeAll(buffers []*gpu.Buffer) {
	for _, b := range buffers {
		b.Free()
	}
}

// tableMargin is memory behind a table that may be read and means nothing: Mesa 26.2.6 loads what all lanes share even after
// the last turn of a loop, and that is the entry behind the last.
const tableMargin = 256

// table writes entries (a slice of structures as a shader declares them) to device memory and returns its address.
func (b *Builder) table(name string, entries any) uint64 {
	if b.err != nil {
		return 0
	}
	if b.recorder.IsSketch() {
		b.tables = append(b.tables, gpu.Placeholder(name+" table", gpu.Staging, uint64(binary.Size(entries))+tableMargin))
		return 0
	}
	data, err := binary.Append(nil, binary.LittleEndian, entries)
	if err != nil {
		b.fail(fmt.Errorf("%s: table: %w", name, err))
		return 0
	}
	buffer, err := b.kernels.Device.NewBuffer(name+" table", gpu.Staging, uint64(len(data))+tableMargin)
	if err == nil {
		b.tables = append(b.tables, buffer)
		err = buffer.Write(0, data)
	}
	if err != nil {
		b.fail(err)
		return 0
	}
	return buffer.Address()
}

// dispatch appends an operation: shader with push constants (a structure as the shader declares it) and the specialization
// constants 1, 2, ...; constant 0 is the workgroup size in every shader, here one subgroup.
func (b *Builder) dispatch(shader string, op gpu.Op, push any, constants ...int) {
	b.dispatchAs(b.kernels.lanes, false, shader, op, push, constants...)
}

// dispatchWide is dispatch in the wide form of the shader where the counts of maps allow it (wide.go).
func (b *Builder) dispatchWide(maps []int, shader string, op gpu.Op, push any, constants ...int) {
	b.dispatchAs(b.kernels.lanes, b.kernels.wholeChunks(2*b.kernels.lanes, maps...), shader, op, push, constants...)
}

// dispatchBy is dispatch with workgroups of another size.
func (b *Builder) dispatchBy(threads int, shader string, op gpu.Op, push any, constants ...int) {
	b.dispatchAs(threads, false, shader, op, push, constants...)
}

func (b *Builder) dispatchAs(threads int, wide bool, shader string, op gpu.Op, push any, constants ...int) {
	if b.err != nil {
		return
	}
	op.Kind = shader
	if b.recorder.IsSketch() {
		b.recorder.Dispatch(op)
		return
	}
	pipeline, err := b.kernels.pipeline(shader, wide, threads, constants)
	if err == nil {
		op.Pipeline = pipeline
		op.Push, err = binary.Append(nil, binary.LittleEndian, push)
	}
	if err != nil {
		b.fail(fmt.Errorf("%s: %w", op.Name, err))
		return
	}
	b.recorder.Dispatch(op)
}

func (k *Kernels) pipeline(name string, wide bool, threads int, constants []int) (*gpu.Pipeline, error) {
	shader, err := k.manifest.Load(name, shaders.Form{Half: k.precision == FP16, Int64: k.wide64, Wide: wide})
	if err != nil {
		return nil, err
	}
	if takes := len(k.manifest[name].Constants) - 1; takes != len(constants) {
		return nil, fmt.Errorf("shader %s takes %d constants beside the workgroup size, got %d", name, takes, len(constants))
	}
	values := []gpu.Constant{{ID: 0, Value: uint32(threads)}}
	for i, c := range constants {
		values = append(values, gpu.Constant{ID: uint32(i + 1), Value: uint32(c)})
	}
	subgroup := 0
	if wide || k.manifest[name].SubgroupSized {
		subgroup = k.lanes
	}
	return k.Device.Pipeline(shader, subgroup, values...)
}

func (b *Builder) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// ceilDiv divides and rounds up.
func ceilDiv(a, b int) int { return (a + b - 1) / b }

// address is where a range begins on the device; an empty range has none. Shaders load references by 8 bytes of alignment, so
// a range that has less is a mistake of the program.
func address(r gpu.Range) uint64 {
	if r.Buffer == nil {
		return 0
	}
	if r.Offset%8 != 0 {
		panic(fmt.Sprintf("layers: a tensor begins at byte %d of its buffer, not at a multiple of 8", r.Offset))
	}
	return r.Buffer.Address() + r.Offset
}
