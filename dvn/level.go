package dvn

import (
	"fmt"
	"slices"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// Level is one head on a device without the rest of its network: the sub-blocks of its units packed into a smaller weight
// buffer, so that its memory is in proportion to its parameters. Absent units have width 0 where the kernels are told where
// units begin, so they are the kernels of training (docs/how-it-works.md).
type Level struct {
	kernels *layers.Kernels
	phase   Phase // with this head alone
	store   *Store
}

// LoadLevel loads one head of a phase's network from a source, which is asked for what the head needs and for nothing else.
func LoadLevel(k *layers.Kernels, p Phase, id HeadID, from Source) (*Level, error) {
	alone, err := p.Alone(id)
	if err != nil {
		return nil, err
	}
	l := &Level{kernels: k, phase: alone}
	if l.store, err = layOutStore(layers.NewUnitSet(alone.Heads[0].Units...), &alone); err != nil {
		return nil, err
	}
	if err := l.store.allocate(k.Device, false); err != nil {
		return nil, err
	}
	if err := l.store.Load(from); err != nil {
		l.Close()
		return nil, fmt.Errorf("load %s: %w", id, err)
	}
	return l, nil
}

// Alone is the phase's network for one head on its own task's images, without a loss.
func (p *Phase) Alone(id HeadID) (Phase, error) {
	alone := p.Evaluation(id.Task)
	alone.Heads = slices.DeleteFunc(alone.Heads, func(h Head) bool { return h.Level != id.Level })
	if len(alone.Heads) == 0 {
		return Phase{}, fmt.Errorf("the network has no head %s", id)
	}
	return alone, nil
}

// Close releases the level's weights, after the inferences that use them. Closing twice is harmless.
func (l *Level) Close() { l.store.Close() }

// Inference is a level that is ready to run on batches of a fixed size: one recorded list, and the memory that it needs.
type Inference struct {
	level   *Level
	graph   *graph
	program *layers.Program
	input   *input
	outputs int // logits of a batch
}

// NewInference prepares the level for batches of as many images; profile adds timestamps to every operation. Whatever hangs on
// weights and running statistics alone is computed here.
func (l *Level) NewInference(batch int, profile bool) (*Inference, error) {
	head := l.phase.Heads[0]
	n := counts{head.Input: batch}
	g, err := newEvaluation(l.kernels, l.store, l.phase, n)
	if err != nil {
		return nil, fmt.Errorf("%s, batch %d: %w", HeadID{head.Task, head.Level}, batch, err)
	}
	i := &Inference{level: l, graph: g, input: g.inputs[head.Input], outputs: batch * l.phase.Tasks[head.Task-1].Classes}
	b := l.kernels.NewBuilder()
	g.infer(b, n)
	if i.program, err = b.Finish("inference", profile); err != nil {
		i.Close()
		return nil, fmt.Errorf("%s, batch %d: %w", HeadID{head.Task, head.Level}, batch, err)
	}
	return i, nil
}

// Run computes the logits [batch, classes] of images [batch, size, size, channels], normalised, into the caller's memory. It
// allocates nothing and decides nothing: images go where the device reads them, and the recorded list is submitted.
func (i *Inference) Run(images, logits []float32) error {
	n, err := i.input.writeImages(images)
	if err != nil {
		return err
	}
	if n != i.input.capacity || len(logits) != i.outputs {
		return fmt.Errorf("%d images and room for %d logits: this inference takes %d images and gives %d logits", n, len(logits), i.input.capacity, i.outputs)
	}
	if err := i.program.Run(); err != nil {
		return err
	}
	copy(logits, floatsOf(i.graph.logits.Host()))
	return nil
}

// Outputs is the number of logits of a batch.
func (i *Inference) Outputs() int { return i.outputs }

// Memory is what the inference takes on the device: the level's weights and its own part.
func (i *Inference) Memory() Memory {
	m := Memory{}
	m.add(i.level.store.bytes(false))
	m.add(i.graph.bytes)
	m.add(map[gpu.Purpose]uint64{gpu.Staging: i.program.TableBytes()})
	return m
}

// Samples are the times of the last run's operations, of an inference with a profile; wall says that the device has no
// timestamps and the host's clock was used.
func (i *Inference) Samples() (samples []gpu.Sample, wall bool, err error) {
	return i.program.Samples()
}

// Variants lists the variants that its convolutions use: Winograd rounds more than the direct kernels.
func (i *Inference) Variants() []layers.Variant { return i.graph.variants() }

// Close releases what the inference allocated, not its level. Closing twice is harmless.
func (i *Inference) Close() {
	i.program.Close()
	i.graph.close()
}
