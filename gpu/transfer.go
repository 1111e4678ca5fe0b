package gpu

import (
	vk "github.com/vulkan-go/vulkan"

	"github.com/dvn-vk/dvn-vk/gpu/vkx"
)

const transferChunk = 4 << 20

// transfer moves data to and from memory that the host cannot reach, through one mapped buffer. For what is exchanged
// at every step there is Exchange.
type transfer struct{ chunk *Buffer }

func (t *transfer) prepare(d *Device) (err error) {
	if t.chunk == nil {
		t.chunk, err = d.newBuffer("transfer chunk", Staging, transferChunk, true)
	}
	return err
}

func (t *transfer) write(b *Buffer, offset uint64, data []byte) error {
	if err := t.prepare(b.device); err != nil {
		return err
	}
	for len(data) > 0 {
		n := copy(t.chunk.Host(), data)
		if err := b.device.copyOnce(b.name, t.chunk.Part(0, uint64(n)), b.Part(offset, uint64(n))); err != nil {
			return err
		}
		data, offset = data[n:], offset+uint64(n)
	}
	return nil
}

func (t *transfer) read(b *Buffer, offset uint64, data []byte) error {
	if err := t.prepare(b.device); err != nil {
		return err
	}
	for len(data) > 0 {
		n := min(len(data), transferChunk)
		if err := b.device.copyOnce(b.name, b.Part(offset, uint64(n)), t.chunk.Part(0, uint64(n))); err != nil {
			return err
		}
		copy(data, t.chunk.Host()[:n])
		data, offset = data[n:], offset+uint64(n)
	}
	return nil
}

func (t *transfer) close() {
	t.chunk.Free()
	t.chunk = nil
}

func (d *Device) copyOnce(name string, from, to Range) error {
	return d.once("copy", name, func(commands vkx.Handle) { d.recordCopy(commands, from, to) })
}

func (d *Device) recordCopy(commands vkx.Handle, from, to Range) {
	source, target := vkx.From(from.Buffer.block.buffer), vkx.From(to.Buffer.block.buffer)
	d.vkx.Copy(commands, source, from.Buffer.offset+from.Offset, target, to.Buffer.offset+to.Offset, from.Size)
}

// once records, submits and waits for a single piece of work.
func (d *Device) once(op, name string, record func(commands vkx.Handle)) error {
	commands, err := d.allocateCommands(op + " " + name)
	if err != nil {
		return err
	}
	defer d.freeCommands([]vkx.Handle{commands})
	d.vkx.Barrier(commands)
	record(commands)
	d.vkx.Barrier(commands)
	if err := d.check(op, name, vk.EndCommandBuffer(vkx.As[vk.CommandBuffer](commands))); err != nil {
		return err
	}
	return d.submit(op, name, []vkx.Handle{commands})
}

// Exchange is memory that host and device exchange at every step: one buffer where they share memory, else a host side
// and a device side with a recorded copy between them (Recorder.Upload, Recorder.Download).
type Exchange struct{ device, host *Buffer }

// NewExchange allocates size bytes for exchange, accounted as staging.
func (d *Device) NewExchange(name string, size uint64) (*Exchange, error) {
	device, err := d.NewBuffer(name, Staging, size)
	if err != nil {
		return nil, err
	}
	e := &Exchange{device: device, host: device}
	if device.Host() == nil {
		if e.host, err = d.newBuffer(name+" (host)", Staging, size, true); err != nil {
			device.Free()
			return nil, err
		}
	}
	return e, nil
}

// Host is the host's side, to be written before or read after a list runs.
func (e *Exchange) Host() []byte { return e.host.Host() }

// Buffer is the device's side, which shaders read and write.
func (e *Exchange) Buffer() *Buffer { return e.device }

// Free gives the memory back; nil is harmless.
func (e *Exchange) Free() {
	if e == nil {
		return
	}
	if e.host != e.device {
		e.host.Free()
	}
	e.device.Free()
}
