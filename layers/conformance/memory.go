package conformance

import (
	"fmt"
	"math"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

const (
	memoryFloats  = 4 << 20
	largestCase   = 1 << 20    // floats that a case takes at most
	leastGap      = 16         // floats behind every tensor
	poisonPattern = 0x7fc07ead // NaN as a float and as two halves
)

// use is what may happen to a number in memory.
type use uint8

const (
	kept    use = iota // every bit stays: inputs, halos, gaps, what a kernel has no business with
	checked            // it is an output
	free               // scratch
)

// memory is one buffer that the tensors of a batch of cases share: NaN wherever nothing else was written, gaps included, so
// that what is read without having been written shows in the results.
type memory struct {
	buffer *gpu.Buffer
	before []float32 // what the device gets
	uses   []use
	used   int
	slots  []slot
	halves bool // activations are halves, two in a float's place
}

// slot is a case of the batch.
type slot struct {
	tally  *tally
	what   string
	from   int // its first float
	named  []name
	checks []check
}

// name says what begins where, for messages.
type name struct {
	at   int
	text string
}

func newMemory(d *gpu.Device, p layers.Precision) (*memory, error) {
	buffer, err := d.NewBuffer("conformance", gpu.Staging, 4*memoryFloats)
	if err != nil {
		return nil, err
	}
	return &memory{buffer: buffer, before: make([]float32, memoryFloats), uses: make([]use, memoryFloats), used: memoryFloats, halves: p == layers.FP16}, nil
}

func (m *memory) close() { m.buffer.Free() }

func (m *memory) clear() {
	poison := math.Float32frombits(poisonPattern)
	for i := range m.used {
		m.before[i], m.uses[i] = poison, kept
	}
	m.used, m.slots = 0, nil
}

func (m *memory) hasRoom() bool { return memoryFloats-m.used >= largestCase }

func (m *memory) begin(t *tally) {
	t.Cases++
	m.slots = append(m.slots, slot{tally: t, from: m.used})
}

// place is where activation at lies: two halves, which are both inside a halo or both not, share a float's place.
func (m *memory) place(at int) int {
	if m.halves {
		return at / 2
	}
	return at
}

func (m *memory) setActivation(at int, v float32) {
	if !m.halves {
		m.before[at] = v
		return
	}
	shift := at % 2 * 16
	bits := math.Float32bits(m.before[at/2])&^(0xffff<<shift) | uint32(layers.ToHalf(v))<<shift
	m.before[at/2] = math.Float32frombits(bits)
}

func (m *memory) slot() *slot { return &m.slots[len(m.slots)-1] }

// reserve finds room for a tensor, between gaps. It lies at an even place: kernels ask for 8 bytes of alignment.
func (m *memory) reserve(text string, floats, gap int) int {
	at := m.used + gap + gap%2
	m.used = at + floats + floats%2 + leastGap
	if m.used-m.slot().from > largestCase {
		panic(fmt.Sprintf("conformance: case %s takes more than %d floats", m.slot().what, largestCase))
	}
	m.slot().named = append(m.slot().named, name{at, text})
	return at
}

// run uploads the batch, runs it, judges what came out, and returns it.
func (m *memory) run(b *layers.Builder) ([]float32, error) {
	program, err := b.Finish("conformance", false)
	if err != nil {
		return nil, err
	}
	defer program.Close()
	got := make([]float32, m.used)
	if err := m.buffer.WriteFloats(0, m.before[:m.used]); err != nil {
		return nil, err
	}
	if err := program.Run(); err != nil {
		return nil, err
	}
	if err := m.buffer.ReadFloats(0, got); err != nil {
		return nil, err
	}
	m.judge(got)
	return got, nil
}

func (m *memory) judge(got []float32) {
	for _, s := range m.slots {
		for i := range s.checks {
			s.tally.judge(&s.checks[i], got)
		}
	}
	for i, use := range m.uses[:m.used] {
		if use == kept && math.Float32bits(got[i]) != math.Float32bits(m.before[i]) {
			m.blame(i, got[i])
		}
	}
}

// blame finds whose memory it was.
func (m *memory) blame(i int, got float32) {
	s := m.slots[0]
	for _, other := range m.slots {
		if other.from <= i {
			s = other
		}
	}
	where := "memory before its first tensor"
	for _, n := range s.named {
		if n.at <= i {
			where = fmt.Sprintf("float %d of %s, which is no output of this case,", i-n.at, n.text)
		}
	}
	s.tally.overwritten(s.what, where, got)
}
