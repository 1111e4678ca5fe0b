package training

import (
	"slices"
	"strings"
	"time"

	"github.com/dvn-vk/dvn-vk/dvn"
	"github.com/dvn-vk/dvn-vk/gpu"
)

// profiler adds up the operations of steps by kind.
type profiler struct {
	steps int
	wall  bool
	kinds map[string]*gpu.Sample // sums by kind
	count map[string]int
}

func newProfiler() *profiler {
	return &profiler{kinds: map[string]*gpu.Sample{}, count: map[string]int{}}
}

func (p *profiler) add(t *dvn.Trainer) error {
	samples, wall, err := t.Samples()
	if err != nil {
		return err
	}
	p.steps++
	p.wall = wall
	for _, s := range samples {
		sum := p.kinds[s.Kind]
		if sum == nil {
			sum = &gpu.Sample{Kind: s.Kind}
			p.kinds[s.Kind] = sum
		}
		sum.Duration += s.Duration
		sum.FLOPs += s.FLOPs
		sum.Bytes += s.Bytes
		p.count[s.Kind]++
	}
	return nil
}

// summary lists the kinds, the heaviest first; nil without a profile.
func (p *profiler) summary() *Profile {
	if p == nil || p.steps == 0 {
		return nil
	}
	out := &Profile{Steps: p.steps, Wall: p.wall}
	for _, s := range p.kinds {
		out.Total += s.Duration
	}
	for kind, s := range p.kinds {
		seconds := max(s.Duration, time.Nanosecond).Seconds()
		out.Operations = append(out.Operations, ProfileRow{
			Kind: kind, Count: p.count[kind], Duration: s.Duration, Share: float64(s.Duration) / float64(out.Total),
			GFLOPS: s.FLOPs / seconds / 1e9, GBS: s.Bytes / seconds / 1e9,
		})
	}
	slices.SortFunc(out.Operations, func(a, b ProfileRow) int {
		if a.Duration != b.Duration {
			return int(b.Duration - a.Duration)
		}
		return strings.Compare(a.Kind, b.Kind)
	})
	return out
}
