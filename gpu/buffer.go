package gpu

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"unsafe"

	vk "github.com/vulkan-go/vulkan"

	"github.com/dvn-vk/dvn-vk/gpu/vkx"
)

// Buffer is a piece of device memory that shaders reach by its address.
type Buffer struct {
	device  *Device
	block   *block
	offset  uint64 // in the block, past the red zone
	size    uint64
	name    string
	purpose Purpose
}

// Range is a part of a buffer, in bytes; operations name what they read and write by ranges.
type Range struct {
	Buffer       *Buffer
	Offset, Size uint64
}

// NewBuffer allocates size bytes on the device for a purpose; name is for messages. The contents are undefined (NaN where
// DVNVK_RED_ZONES is set). Errors are ErrOutOfMemory, with what is in use and what would fit, or the driver's.
func (d *Device) NewBuffer(name string, purpose Purpose, size uint64) (*Buffer, error) {
	return d.newBuffer(name, purpose, size, false)
}

func (d *Device) newBuffer(name string, purpose Purpose, size uint64, host bool) (*Buffer, error) {
	if size == 0 || size > math.MaxInt64 {
		return nil, &Error{Op: "allocate", Object: name, Err: fmt.Errorf("no buffer has %d bytes", size)}
	}
	zone := uint64(0)
	if d.memory.redZones {
		zone = redZone
	}
	block, offset, err := d.memory.allocate(roundUp(size, alignment)+2*zone, host, name)
	if err != nil {
		return nil, err
	}
	b := &Buffer{device: d, block: block, offset: offset + zone, size: size, name: name, purpose: purpose}
	d.memory.accounts[purpose] += b.Room()
	d.memory.live[b] = struct{}{}
	if zone > 0 {
		if err := b.widened().All().Fill(nanWord); err != nil {
			b.Free()
			return nil, err
		}
	}
	return b, nil
}

// Room is what the buffer takes without red zones.
func (b *Buffer) Room() uint64 { return roundUp(b.size, alignment) }

// Free gives the memory back. Freeing nil or twice is harmless.
func (b *Buffer) Free() {
	if b == nil || b.block == nil {
		return
	}
	m := &b.device.memory
	taken := span{b.offset, b.Room()}
	if m.redZones {
		taken = span{b.offset - redZone, b.Room() + 2*redZone}
	}
	b.block.release(taken)
	m.accounts[b.purpose] -= b.Room()
	delete(m.live, b)
	if b.block.empty() {
		b.block.destroy(b.device)
		m.blocks = slices.DeleteFunc(m.blocks, func(other *block) bool { return other == b.block })
	}
	b.block = nil
}

// Address is the device address of the first byte, a multiple of 256; 0 without memory.
func (b *Buffer) Address() uint64 {
	if b.block == nil {
		return 0
	}
	return b.block.address + b.offset
}

// Size is the number of bytes that were asked for.
func (b *Buffer) Size() uint64 { return b.size }

// All is the whole buffer.
func (b *Buffer) All() Range { return Range{b, 0, b.size} }

// Part is size bytes from offset.
func (b *Buffer) Part(offset, size uint64) Range { return Range{b, offset, size} }

// Host is the buffer's memory where the host can reach it, else nil.
func (b *Buffer) Host() []byte {
	if b.block == nil || b.block.mapped == nil {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Add(b.block.mapped, b.offset)), b.size)
}

// check refuses what is not inside a living buffer.
func (r Range) check(op string) error {
	switch {
	case r.Buffer == nil:
		return &Error{Op: op, Err: errors.New("there is no buffer")}
	case r.Buffer.block == nil:
		return &Error{Op: op, Object: r.Buffer.name, Err: errors.New("the buffer was freed")}
	case r.Size > r.Buffer.size || r.Offset > r.Buffer.size-r.Size:
		return &Error{Op: op, Object: r.Buffer.name,
			Err: fmt.Errorf("%d bytes at %d do not fit a buffer of %d", r.Size, r.Offset, r.Buffer.size)}
	}
	return nil
}

// Write copies data to the device, at offset, and waits until it is there.
func (b *Buffer) Write(offset uint64, data []byte) error {
	r := Range{b, offset, uint64(len(data))}
	if err := r.check("write"); err != nil {
		return err
	}
	if host := b.Host(); host != nil {
		copy(host[offset:], data)
		return nil
	}
	return b.device.transfer.write(b, offset, data)
}

// Read copies from the device, at offset, into data.
func (b *Buffer) Read(offset uint64, data []byte) error {
	r := Range{b, offset, uint64(len(data))}
	if err := r.check("read"); err != nil {
		return err
	}
	if host := b.Host(); host != nil {
		copy(data, host[offset:])
		return nil
	}
	return b.device.transfer.read(b, offset, data)
}

// WriteFloats writes float32 numbers from the given index on.
func (b *Buffer) WriteFloats(index int, values []float32) error {
	return b.Write(4*uint64(index), bytesOf(values))
}

// ReadFloats reads float32 numbers from the given index on.
func (b *Buffer) ReadFloats(index int, values []float32) error {
	return b.Read(4*uint64(index), bytesOf(values))
}

// Fill sets every 32-bit word of the range and waits; offset and size are multiples of 4.
func (r Range) Fill(word uint32) error {
	if err := r.check("fill"); err != nil {
		return err
	}
	if r.Offset%4 != 0 || r.Size%4 != 0 {
		return &Error{Op: "fill", Object: r.Buffer.name, Err: fmt.Errorf("%d bytes at %d are not whole words", r.Size, r.Offset)}
	}
	if host := r.Buffer.Host(); host != nil {
		part := host[r.Offset : r.Offset+r.Size]
		for len(part) >= 4 {
			binary.LittleEndian.PutUint32(part, word)
			part = part[4:]
		}
		return nil
	}
	return r.Buffer.device.once("fill", r.Buffer.name, func(commands vkx.Handle) {
		vk.CmdFillBuffer(vkx.As[vk.CommandBuffer](commands), r.Buffer.block.buffer, vk.DeviceSize(r.Buffer.offset+r.Offset), vk.DeviceSize(r.Size), word)
	})
}
