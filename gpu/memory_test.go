package gpu

import (
	"encoding/binary"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestSmallBuffersShareABlockAndLargeOnesHaveTheirOwn(t *testing.T) {
	onEveryDevice(t, func(t *testing.T, d *Device) {
		a, b := newBuffer(t, d, "a", Weights, 1000), newBuffer(t, d, "b", Weights, 1)
		large := newBuffer(t, d, "large", Weights, smallestBlock+1)
		if a.block != b.block {
			t.Error("two small buffers have a block each")
		}
		if large.block == a.block || large.block.size != smallestBlock+alignment {
			t.Errorf("the large buffer lies in a block of %d bytes, want its own of %d", large.block.size, smallestBlock+alignment)
		}
		for _, buffer := range []*Buffer{a, b, large} {
			if buffer.Address()%alignment != 0 {
				t.Errorf("%s: address %#x is no multiple of %d", buffer.name, buffer.Address(), alignment)
			}
		}
		if len(d.memory.blocks) != 2 {
			t.Errorf("%d blocks, want 2", len(d.memory.blocks))
		}
		large.Free()
		if len(d.memory.blocks) != 1 {
			t.Errorf("%d blocks after the large buffer was freed, want 1", len(d.memory.blocks))
		}
		a.Free()
		a.Free() // harmless
		b.Free()
		if len(d.memory.blocks) != 0 {
			t.Errorf("%d blocks after all was freed, want 0", len(d.memory.blocks))
		}
	})
}

func TestLittleOfWhatIsAllocatedLiesIdle(t *testing.T) {
	onEveryDevice(t, func(t *testing.T, d *Device) {
		random := rand.New(rand.NewPCG(7, 8))
		used := uint64(0)
		for range 300 {
			used += newBuffer(t, d, "buffer", Weights, 1+random.Uint64N(1<<(1+random.IntN(20)))).Room()
			if most := used + max(used/20, smallestBlock); d.Allocated() < used || d.Allocated() > most {
				t.Fatalf("%d bytes are allocated for %d, want at most %d", d.Allocated(), used, most)
			}
		}
		if blocks := len(d.memory.blocks); blocks > 200 {
			t.Errorf("%d blocks for 300 buffers", blocks)
		}
	})
}

// Every buffer holds its own number all over; whoever overlaps destroys it.
func TestRandomAllocationsKeepTheirContentsAndTheAccounts(t *testing.T) {
	onEveryDevice(t, func(t *testing.T, d *Device) {
		random := rand.New(rand.NewPCG(3, 4))
		purposes := []Purpose{Weights, Activations, Gradients, Optimiser}
		type entry struct {
			buffer *Buffer
			number uint32
		}
		var live []entry
		want := map[Purpose]uint64{}
		verify := func(e entry) {
			content := make([]byte, e.buffer.Size())
			if err := e.buffer.Read(0, content); err != nil {
				t.Fatal(err)
			}
			for i := 0; i < len(content); i += 4 {
				if got := binary.LittleEndian.Uint32(content[i:]); got != e.number {
					t.Fatalf("%s: word %d is %d, want %d", e.buffer.name, i/4, got, e.number)
				}
			}
		}
		for step := range 400 {
			if len(live) > 30 || len(live) > 0 && random.IntN(3) == 0 {
				k := random.IntN(len(live))
				e := live[k]
				verify(e)
				want[e.buffer.purpose] -= roundUp(e.buffer.Size(), alignment)
				e.buffer.Free()
				live = slices.Delete(live, k, k+1)
			} else {
				size := uint64(4 * (1 + random.IntN(1<<(4+random.IntN(16)))))
				purpose := purposes[random.IntN(len(purposes))]
				e := entry{newBuffer(t, d, "buffer", purpose, size), uint32(step)}
				if err := e.buffer.All().Fill(e.number); err != nil {
					t.Fatal(err)
				}
				want[purpose] += roundUp(size, alignment)
				live = append(live, e)
			}
			maps.DeleteFunc(want, func(_ Purpose, n uint64) bool { return n == 0 })
			if got := d.Usage(); !maps.Equal(got, want) {
				t.Fatalf("step %d: accounts %v, want %v", step, got, want)
			}
		}
		for _, e := range live {
			verify(e)
			e.buffer.Free()
		}
		if got := d.Usage(); len(got) != 0 {
			t.Errorf("accounts after all was freed: %v", got)
		}
	})
}

func TestOutOfMemoryNamesSizeHeapUseAndWhatWouldFit(t *testing.T) {
	onEveryDevice(t, func(t *testing.T, d *Device) {
		for _, size := range []uint64{d.Info.Limits.Memory + 1, 1 << 62} {
			_, err := d.NewBuffer("activations of a giant", Activations, size)
			wantError(t, err, ErrOutOfMemory, "allocate "+Bytes(roundUp(size, alignment)), "activations of a giant",
				"heap", d.Info.Name, Bytes(d.Info.Limits.Memory), "in use for this program: nothing", "would fit")
		}
		newBuffer(t, d, "weights", Weights, 3<<20)
		newBuffer(t, d, "gradients", Gradients, 1<<20)
		_, err := d.NewBuffer("giant", Activations, d.Info.Limits.Memory+1)
		wantError(t, err, ErrOutOfMemory, "in use for this program: gradients 1.0 MiB, weights 3.0 MiB;")
	})
}

func TestImpossibleSizesAreRefused(t *testing.T) {
	onEveryDevice(t, func(t *testing.T, d *Device) {
		for _, size := range []uint64{0, 1 << 63, 1<<64 - 1} {
			_, err := d.NewBuffer("x", Weights, size)
			wantError(t, err, nil, "allocate x", "no buffer has")
		}
		if len(d.Usage()) != 0 {
			t.Errorf("accounts %v after refusals", d.Usage())
		}
	})
}

// Without a budget what fits follows from the heap alone, so that the boundary can be tried: on CPU devices, where memory
// that nobody touches costs nothing.
func TestWhatIsSaidToFitFits(t *testing.T) {
	t.Setenv("DVNVK_DISABLE_MEMORY_BUDGET", "1")
	onEveryDevice(t, func(t *testing.T, d *Device) {
		if d.Info.Type != CPU {
			t.Skip("another program may hold memory of a real device")
		}
		before := d.Available()
		if before == 0 || before > d.Info.Limits.Memory {
			t.Fatalf("%d bytes available of %d", before, d.Info.Limits.Memory)
		}
		fits := d.memory.largestBuffer(false)
		_, err := d.NewBuffer("too large", Weights, fits+1)
		wantError(t, err, ErrOutOfMemory, "at most "+Bytes(fits)+" would fit")
		largest := newBuffer(t, d, "largest", Weights, fits)
		if got := d.Available(); got != before-fits {
			t.Errorf("%d bytes available, want %d", got, before-fits)
		}
		largest.Free()
		small := newBuffer(t, d, "small", Weights, 1)
		if got := d.Available(); got != before-alignment {
			t.Errorf("%d bytes available beside a small buffer, want %d: the rest of its block counts", got, before-alignment)
		}
		small.Free()
		if got := d.Available(); got != before {
			t.Errorf("%d bytes available in the end, want %d", got, before)
		}
	})
}

func TestTheDriversBudgetIsRespected(t *testing.T) {
	onEveryDevice(t, func(t *testing.T, d *Device) {
		if !d.Info.Features.MemoryBudget {
			if got := d.Available(); got != d.Info.Limits.Memory {
				t.Errorf("without a budget %d bytes are available, want the heap's %d", got, d.Info.Limits.Memory)
			}
			return
		}
		_, heaps := d.instance.vkx.Memory(d.Info.physical, true)
		if heap := heaps[d.memory.heapOf(false)]; heap.Budget == 0 || heap.Usage == 0 {
			t.Errorf("budget %d, usage %d: the driver tells none", heap.Budget, heap.Usage)
		}
		if got := d.Available(); got == 0 || got > d.Info.Limits.Memory {
			t.Errorf("%d bytes available of %d", got, d.Info.Limits.Memory)
		}
	})
}

func TestCloseNamesBuffersThatWereNotFreed(t *testing.T) {
	onEveryDevice(t, func(t *testing.T, d *Device) {
		b, a := newBuffer(t, d, "beta", Weights, 4), newBuffer(t, d, "alpha", Staging, 4)
		newBuffer(t, d, "freed", Staging, 4).Free()
		err := d.Close()
		wantError(t, err, nil, "2 buffers were not freed: alpha, beta")
		if strings.Contains(err.Error(), "freed,") {
			t.Errorf("%q names a buffer that was freed", err)
		}
		a.Free() // harmless
		b.Free()
		if err := d.Close(); err != nil {
			t.Errorf("closing twice: %v", err)
		}
	})
}
