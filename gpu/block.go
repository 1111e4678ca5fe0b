package gpu

import (
	"errors"
	"fmt"
	"slices"
	"unsafe"

	vk "github.com/vulkan-go/vulkan"

	"github.com/dvn-vk/dvn-vk/gpu/vkx"
)

// block is one VkDeviceMemory under one VkBuffer; both sides have an address, the host's is mapped as well.
type block struct {
	host    bool // memory of the host's side; false: of the device's
	heap    int
	memory  vk.DeviceMemory
	buffer  vk.Buffer
	address uint64
	size    uint64
	mapped  unsafe.Pointer // nil where the host cannot reach it
	free    []span         // ascending, never adjacent
}

type span struct{ offset, size uint64 }

func (s span) end() uint64 { return s.offset + s.size }

// newBlock allocates a block for the buffer called name and those that come after it.
func (m *memory) newBlock(size uint64, host bool, name string) (*block, error) {
	d := m.device
	if largest := m.largestBlock(); size > largest {
		return nil, fmt.Errorf("%w: the driver allows %s in one allocation", ErrOutOfMemory, Bytes(largest))
	}
	const usage = vk.BufferUsageStorageBufferBit | vk.BufferUsageTransferSrcBit | vk.BufferUsageTransferDstBit |
		vkx.BufferUsageDeviceAddressBit
	info := vk.BufferCreateInfo{SType: vk.StructureTypeBufferCreateInfo, Size: vk.DeviceSize(size), Usage: vk.BufferUsageFlags(usage)}
	var buffer vk.Buffer
	result := vk.CreateBuffer(d.handle, &info, nil, &buffer)
	info.Free()
	if err := d.check("create buffer", "", result); err != nil {
		vk.DestroyBuffer(d.handle, buffer, nil) // made in spite of a validation message; or null
		return nil, err
	}
	d.vkx.Name(vk.ObjectTypeBuffer, vkx.From(buffer), "memory block of "+name)
	b := &block{host: host, buffer: buffer, size: size, free: []span{{0, size}}}
	if err := m.bind(b); err != nil {
		b.destroy(d)
		return nil, err
	}
	return b, nil
}

// bind gives a block its memory, address and mapping.
func (m *memory) bind(b *block) error {
	d := m.device
	var needs vk.MemoryRequirements
	vk.GetBufferMemoryRequirements(d.handle, b.buffer, &needs)
	needs.Deref()
	needs.Free()
	kind := m.typeFor(b.host, needs.MemoryTypeBits)
	if kind < 0 {
		return errors.New("the device has no suitable memory type")
	}
	b.heap = m.types[kind].Heap
	if uint64(needs.Size) > m.headroom(b.heap) {
		return ErrOutOfMemory
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
	vk.DestroyBuffer(d.handle, b.buffer, nil)
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
	if i+1 < len(b.free) && b.free[i].end() == b.free[i+1].offset {
		b.free[i].size += b.free[i+1].size
		b.free = slices.Delete(b.free, i+1, i+2)
	}
	if i > 0 && b.free[i-1].end() == b.free[i].offset {
		b.free[i-1].size += b.free[i].size
		b.free = slices.Delete(b.free, i, i+1)
	}
}

// unused is the sum of the free spans.
func (b *block) unused() (n uint64) {
	for _, s := range b.free {
		n += s.size
	}
	return n
}

func (b *block) empty() bool { return b.unused() == b.size }
