package dvn

import (
	"slices"

	"github.com/dvn-vk/dvn-vk/layers"
)

// sharing is a set of batch-norms with the same parameters: those of all trunks where bn is shared, or those of one trunk or
// stem that several tasks' images go through (spec section 4).
type sharing struct {
	layers.SharedNorm
	members []int // among the passes through the layer, in the order of (task, level)
}

// of picks the members' part of what every pass has.
func (s sharing) of(norms []layers.NormHead) []layers.NormHead {
	var picked []layers.NormHead
	for _, i := range s.members {
		picked = append(picked, norms[i])
	}
	return picked
}

// shareNorms finds the batch-norms of every layer that have the same parameters.
func (g *graph) shareNorms() {
	g.shared = map[string][]sharing{}
	for _, stems := range g.stemsByTask() {
		if len(stems) > 1 {
			g.share(stems[0].conv, stemName(stems[0].task)+".bn", g.stem.Total(), consecutive(len(stems)), nil)
		}
	}
	for _, b := range g.blocks {
		g.shareTrunkNorms(b.conv1, b.normName(1))
		g.shareTrunkNorms(b.conv2, b.normName(2))
	}
}

func (g *graph) shareTrunkNorms(c layers.Conv, norm string) {
	if g.phase.BN == BNShared {
		g.share(c, norm, c.Out.Total(), consecutive(len(g.trunks)), func(trunk int) []int { return c.Out.Physical(g.trunks[trunk].units) })
		return
	}
	for i, t := range g.trunks {
		var members []int
		for j, other := range g.trunks {
			if other.key == t.key {
				members = append(members, j)
			}
		}
		if len(members) > 1 && members[0] == i {
			g.share(c, g.phase.trunkNormName(t.key, norm), c.Out.Width(t.units), members, nil)
		}
	}
}

// share notes that members use the parameters called name, each of width maps. maps lists, for a member, which of them its
// own maps have; nil: the same.
func (g *graph) share(c layers.Conv, name string, width int, members []int, maps func(member int) []int) {
	if maps == nil {
		maps = func(int) []int { return consecutive(width) }
	}
	own := slices.Repeat([]int32{-1}, len(members)*width)
	for row, member := range members {
		for mine, parameter := range maps(member) {
			own[row*width+parameter] = int32(mine)
		}
	}
	g.shared[c.Name] = append(g.shared[c.Name], sharing{members: members, SharedNorm: layers.SharedNorm{
		Maps: width, DGamma: g.store.gradient(name + ".weight"), DBeta: g.store.gradient(name + ".bias"), Own: g.ints("own maps of "+name, own),
	}})
}

// mergeStatistics records scale and shift from the batch's statistics. With update the running ones follow, those of shared
// parameters one pass after another.
func (g *graph) mergeStatistics(b *layers.Builder, c layers.Conv, norms []layers.NormHead, update bool) {
	shared := g.shared[c.Name]
	var alone, together []layers.NormHead
	for i, n := range norms {
		if !update || slices.ContainsFunc(shared, func(s sharing) bool { return slices.Contains(s.members, i) }) {
			together = append(together, n)
		} else {
			alone = append(alone, n)
		}
	}
	if len(alone) > 0 {
		b.Merge(c.Name, alone, layers.BatchAndUpdate)
	}
	if len(together) > 0 {
		b.Merge(c.Name, together, layers.BatchStatistics)
	}
	if update {
		for _, s := range shared {
			b.SharedRunning(c.Name, s.SharedNorm, s.of(norms))
		}
	}
}
