package dvn

import (
	"slices"

	"github.com/dvn-vk/dvn-vk/layers"
)

// The least that a phase takes follows from its shapes alone, whatever kernels run and however tensors share memory. It is a sum over
// heads and blocks, where a sketch lays out every tensor and operation: what no device holds is refused before it is sketched.

// LeastTrainer is at most the total that PredictTrainer counts, in bytes: batches, weights with gradients and momentum, and the
// activations that the backward pass finds. Gradients of these, scratch, tables and batch-norm's own numbers are left out. capacity
// is that of NewTrainer.
func LeastTrainer(k *layers.Kernels, p Phase, capacity map[int]int) (uint64, error) {
	l, err := newLeast(k, p, capacity, slots)
	if err != nil {
		return 0, err
	}
	copies := uint64(3) // weights, gradients, momentum
	if slices.ContainsFunc(l.phase.Heads, func(h Head) bool { return h.Loss == Distillation }) {
		copies++ // the old network's weights
	}
	activations := l.withinBlocks()
	if l.convolutionsTrain() {
		activations = l.forBackward()
	}
	return l.batches() + copies*l.weights() + activations, l.arena.err
}

// LeastEvaluator is at most the total that PredictEvaluator counts, in bytes: batches, and the activations of one block.
func LeastEvaluator(k *layers.Kernels, p Phase, capacity map[int]int) (uint64, error) {
	l, err := newLeast(k, p, capacity, 1)
	if err != nil {
		return 0, err
	}
	return l.batches() + l.withinBlocks(), l.arena.err
}

// least is a phase of which nothing is laid out but batches.
type least struct {
	*shape
	arena         *arena // a sketch
	inputs        map[int]*input
	stems, trunks []Head // one of each pass
}

func newLeast(k *layers.Kernels, p Phase, capacity map[int]int, slots int) (*least, error) {
	p = p.Normalised()
	s, err := newShape(&p)
	if err != nil {
		return nil, err
	}
	l := &least{shape: s, arena: sketchArena(k.Precision())}
	l.stems = oneOfEach(p.Heads, func(h Head) [3]int { return [3]int{h.Trunk[0], h.Input} })
	l.trunks = oneOfEach(p.Heads, func(h Head) [3]int { return [3]int{h.Trunk[0], h.Trunk[1], h.Input} })
	l.inputs, err = newInputs(l.arena, &p, capacity, slots)
	return l, err
}

// oneOfEach picks the first head of every key.
func oneOfEach(heads []Head, key func(Head) [3]int) []Head {
	var picked []Head
	seen := map[[3]int]bool{}
	for _, h := range heads {
		if !seen[key(h)] {
			seen[key(h)] = true
			picked = append(picked, h)
		}
	}
	return picked
}

// batches are the images and labels of all tasks.
func (l *least) batches() (bytes uint64) {
	for _, n := range l.arena.bytes {
		bytes += n
	}
	return bytes
}

// weights are those of convolutions, stems and classifiers.
func (l *least) weights() uint64 {
	floats := 0
	for _, b := range l.blocks {
		floats += b.conv1.Weights() + b.conv2.Weights()
	}
	for _, h := range oneOfEach(l.phase.Heads, func(h Head) [3]int { return [3]int{h.Trunk[0]} }) {
		floats += l.stemConv(h.Trunk[0]).Weights()
	}
	for _, h := range l.phase.Heads {
		floats += l.phase.Tasks[h.Task-1].Classes * l.feature.Width(layers.NewUnitSet(h.Units...))
	}
	return l.arena.size(4, floats)
}

// convolutionsTrain tells that some do, stems included, so that the backward pass goes through all stems and trunks.
func (l *least) convolutionsTrain() bool {
	for _, b := range l.blocks {
		if none := (layers.Blocks{}); l.blocksThatTrain(b.conv1, b.readsStem) != none || l.blocksThatTrain(b.conv2, false) != none {
			return true
		}
	}
	return slices.ContainsFunc(l.phase.Heads, func(h Head) bool {
		return h.Loss != NoLoss && l.phase.trains(stemName(h.Trunk[0])+".weight")
	})
}

// forBackward is what lies between the forward and the backward pass: of every convolution its output, and that after batch-norm.
func (l *least) forBackward() (bytes uint64) {
	bytes = 2 * l.stemOutputs()
	for _, b := range l.blocks {
		bytes += 4 * l.blockOutputs(b)
	}
	return bytes
}

// withinBlocks is what the forward pass needs between the two convolutions of a block, of the block that needs most: the block's
// input, which the shortcut adds later, and what is between.
func (l *least) withinBlocks() (most uint64) {
	input := l.stemOutputs()
	for _, b := range l.blocks {
		output := l.blockOutputs(b)
		most = max(most, input+output) // what is between is as large as the output
		input = output
	}
	return most
}

// stemOutputs are the outputs of all stems together.
func (l *least) stemOutputs() (bytes uint64) {
	for _, h := range l.stems {
		bytes += l.activationBytes(h, l.blocks[0].conv1.InSize, l.stem.Total())
	}
	return bytes
}

// blockOutputs are the outputs of a block in all trunks together.
func (l *least) blockOutputs(b block) (bytes uint64) {
	for _, h := range l.trunks {
		bytes += l.activationBytes(h, b.conv2.OutSize(), b.conv2.Out.Width(layers.NewUnitSet(h.Units...)))
	}
	return bytes
}

// activationBytes is the size of activations [N, size+2, size+2, maps] of the images that a head sees.
func (l *least) activationBytes(h Head, size, maps int) uint64 {
	return l.arena.size(l.arena.precision.Bytes(), l.inputs[h.Input].capacity, size+2, size+2, maps)
}
