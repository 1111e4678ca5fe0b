package dvn

import (
	"fmt"
	"slices"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// use is what a graph is for; it decides which tensors there are and which statistics normalise.
type use int

const (
	forTraining use = iota
	forEvaluation
)

// graph is a phase's network in memory: stems once for each (stem, images), trunks once for each (trunk, images), heads. It
// records itself for any batch sizes up to its inputs' capacity.
type graph struct {
	*shape
	*arena
	kernels *layers.Kernels
	store   *Store
	use     use
	inputs  map[int]*input
	stems   []*stem
	trunks  []*trunk
	heads   []*head

	identity gpu.Range // 0, 1, 2, ...: physical maps of private batch-norms
	logits   *gpu.Exchange
	losses   *gpu.Exchange
	each     gpu.Range            // losses by image
	shared   map[string][]sharing // by convolution: batch-norms of the same parameters
}

// stem of a task on the images of a task.
type stem struct {
	task, input int
	conv        layers.Conv
	z, y, dy    layers.Activations // convolution's output, activations, gradient of both in turn: see trunkBlock
	norm        layers.Norm
}

// trunk is one pass through the convolutions behind a stem.
type trunk struct {
	key    [2]int // (task, level) that its batch-norms are named after
	input  int
	stem   *stem
	units  layers.UnitSet
	blocks []trunkBlock
	pooled gpu.Range // [N, features]
	dPool  gpu.Range
	dStem  layers.Activations // gradient of the stem's output from this trunk alone
}

// trunkBlock is a block's tensors. Convolutions read y1, y2, dz1 and dz2, so these have zero halos; of the others only the inside
// counts. Evaluation has no gradients.
type trunkBlock struct {
	z1, y1, z2, y2     layers.Activations
	dz1, dy1, dz2, dy2 layers.Activations // gradients of these
	norm1, norm2       layers.Norm
	sources, targets   layers.MapIndices // the shortcut's maps
}

// head is a classifier on a trunk.
type head struct {
	Head
	trunk            *trunk
	classes          int
	logitsAt, lossAt int          // index among all logits and losses
	adapted          [2]gpu.Range // da-cnn's added layers, [N, features]
	dAdapted         [2]gpu.Range
	gradient         gpu.Range // of the logits
	teacherLogits    gpu.Range // of the old network, where the loss is distillation
}

// newGraph lays out a phase on inputs.
func newGraph(a *arena, k *layers.Kernels, store *Store, p *Phase, use use, inputs map[int]*input) (*graph, error) {
	s, err := newShape(p)
	if err != nil {
		return nil, err
	}
	s.only(store.units)
	g := &graph{shape: s, arena: a, kernels: k, store: store, use: use, inputs: inputs}
	g.identity = a.ints("identity", indices(max(s.feature.Total(), s.stem.Total())))
	for _, h := range p.Heads {
		g.addHead(h)
	}
	g.chooseVariants()
	if use == forTraining {
		g.shareNorms()
		g.allocateLosses()
	}
	logits := 0
	for i, h := range g.heads {
		h.logitsAt, h.lossAt = logits, 2*i // shaders want tensors at multiples of 8 bytes
		logits += even(g.inputs[h.Input].capacity * h.classes)
	}
	g.logits = a.exchange("logits", logits)
	g.losses = a.exchange("losses", 2*len(g.heads))
	return g, a.err
}

// capacity is the largest batch of every task whose images are seen.
func (g *graph) capacity() counts {
	n := counts{}
	for task, in := range g.inputs {
		if in.seen {
			n[task] = in.capacity
		}
	}
	return n
}

func indices(n int) []int32 {
	values := make([]int32, n)
	for i := range values {
		values[i] = int32(i)
	}
	return values
}

func (g *graph) addHead(h Head) {
	t := g.trunkFor(h)
	n, features := g.inputs[h.Input].capacity, g.feature.Width(t.units)
	name := headName(h.Task, h.Level)
	added := &head{Head: h, trunk: t, classes: g.phase.Tasks[h.Task-1].Classes}
	if h.Adapt {
		for i := range added.adapted {
			added.adapted[i] = g.passingFloats(fmt.Sprintf("%s adapt%d", name, i+1), n, features)
			if g.use == forTraining {
				added.dAdapted[i] = g.passingFloats(fmt.Sprintf("%s adapt%d gradient", name, i+1), n, features)
			}
		}
	}
	if g.use == forTraining {
		if h.Loss == NoLoss {
			added.gradient = g.floats(name+" logits' gradient", gpu.Gradients, n, added.classes) // zeros that nobody writes
		} else {
			added.gradient = g.passingFloats(name+" logits' gradient", n, added.classes)
		}
	}
	g.heads = append(g.heads, added)
}

func (g *graph) trunkFor(h Head) *trunk {
	i := slices.IndexFunc(g.trunks, func(t *trunk) bool { return t.key == h.Trunk && t.input == h.Input })
	if i >= 0 {
		return g.trunks[i]
	}
	t := &trunk{key: h.Trunk, input: h.Input, stem: g.stemFor(h.Trunk[0], h.Input), units: layers.NewUnitSet(h.Units...)}
	n, features := g.inputs[h.Input].capacity, g.feature.Width(t.units)
	name := headName(t.key[0], t.key[1])
	for _, b := range g.blocks {
		t.blocks = append(t.blocks, g.trunkBlock(name+"."+b.name, n, b.conv2.OutSize(), b.conv2.Out.Width(t.units)))
	}
	t.pooled = g.passingFloats(name+" pooled", n, features)
	if g.use == forTraining {
		t.dPool = g.passingFloats(name+" pooled gradient", n, features)
		t.dStem = g.inside(name+" stem's gradient", n, t.stem.conv.OutSize(), g.stem.Total())
	}
	g.trunks = append(g.trunks, t)
	for i, b := range g.blocks {
		m := &t.blocks[i]
		m.norm1 = g.trunkNorm(t, b, 1, m.z1)
		m.norm2 = g.trunkNorm(t, b, 2, m.z2)
		m.sources = g.mapIndices(b.name+" shortcut", layers.ShortcutSources(b.conv1.In, g.blockUnits(b, t), b.conv1.Out, t.units))
		if g.use == forTraining {
			m.targets = g.mapIndices(b.name+" shortcut's gradient", layers.ShortcutTargets(b.conv1.In, g.blockUnits(b, t), b.conv1.Out, t.units))
		}
	}
	return t
}

// blockUnits are the units whose maps a trunk's block reads: all of the stem's, else its own.
func (g *graph) blockUnits(b block, t *trunk) layers.UnitSet {
	if b.readsStem {
		return g.allUnits()
	}
	return t.units
}

func (g *graph) stemFor(task, input int) *stem {
	i := slices.IndexFunc(g.stems, func(s *stem) bool { return s.task == task && s.input == input })
	if i >= 0 {
		return g.stems[i]
	}
	s := &stem{task: task, input: input, conv: g.stemConv(task)}
	n, size, maps, name := g.inputs[input].capacity, s.conv.OutSize(), g.stem.Total(), stemName(task)
	s.y = g.activations(name, n, size, maps)
	s.z = s.y
	if g.use == forTraining || g.batchStatistics() {
		s.z = g.inside(name+" convolution", n, size, maps)
	}
	if g.use == forTraining {
		s.dy = g.activations(name+" gradient", n, size, maps)
	}
	s.norm = g.norm(name+".bn", maps, s.z, g.phase.stemPasses(task) > 1)
	s.norm.Physical = g.identity
	g.stems = append(g.stems, s)
	return s
}

// stemsByTask groups the stems by their weights: one task's stem may see the images of several.
func (g *graph) stemsByTask() [][]*stem {
	var groups [][]*stem
	for _, s := range g.stems {
		i := slices.IndexFunc(groups, func(group []*stem) bool { return group[0].task == s.task })
		if i < 0 {
			groups = append(groups, nil)
			i = len(groups) - 1
		}
		groups[i] = append(groups[i], s)
	}
	return groups
}

// batchStatistics: batch-norm normalises with the statistics of the batch at hand (spec section 4).
func (g *graph) batchStatistics() bool {
	if g.use == forTraining {
		return g.phase.TrunkMode == TrunkTrain
	}
	return g.phase.BN == BNBatch
}

// trunkBlock asks for a block's tensors of one shape. Where batch-norm is part of the convolution there is no z.
func (g *graph) trunkBlock(name string, images, size, maps int) trunkBlock {
	forConvolutions := func(what string) layers.Activations { return g.activations(name+" "+what, images, size, maps) }
	inside := func(what string) layers.Activations { return g.inside(name+" "+what, images, size, maps) }
	b := trunkBlock{y1: forConvolutions("between"), y2: forConvolutions("output")}
	b.z1, b.z2 = b.y1, b.y2
	if g.use == forTraining || g.batchStatistics() {
		b.z1, b.z2 = inside("conv1"), inside("conv2")
	}
	if g.use == forTraining {
		b.dz1, b.dz2 = forConvolutions("gradient of conv1"), forConvolutions("gradient of conv2")
		b.dy1, b.dy2 = inside("gradient between"), inside("gradient of the output")
	}
	return b
}

// trunkNorm is the batch-norm of a trunk after convolution conv of a block.
func (g *graph) trunkNorm(t *trunk, b block, conv int, z layers.Activations) layers.Norm {
	maps := b.conv1.Out
	shared := g.phase.BN == BNShared || g.phase.trunkPasses(t.key) > 1
	n := g.norm(g.phase.trunkNormName(t.key, b.normName(conv)), maps.Width(t.units), z, shared)
	n.Physical = g.identity
	if g.phase.BN == BNShared {
		physical := make([]int32, 0, n.Maps)
		for _, c := range maps.Physical(t.units) {
			physical = append(physical, int32(c))
		}
		n.Physical = g.ints("physical maps", physical)
	}
	return n
}

// norm is a batch-norm of maps maps after z; shared: other passes of the phase have the same parameters.
func (g *graph) norm(name string, maps int, z layers.Activations, shared bool) layers.Norm {
	n := layers.Norm{
		Maps:  maps,
		Table: g.floats(name+" table", gpu.Activations, layers.NormTableFloats(maps)),
		Gamma: g.store.value(name + ".weight"), Beta: g.store.value(name + ".bias"),
		RunningMean: g.store.value(name + ".running_mean"), RunningVar: g.store.value(name + ".running_var"),
		DGamma: g.store.gradient(name + ".weight"), DBeta: g.store.gradient(name + ".bias"),
	}
	if g.use == forTraining || g.batchStatistics() {
		n.Partials = g.passingFloats(name+" partial sums", g.kernels.NormPartials(z.Images, z.Size, maps))
	}
	if g.use == forTraining && shared {
		n.DGamma = g.floats(name+" gamma's gradient of one pass", gpu.Gradients, maps)
		n.DBeta = g.floats(name+" beta's gradient of one pass", gpu.Gradients, maps)
	}
	return n
}
