package gpu

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unsafe"

	vk "github.com/vulkan-go/vulkan"

	"github.com/dvn-vk/dvn-vk/gpu/vkx"
)

// Purpose says what an allocation is for; the accounts are kept by it.
type Purpose string

// The purposes that a network's memory has.
const (
	Weights     Purpose = "weights"
	Activations Purpose = "activations"
	Gradients   Purpose = "gradients"
	Optimiser   Purpose = "optimiser"
	Staging     Purpose = "staging" // inputs, results and tables: what host and device exchange
)

const (
	blockSize = 64 << 20 // of device memory that buffers are cut from; larger buffers get a block of their own
	alignment = 256      // of every buffer: no device asks for more
	redZone   = 256      // bytes of NaN on either side of every buffer where DVNVK_RED_ZONES is set
)

// memory cuts buffers from large blocks: devices allow few allocations, and each is slow.
type memory struct {
	device   *Device
	types    []vkx.MemoryType
	blocks   []*block
	accounts map[Purpose]uint64
	live     map[*Buffer]struct{}
	redZones bool
}

// block is one VkDeviceMemory under one VkBuffer; both kinds have an address, host blocks are mapped as well.
type block struct {
	host    bool // memory of the host's side; false: of the device's
	memory  vk.DeviceMemory
	buffer  vk.Buffer
	address uint64
	size    uint64
	mapped  unsafe.Pointer // nil where the host cannot reach it
	free    []span         // ascending, never adjacent
}

type span struct{ offset, size uint64 }

func (m *memory) init(d *Device) {
	m.device = d
	m.types, _ = d.instance.vkx.Memory(d.Info.physical, false)
	m.accounts = map[Purpose]uint64{}
	m.live = map[*Buffer]struct{}{}
	m.redZones = switchedOn("RED_ZONES")
}

// Usage tells the bytes that are allocated for each purpose.
func (d *Device) Usage() map[Purpose]uint64 {
	usage := make(map[Purpose]uint64, len(d.memory.accounts))
	for purpose, bytes := range d.memory.accounts {
		if bytes > 0 {
			usage[purpose] = bytes
		}
	}
	return usage
}

// Available is what the device can still give: the driver's budget where it tells one, else the size of its heap, less
// what this program holds.
func (d *Device) Available() uint64 {
	_, heaps := d.instance.vkx.Memory(d.Info.physical, d.Info.Features.MemoryBudget)
	heap := heaps[d.memory.types[d.memory.typeFor(false, ^uint32(0))].Heap]
	limit, used := heap.Size, d.memory.blockBytes(false)
	if heap.Budget > 0 {
		limit, used = heap.Budget, heap.Usage
	}
	inBlocks := d.memory.freeBytes(false)
	return limit - min(limit, used) + inBlocks
}

func (m *memory) blockBytes(host bool) (n uint64) {
	for _, b := range m.blocks {
		if b.host == host {
			n += b.size
		}
	}
	return n
}

func (m *memory) freeBytes(host bool) (n uint64) {
	for _, b := range m.blocks {
		for _, s := range b.free {
			if b.host == host {
				n += s.size
			}
		}
	}
	return n
}

// typeFor chooses a memory type among those of the mask: -1 where none fits.
func (m *memory) typeFor(host bool, mask uint32) int {
	wanted := []vk.MemoryPropertyFlagBits{vk.MemoryPropertyDeviceLocalBit}
	const coherent = vk.MemoryPropertyHostVisibleBit | vk.MemoryPropertyHostCoherentBit
	switch {
	case host:
		wanted = []vk.MemoryPropertyFlagBits{coherent | vk.MemoryPropertyHostCachedBit, coherent}
	case m.device.Info.Features.Unified:
		wanted = []vk.MemoryPropertyFlagBits{unifiedFlags | vk.MemoryPropertyHostCachedBit, unifiedFlags}
	}
	for _, flags := range wanted {
		for t, kind := range m.types {
			if mask>>t&1 != 0 && kind.Flags&flags == flags {
				return t
			}
		}
	}
	return -1
}

// allocate finds room for size bytes, red zones included, and returns its block and offset.
func (m *memory) allocate(size uint64, host bool, name string) (*block, uint64, error) {
	size = roundUp(size, alignment)
	for _, b := range m.blocks {
		if b.host != host {
			continue
		}
		if offset, ok := b.take(size); ok {
			return b, offset, nil
		}
	}
	b, err := m.newBlock(max(size, min(blockSize, m.device.Info.Limits.MaxAllocation)), host)
	if errors.Is(err, ErrOutOfMemory) && size < blockSize {
		b, err = m.newBlock(size, host)
	}
	if err != nil {
		return nil, 0, &Error{Op: "allocate " + Bytes(size) + " for", Object: name, Err: m.explain(err)}
	}
	m.blocks = append(m.blocks, b)
	offset, _ := b.take(size)
	return b, offset, nil
}

// explain adds to an out of memory what is in use and what would fit.
func (m *memory) explain(err error) error {
	if !errors.Is(err, ErrOutOfMemory) {
		return err
	}
	var parts []string
	for purpose, bytes := range m.accounts {
		parts = append(parts, fmt.Sprintf("%s %s", purpose, Bytes(bytes)))
	}
	slices.Sort(parts)
	return fmt.Errorf("%w; heap of %s has %s, in use: %s; about %s would fit", err,
		m.device.Info.Name, Bytes(m.device.Info.Limits.Memory), strings.Join(parts, ", "), Bytes(m.device.Available()))
}

func (m *memory) newBlock(size uint64, host bool) (*block, error) {
	d := m.device
	if size > d.Info.Limits.MaxAllocation || size > d.Info.Limits.MaxBuffer {
		return nil, fmt.Errorf("%w: the driver allows %s in one allocation", ErrOutOfMemory, Bytes(min(d.Info.Limits.MaxAllocation, d.Info.Limits.MaxBuffer)))
	}
	if !host && size > d.Available() {
		return nil, ErrOutOfMemory
	}
	b := &block{host: host, size: size, free: []span{{0, size}}}
	const usage = vk.BufferUsageStorageBufferBit | vk.BufferUsageTransferSrcBit | vk.BufferUsageTransferDstBit | bufferUsageDeviceAddress
	info := vk.BufferCreateInfo{SType: vk.StructureTypeBufferCreateInfo, Size: vk.DeviceSize(size), Usage: vk.BufferUsageFlags(usage)}
	var buffer vk.Buffer
	result := vk.CreateBuffer(d.handle, &info, nil, &buffer)
	info.Free()
	b.buffer = buffer
	if err := d.check("create buffer", "", result); err != nil {
		return nil, err
	}
	if err := m.bind(b); err != nil {
		b.destroy(d)
		return nil, err
	}
	return b, nil
}

// bufferUsageDeviceAddress is Vulkan 1.2's, newer than the binding.
const bufferUsageDeviceAddress = 0x20000

func (m *memory) bind(b *block) error {
	d := m.device
	var needs vk.MemoryRequirements
	vk.GetBufferMemoryRequirements(d.handle, b.buffer, &needs)
	needs.Deref()
	kind := m.typeFor(b.host, needs.MemoryTypeBits)
	if kind < 0 {
		return errors.New("the device has no suitable memory type")
	}
	memory, result := d.vkx.Allocate(uint64(needs.Size), kind)
	if err := d.check("allocate device memory", "", result); err != nil {
		return err
	}
	b.memory = vkx.As[vk.DeviceMemory](memory)
	if err := d.check("bind memory", "", vk.BindBufferMemory(d.handle, b.buffer, b.memory, 0)); err != nil {
		return err
	}
	if b.host || d.Info.Features.Unified {
		var mapped unsafe.Pointer
		if err := d.check("map memory", "", vk.MapMemory(d.handle, b.memory, 0, vk.DeviceSize(vk.WholeSize), 0, &mapped)); err != nil {
			return err
		}
		b.mapped = mapped
	}
	b.address = d.vkx.Address(vkx.From(b.buffer))
	return nil
}

func (b *block) destroy(d *Device) {
	if b.buffer != nil {
		vk.DestroyBuffer(d.handle, b.buffer, nil)
	}
	if b.memory != nil {
		vk.FreeMemory(d.handle, b.memory, nil)
	}
}

// take cuts size bytes from the first free span that has them.
func (b *block) take(size uint64) (offset uint64, ok bool) {
	for i, s := range b.free {
		if s.size < size {
			continue
		}
		if s.size == size {
			b.free = slices.Delete(b.free, i, i+1)
		} else {
			b.free[i] = span{s.offset + size, s.size - size}
		}
		return s.offset, true
	}
	return 0, false
}

// release gives a span back and joins it with its neighbours.
func (b *block) release(s span) {
	i, _ := slices.BinarySearchFunc(b.free, s.offset, func(f span, offset uint64) int {
		if f.offset < offset {
			return -1
		}
		return 1
	})
	b.free = slices.Insert(b.free, i, s)
	if i+1 < len(b.free) && b.free[i].offset+b.free[i].size == b.free[i+1].offset {
		b.free[i].size += b.free[i+1].size
		b.free = slices.Delete(b.free, i+1, i+2)
	}
	if i > 0 && b.free[i-1].offset+b.free[i-1].size == b.free[i].offset {
		b.free[i-1].size += b.free[i].size
		b.free = slices.Delete(b.free, i, i+1)
	}
}

func (b *block) empty() bool { return len(b.free) == 1 && b.free[0].size == b.size }

// close frees the blocks; buffers that are still alive are an error that names them.
func (m *memory) close() error {
	var names []string
	for buffer := range m.live {
		names = append(names, buffer.name)
	}
	for _, b := range m.blocks {
		b.destroy(m.device)
	}
	m.blocks = nil
	if len(names) > 0 {
		slices.Sort(names)
		return &Error{Op: "close device", Object: m.device.Info.Name, Err: fmt.Errorf("%d buffers were not freed: %s", len(names), strings.Join(names, ", "))}
	}
	return nil
}
