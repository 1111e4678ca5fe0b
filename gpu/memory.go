package gpu

import (
	"errors"
	"fmt"
	"slices"
	"strings"

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
	smallestBlock = 32 << 10 // of those that buffers share
	mostBlock     = 64 << 20
	spareShare    = 32      // a new block is this part of what is in use, so that little of all memory lies idle
	buffersShare  = 4       // buffers of more than this part of a block get one of their own
	alignment     = 256     // of every buffer: no device asks for more
	header        = 4 << 10 // what a driver may add to an allocation and count in its limit: SwiftShader does
)

// memory cuts buffers from blocks: devices allow few allocations, and each is slow. Blocks grow with what is in use, and larger
// buffers get blocks of their own. It has two sides: the device's memory, and memory of the host that the device can reach.
type memory struct {
	device   *Device
	types    []vkx.MemoryType
	heaps    []vkx.MemoryHeap
	blocks   []*block
	accounts map[Purpose]uint64
	live     map[*Buffer]struct{}
	redZones bool
}

func (m *memory) init(d *Device) {
	m.device = d
	m.types, m.heaps = d.instance.vkx.Memory(d.Info.physical, false)
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

// Allocated is how many bytes of the device's memory were asked for: what Usage counts, and what lies idle in blocks.
func (d *Device) Allocated() uint64 { return d.memory.allocated(false) }

// allocated is the size of all blocks of a side.
func (m *memory) allocated(host bool) (n uint64) {
	for _, b := range m.blocks {
		if b.host == host {
			n += b.size
		}
	}
	return n
}

// Available is how many bytes the device can still give, in buffers of at most Limits.MaxAllocation: the driver's budget
// where it tells one, else the size of its heap, less what is in use.
func (d *Device) Available() uint64 {
	m := &d.memory
	available := m.headroom(m.heapOf(false))
	for _, b := range m.blocks {
		if !b.host {
			available += b.unused()
		}
	}
	return available
}

// headroom is what can still be allocated from a heap in new blocks.
func (m *memory) headroom(heap int) uint64 {
	if m.device.Info.Features.MemoryBudget {
		_, heaps := m.device.instance.vkx.Memory(m.device.Info.physical, true)
		return heaps[heap].Budget - min(heaps[heap].Budget, heaps[heap].Usage)
	}
	used := uint64(0)
	for _, b := range m.blocks {
		if b.heap == heap {
			used += b.size
		}
	}
	return m.heaps[heap].Size - min(m.heaps[heap].Size, used)
}

// typeFor chooses a memory type among those of the mask, of the largest heap: -1 where none fits.
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
		best := -1
		for t, kind := range m.types {
			if mask>>t&1 == 0 || kind.Flags&flags != flags {
				continue
			}
			if best < 0 || m.heaps[kind.Heap].Size > m.heaps[m.types[best].Heap].Size {
				best = t
			}
		}
		if best >= 0 {
			return best
		}
	}
	return -1
}

// heapOf is the heap of a side's memory; Vulkan guarantees that there is one.
func (m *memory) heapOf(host bool) int { return m.types[m.typeFor(host, ^uint32(0))].Heap }

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
	wanted := min(max(m.allocated(host)/spareShare&^(alignment-1), smallestBlock), mostBlock, m.largestBlock())
	if size > wanted/buffersShare {
		wanted = size
	}
	b, err := m.newBlock(wanted, host, name)
	if errors.Is(err, ErrOutOfMemory) && size < wanted {
		b, err = m.newBlock(size, host, name)
	}
	if err != nil {
		return nil, 0, &Error{Op: "allocate " + Bytes(size) + " for", Object: name, Err: m.explain(host, err)}
	}
	m.blocks = append(m.blocks, b)
	offset, _ := b.take(size)
	return b, offset, nil
}

// largestBlock is what the driver allows in one allocation with one buffer.
func (m *memory) largestBlock() uint64 {
	return (min(m.device.Info.Limits.MaxAllocation, m.device.Info.Limits.MaxBuffer) - header) &^ (alignment - 1)
}

// largestBuffer is the size of the largest buffer that would fit now.
func (m *memory) largestBuffer(host bool) uint64 {
	largest := min(m.headroom(m.heapOf(host)), m.largestBlock()) &^ (alignment - 1)
	for _, b := range m.blocks {
		if b.host != host {
			continue
		}
		for _, s := range b.free {
			largest = max(largest, s.size)
		}
	}
	if m.redZones {
		largest -= min(largest, 2*redZone)
	}
	return largest
}

// explain adds to an out of memory what is in use and what would fit.
func (m *memory) explain(host bool, err error) error {
	if !errors.Is(err, ErrOutOfMemory) {
		return err
	}
	var parts []string
	for purpose, bytes := range m.device.Usage() {
		parts = append(parts, fmt.Sprintf("%s %s", purpose, Bytes(bytes)))
	}
	slices.Sort(parts)
	inUse := "nothing"
	if len(parts) > 0 {
		inUse = strings.Join(parts, ", ")
	}
	heap := m.heapOf(host)
	return fmt.Errorf("%w; heap %d of %s has %s, in use for this program: %s; at most %s would fit in one buffer", err,
		heap, m.device.Info.Name, Bytes(m.heaps[heap].Size), inUse, Bytes(m.largestBuffer(host)))
}

// close frees the blocks; buffers that are still alive are an error that names them.
func (m *memory) close() error {
	var names []string
	for buffer := range m.live {
		names = append(names, buffer.name)
		buffer.block = nil // to free it later is harmless
	}
	for _, b := range m.blocks {
		b.destroy(m.device)
	}
	m.blocks, m.live = nil, nil
	if len(names) > 0 {
		slices.Sort(names)
		return &Error{Op: "close device", Object: m.device.Info.Name,
			Err: fmt.Errorf("%d buffers were not freed: %s", len(names), strings.Join(names, ", "))}
	}
	return nil
}
