package dvn

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// HeadID names a head: task and level, from 1.
type HeadID struct{ Task, Level int }

// String is as in task1.level2.
func (h HeadID) String() string { return headName(h.Task, h.Level) }

// Trainer runs the steps of one phase on a store. A step is recorded once for each combination of batch sizes, and slot.
type Trainer struct {
	phase    Phase
	arena    *arena
	graph    *graph
	teacher  *graph // the old network in evaluation mode; nil where no head distills
	hyper    *gpu.Exchange
	scale    *gpu.Exchange // a layers.LossScale
	used     float32       // the scale of the last step's gradients
	programs map[programKey]*layers.Program
	kernels  *layers.Kernels
	profile  bool
	loaded   counts   // of the batches that Load wrote; nil for none
	step     *running // nil: no step runs
	slot     int      // of the last step that was started
	last     *layers.Program
}

// slots for batches: the host writes the next step's while the device reads this one's.
const slots = 2

// programKey tells programs apart: the batch sizes, and where the batches lie.
type programKey struct {
	counts string
	slot   int
}

// running is a step that was started.
type running struct {
	counts counts
	rate   float64
	before layers.LossScale
}

// NewTrainer prepares a phase. capacity is the largest batch of every task whose images are seen. old is the network as it
// was at the start of the phase, which heads with the loss distill learn from (spec section 5); nil where there are none.
// profile adds timestamps to every operation.
func NewTrainer(k *layers.Kernels, store, old *Store, p Phase, capacity map[int]int, profile bool) (*Trainer, error) {
	sketch, err := sketchTrainer(k, store, old, p, capacity)
	if err != nil {
		return nil, err
	}
	plan, err := sketch.plan()
	if err != nil {
		return nil, err
	}
	t := &Trainer{phase: sketch.phase, kernels: k, arena: newArena(k.Device, k.Precision(), plan), programs: map[programKey]*layers.Program{}, profile: profile}
	if err := t.build(store, old, capacity); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// sketchTrainer is a trainer of which nothing is allocated.
func sketchTrainer(k *layers.Kernels, store, old *Store, p Phase, capacity map[int]int) (*Trainer, error) {
	t := &Trainer{phase: p.Normalised(), kernels: k, arena: sketchArena(k.Precision())}
	return t, t.build(store, old, capacity)
}

// plan is where the passing tensors of a sketch lie in a step of full batches.
func (t *Trainer) plan() (*plan, error) {
	return planOf(t.kernels, t.arena, func(b *layers.Builder) { t.record(b, t.graph.capacity()) })
}

func (t *Trainer) build(store, old *Store, capacity map[int]int) error {
	if !slices.ContainsFunc(t.phase.Heads, func(h Head) bool { return h.Loss != NoLoss }) {
		return errors.New("no head of the phase has a loss")
	}
	inputs, err := newInputs(t.arena, &t.phase, capacity, slots)
	if err != nil {
		return err
	}
	if t.graph, err = newGraph(t.arena, t.kernels, store, &t.phase, forTraining, inputs); err != nil {
		return err
	}
	if err := t.buildTeacher(old, inputs); err != nil {
		return err
	}
	t.hyper = t.arena.exchange("hyperparameters", layers.HyperFloats)
	t.scale = t.arena.exchange("loss scale", layers.LossScaleWords)
	if t.arena.err == nil && t.arena.device != nil {
		t.SetLossScale(t.kernels.NewLossScale())
	}
	return t.arena.err
}

// buildTeacher makes the old network's graph: for every old task and images its top level, or each head's own.
func (t *Trainer) buildTeacher(old *Store, inputs map[int]*input) error {
	phase := t.phase
	phase.Heads, phase.TrunkMode = nil, TrunkEval
	top := map[int]int{}
	for _, h := range t.phase.Heads {
		if h.Loss == Distillation {
			top[h.Task] = max(top[h.Task], h.Level)
		}
	}
	for _, h := range t.phase.Heads {
		if h.Loss == Distillation && (phase.Teacher == TeacherSame || h.Level == top[h.Task]) {
			phase.Heads = append(phase.Heads, h)
		}
	}
	if len(phase.Heads) == 0 {
		return nil
	}
	if old == nil {
		return errors.New("heads with the loss distill need the old network")
	}
	var err error
	if t.teacher, err = newGraph(t.arena, t.kernels, old, &phase, forEvaluation, inputs); err != nil {
		return err
	}
	for _, h := range t.graph.heads {
		level := h.Level
		if phase.Teacher == TeacherTop {
			level = top[h.Task]
		}
		if teacher := t.teacher.find(HeadID{h.Task, level}); h.Loss == Distillation && teacher != nil {
			h.teacherLogits = t.teacher.logitsOf(teacher)
		}
	}
	if t.arena.device == nil {
		return nil
	}
	return t.teacher.prepare()
}

func (g *graph) find(id HeadID) *head {
	for _, h := range g.heads {
		if h.Task == id.Task && h.Level == id.Level {
			return h
		}
	}
	return nil
}

// StepResult holds what a step computed, in host memory that the next step overwrites.
type StepResult struct {
	Losses map[HeadID]float32 // before reduction
	// Skipped: a gradient of the step was not finite, so weights and momentum stayed as they were and the loss scale halved
	// (FP16). Running statistics follow the batch all the same: they do not hang on the scale.
	Skipped bool
	graph   *graph
	counts  counts
}

// Step runs one training step on one batch of every task: Load, Start and Wait.
func (t *Trainer) Step(batches map[int]Batch, rate float64) (*StepResult, error) {
	if err := t.Load(batches); err != nil {
		return nil, err
	}
	if err := t.Start(rate); err != nil {
		return nil, err
	}
	return t.Wait()
}

// Load writes one batch of every task to where the next step reads them. It may be called while a step runs, and copies what
// it is given.
func (t *Trainer) Load(batches map[int]Batch) (err error) {
	t.toNextSlot()
	t.loaded, err = t.graph.load(batches, true)
	return err
}

// toNextSlot turns the inputs to the slot that no step reads at present.
func (t *Trainer) toNextSlot() int {
	next := (t.slot + 1) % slots
	for _, in := range t.graph.inputs {
		in.slot = next
	}
	return next
}

// Start lets the device begin a step on the batches that were loaded: stems, heads, losses, backward, update. The learning rate
// is this step's.
func (t *Trainer) Start(rate float64) error {
	switch {
	case t.step != nil:
		return errors.New("a step is running: wait for it before the next")
	case t.loaded == nil:
		return errors.New("a step needs batches: load them first")
	}
	copy(floatsOf(t.hyper.Host()), []float32{float32(rate), float32(t.phase.Momentum), float32(t.phase.WeightDecay)})
	program, err := t.program(t.loaded)
	if err != nil {
		return err
	}
	step := &running{counts: t.loaded, rate: rate, before: t.LossScale()}
	if err := program.Start(); err != nil {
		return err
	}
	t.step, t.last, t.loaded, t.slot = step, program, nil, t.toNextSlot()
	return nil
}

// Wait waits until the step that was started is done. A loss that is not finite is an ErrDiverged that names the first such head;
// the result is there all the same.
func (t *Trainer) Wait() (*StepResult, error) {
	step := t.step
	if step == nil {
		return nil, errors.New("no step is running: start one first")
	}
	t.step = nil
	err := t.last.Wait()
	if err != nil {
		return nil, err
	}
	before, rate := step.before, step.rate
	t.used = before.Scale
	r := &StepResult{Losses: map[HeadID]float32{}, Skipped: t.LossScale().Skipped > before.Skipped, graph: t.graph, counts: step.counts}
	losses := floatsOf(t.graph.losses.Host())
	for _, h := range t.graph.learners() {
		id, loss := HeadID{h.Task, h.Level}, losses[h.lossAt]
		r.Losses[id] = loss
		if err == nil && !finite(loss) {
			err = fmt.Errorf("%w: the loss of %s is %v; lower the learning rate (lr %g)", ErrDiverged, id, loss, rate)
		}
	}
	if err == nil && r.Skipped && before.Scale == 1 {
		err = fmt.Errorf("%w: gradients overflow fp16 without any loss scale; train with --precision fp32, or lower the learning rate (lr %g)", ErrDiverged, rate)
	}
	return r, err
}

// Again repeats the last step on the images that are on the device: a benchmark's step.
func (t *Trainer) Again() error { return t.last.Run() }

// ErrDiverged is wrapped where a number that training has come to is not finite.
var ErrDiverged = errors.New("training diverged")

// program is the recorded step for batches of n in the slot that was loaded.
func (t *Trainer) program(n counts) (*layers.Program, error) {
	key := programKey{n.key(), t.toNextSlot()}
	if p, ok := t.programs[key]; ok {
		return p, nil
	}
	b := t.kernels.NewBuilder()
	t.record(b, n)
	p, err := b.Finish("training step, batches "+key.counts, t.profile)
	if err == nil {
		t.programs[key] = p
	}
	return p, err
}

// record is the training step, top to bottom.
func (t *Trainer) record(b *layers.Builder, n counts) {
	g := t.graph
	g.upload(b, n)
	b.Recorder().Upload(t.hyper, 0, 4*layers.HyperFloats)
	b.Recorder().Upload(t.scale, 0, 4*layers.LossScaleWords)
	if t.teacher != nil {
		t.teacher.forward(b, n, false)
	}
	g.prepareConvs(b)
	g.forward(b, n, g.batchStatistics())
	g.loss(b, n, t.scale.Buffer().All())
	g.backward(b, n)
	g.update(b, t.hyper.Buffer().All(), t.scale.Buffer().All())
	b.Recorder().Download(t.scale, 0, 4*layers.LossScaleWords)
	g.download(b)
}

// upload copies the batches to the device where it does not share the host's memory.
func (g *graph) upload(b *layers.Builder, n counts) {
	for _, task := range slices.Sorted(maps.Keys(g.inputs)) {
		in := g.inputs[task]
		if in.seen {
			b.Recorder().Upload(in.images(), 0, in.activations(n[task]).Range.Size)
		}
		if in.learned {
			b.Recorder().Upload(in.labels(), 0, in.labels().Buffer().Size())
		}
	}
}

func (g *graph) download(b *layers.Builder) {
	b.Recorder().Download(g.logits, 0, g.logits.Buffer().Size())
	b.Recorder().Download(g.losses, 0, g.losses.Buffer().Size())
}

// load writes what the heads see and learn from. labels false: nothing is learned.
func (g *graph) load(batches map[int]Batch, labels bool) (counts, error) {
	n := counts{}
	for task, in := range g.inputs {
		batch := batches[task]
		if in.seen {
			images, err := in.writeImages(batch.Images)
			if err != nil {
				return nil, err
			}
			n[task] = images
		}
		if in.learned && labels {
			if err := in.writeLabels(batch.Labels); err != nil {
				return nil, err
			}
		}
	}
	for _, h := range g.heads {
		if labels && h.Loss == CrossEntropy && len(batches[h.Task].Labels) != n[h.Input] {
			return nil, fmt.Errorf("%s: %d labels for %d images", HeadID{h.Task, h.Level}, len(batches[h.Task].Labels), n[h.Input])
		}
	}
	return n, nil
}

func (n counts) key() string {
	var parts []string
	for _, task := range slices.Sorted(maps.Keys(n)) {
		parts = append(parts, fmt.Sprintf("%d:%d", task, n[task]))
	}
	return strings.Join(parts, " ")
}

// Logits of a head in the last step, [images, classes], in memory of the caller's.
func (r *StepResult) Logits(id HeadID) []float32 {
	h := r.graph.find(id)
	return slices.Clone(floatsOf(r.graph.logits.Host())[h.logitsAt : h.logitsAt+r.counts[h.Input]*h.classes])
}

// TeacherLogits are the old network's logits that a head learned from in the last step, [images, classes].
func (t *Trainer) TeacherLogits(id HeadID, r *StepResult) ([]float32, error) {
	h := t.graph.find(id)
	values := make([]float32, r.counts[h.Input]*h.classes)
	return values, h.teacherLogits.Buffer.ReadFloats(int(h.teacherLogits.Offset/4), values)
}

// Trains tells whether a tensor changes in this phase: some of it, in a convolution.
func (t *Trainer) Trains() []string {
	var names []string
	for _, s := range t.graph.segments() {
		names = append(names, s.Name)
	}
	return names
}

// Operations is the number of operations of the last step and of the barriers between them.
func (t *Trainer) Operations() (operations, barriers int) { return t.last.Len(), t.last.Barriers() }

// Samples are the times of the last step's operations, of a trainer with a profile; wall says that the device has no
// timestamps and the host's clock was used.
func (t *Trainer) Samples() (samples []gpu.Sample, wall bool, err error) { return t.last.Samples() }

// Close waits for a step that runs and releases what the trainer allocated, not its store.
func (t *Trainer) Close() {
	if t.step != nil {
		_, _ = t.Wait() // nobody wants the result
	}
	for _, p := range t.programs {
		p.Close()
	}
	t.programs = nil
	t.arena.close()
}
