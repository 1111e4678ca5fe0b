package gpu

import (
	"encoding/binary"
	"fmt"
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

// nanWord is a quiet NaN: what unwritten memory and red zones hold in tests.
const nanWord = 0x7fc0dead

// NewBuffer allocates size bytes on the device for a purpose; name is for messages. The contents are undefined (NaN where
// DVNVK_RED_ZONES is set). Errors are ErrOutOfMemory, with what is in use, or the driver's.
func (d *Device) NewBuffer(name string, purpose Purpose, size uint64) (*Buffer, error) {
	return d.newBuffer(name, purpose, size, false)
}

func (d *Device) newBuffer(name string, purpose Purpose, size uint64, host bool) (*Buffer, error) {
	if size == 0 {
		return nil, &Error{Op: "allocate", Object: name, Err: fmt.Errorf("a buffer of 0 bytes")}
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
	d.memory.accounts[purpose] += roundUp(size, alignment)
	d.memory.live[b] = struct{}{}
	if zone > 0 {
		if err := b.around().Fill(nanWord); err != nil {
			b.Free()
			return nil, err
		}
	}
	return b, nil
}

// around is the buffer with its red zones.
func (b *Buffer) around() Range { return Range{b.widened(), 0, b.widened().size} }

func (b *Buffer) widened() *Buffer {
	wide := *b
	wide.offset -= redZone
	wide.size = roundUp(b.size, alignment) + 2*redZone
	return &wide
}

// Free gives the memory back. Freeing nil or twice is harmless.
func (b *Buffer) Free() {
	if b == nil || b.block == nil {
		return
	}
	m := &b.device.memory
	start, size := b.offset, roundUp(b.size, alignment)
	if m.redZones {
		start, size = start-redZone, size+2*redZone
	}
	b.block.release(span{start, size})
	m.accounts[b.purpose] -= roundUp(b.size, alignment)
	delete(m.live, b)
	if b.block.empty() {
		b.block.destroy(b.device)
		m.blocks = slices.DeleteFunc(m.blocks, func(other *block) bool { return other == b.block })
	}
	b.block = nil
}

// Address is the device address of the first byte, a multiple of 256.
func (b *Buffer) Address() uint64 { return b.block.address + b.offset }

// Size is the number of bytes that were asked for.
func (b *Buffer) Size() uint64 { return b.size }

// All is the whole buffer.
func (b *Buffer) All() Range { return Range{b, 0, b.size} }

// Part is size bytes from offset.
func (b *Buffer) Part(offset, size uint64) Range { return Range{b, offset, size} }

// Host is the buffer's memory where the host can reach it, else nil.
func (b *Buffer) Host() []byte {
	if b.block.mapped == nil {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Add(b.block.mapped, b.offset)), b.size)
}

func (r Range) check(op string, bytes int) error {
	if r.Offset+r.Size > r.Buffer.size || bytes >= 0 && uint64(bytes) != r.Size {
		return &Error{Op: op, Object: r.Buffer.name, Err: fmt.Errorf("%d bytes at %d do not fit a buffer of %d", max(uint64(max(bytes, 0)), r.Size), r.Offset, r.Buffer.size)}
	}
	return nil
}

// Write copies data to the device, at offset, and waits until it is there.
func (b *Buffer) Write(offset uint64, data []byte) error {
	r := Range{b, offset, uint64(len(data))}
	if err := r.check("write", len(data)); err != nil {
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
	if err := r.check("read", len(data)); err != nil {
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
	return b.Write(4*uint64(index), floatBytes(values))
}

// ReadFloats reads float32 numbers from the given index on.
func (b *Buffer) ReadFloats(index int, values []float32) error {
	return b.Read(4*uint64(index), floatBytes(values))
}

// floatBytes looks at numbers as bytes: host and device are little-endian on every system with Vulkan.
func floatBytes(values []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), 4*len(values))
}

// Fill sets every 32-bit word of the range; offset and size are multiples of 4.
func (r Range) Fill(word uint32) error {
	if err := r.check("fill", -1); err != nil {
		return err
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

// CheckRedZones looks at the NaNs around every buffer (DVNVK_RED_ZONES=1) and names the first buffer beside which
// something was written.
func (d *Device) CheckRedZones() error {
	if !d.memory.redZones {
		return &Error{Op: "check red zones", Err: fmt.Errorf("there are none: set DVNVK_RED_ZONES=1 before the device is opened")}
	}
	for b := range d.memory.live {
		wide := b.widened()
		zone := make([]byte, redZone)
		for _, offset := range []uint64{0, wide.size - redZone} {
			if err := wide.Read(offset, zone); err != nil {
				return err
			}
			for i := 0; i < len(zone); i += 4 {
				if word := binary.LittleEndian.Uint32(zone[i:]); word != nanWord {
					return &Error{Op: "check red zones", Object: b.name, Err: fmt.Errorf("byte %d relative to its start was overwritten with %#x", int64(offset)+int64(i)-redZone, word)}
				}
			}
		}
	}
	return nil
}
