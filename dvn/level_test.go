package dvn

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dvn-vk/dvn-vk/dvn/internal/ondevice"
	"github.com/dvn-vk/dvn-vk/dvn/network"
	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// learned is a source like a network that has learned something: no gamma is 1 and no running statistic what it began with.
func learned(t *Tensor) ([]float32, error) {
	values, err := Random(7)(t)
	if err != nil || t.fans[0] > 0 {
		return values, err
	}
	whole := make([]float32, product(t.Shape))
	random := rand.New(rand.NewPCG(8, hashName(t.Name)))
	for i := range whole {
		whole[i] = t.fill + float32(random.Float64()-0.5)
	}
	return t.held(whole), nil
}

// severalUnits is a phase whose task 2 has levels of units that are not neighbours.
func severalUnits(bn string) Phase {
	p := jointPhase("resnet-10-8", []float64{1, 2, 2, 3}, []int{1, 2, 4}, Task{5, 3, 8, 1}, Task{7, 1, 8, 1})
	p.BN = bn
	for i := range p.Heads {
		if h := &p.Heads[i]; h.Task == 2 {
			h.Units = [][]int{{4}, {2, 4}, {1, 2, 4}}[h.Level-1]
		}
	}
	return p
}

func newInference(t *testing.T, k *layers.Kernels, p Phase, id HeadID, from Source, batch int) *Inference {
	t.Helper()
	level, err := LoadLevel(k, p, id, from)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(level.Close)
	inference, err := level.NewInference(batch, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(inference.Close)
	return inference
}

// The kernels add up the same numbers in the same order, wherever they lie: the bits are the same.
func TestALevelThatIsLoadedAloneGivesTheBitsOfTheWholeNetwork(t *testing.T) {
	ondevice.RunAll(t, func(t *testing.T, k *layers.Kernels) {
		for _, bn := range []string{BNPrivate, BNShared, BNBatch} {
			t.Run(bn, func(t *testing.T) {
				p := severalUnits(bn)
				batches := randomBatches(p, 1, map[int]int{1: 3, 2: 3})
				for _, variant := range []layers.Variant{layers.Flat, layers.Winograd} {
					k, err := layers.NewKernelsOf(k.Device, layers.Selection{Variant: variant, Precision: k.Precision()})
					if err != nil {
						t.Fatal(err)
					}
					whole := newStore(t, k, 1, &p)
					if err := whole.Load(learned); err != nil {
						t.Fatal(err)
					}
					for _, h := range p.Heads {
						alone, err := p.Alone(idOf(h))
						if err != nil {
							t.Fatal(err)
						}
						images := batches[h.Task].Images
						want := run(t, newEvaluator(t, k, whole, alone, map[int]int{h.Task: 3}), batches).Logits(idOf(h))
						for from, source := range map[string]Source{"the same source": learned, "its store": whole.Source()} {
							inference := newInference(t, k, p, idOf(h), source, 3)
							if !slices.ContainsFunc(inference.Variants(), func(v layers.Variant) bool { return v.Family() == variant }) {
								t.Errorf("%s: runs by %v", variant, inference.Variants())
							}
							got := make([]float32, len(want))
							for range 2 { // the second time nothing is left of the first
								clear(got)
								if err := inference.Run(images, got); err != nil {
									t.Fatal(err)
								}
								if i := firstDifference(want, got); i >= 0 || !finite(got...) {
									t.Fatalf("%s, %s from %s: logit %d of %v is not that of the whole network, %v", variant, idOf(h), from, i, got, want)
								}
							}
						}
					}
				}
			})
		}
	})
}

// A level's weights on the device are its parameters, batch-norm and biases included, and little more, beside what the kernels
// prepare of them.
func TestALevelTakesMemoryInProportionToItsParameters(t *testing.T) {
	t.Setenv("DVNVK_CONV_VARIANT", string(layers.Flat)) // which prepares nothing on most devices, and never more than the weights
	for _, bn := range []string{BNPrivate, BNShared} {
		t.Run(bn, func(t *testing.T) {
			p := jointPhase("resnet-10", []float64{1, 1, 1, 1}, []int{1, 2, 3, 4}, Task{10, 3, 8, 1}, Task{10, 3, 8, 1})
			p.BN = bn
			p.Heads[5].Units = []int{1, 4} // of task 2, level 2
			backbone, err := network.ParseBackbone(p.Backbone)
			if err != nil {
				t.Fatal(err)
			}
			ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
				for _, h := range p.Heads {
					inference := newInference(t, k, p, idOf(h), Random(1), 1)
					used := k.Device.Usage()
					counted, err := backbone.HeadParameters(p.Shares, h.Units, 10, 3)
					if err != nil {
						t.Fatal(err)
					}
					parameters := uint64(0)
					for _, tensor := range inference.level.store.order {
						parameters += 4 * uint64(tensor.Len())
					}
					want := 4 * uint64(counted.Weights()+counted.Bias+2*counted.BatchNorm) // batch-norm's statistics are as many again
					if parameters != want {
						t.Errorf("%s: the tensors have %d bytes, want %d", idOf(h), parameters, want)
					}
					prepared := uint64(0)
					for _, use := range inference.graph.convUses() {
						prepared += use.conv.Memory.Prepared[layers.Forward].Size
					}
					if weights := used[gpu.Weights] - prepared; weights < want || float64(weights) > 1.1*float64(want) || prepared > want {
						t.Errorf("%s: %d bytes on the device for tensors of %d, and %d prepared", idOf(h), weights, want, prepared)
					}
					for purpose, bytes := range inference.Memory() {
						if off := float64(used[purpose]) / float64(bytes); k.Device.Info.Features.Unified && (off < 0.99 || off > 1.2) {
							t.Errorf("%s: %s takes %d bytes, it says %d", idOf(h), purpose, used[purpose], bytes)
						}
					}
					inference.Close()
					inference.level.Close()
				}
			})
		})
	}
}

func TestInferenceAllocatesNothingOnTheGoSide(t *testing.T) {
	t.Setenv("DVNVK_VALIDATION", "") // what the layer says is fetched into Go's memory after every call
	p := smallPhase()
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		inference := newInference(t, k, p, HeadID{1, 2}, Random(1), 2)
		images, logits := randomBatches(p, 1, map[int]int{1: 2})[1].Images, make([]float32, 2*5)
		allocations := testing.AllocsPerRun(20, func() {
			if err := inference.Run(images, logits); err != nil {
				t.Fatal(err)
			}
		})
		if allocations != 0 {
			t.Errorf("%v allocations a run", allocations)
		}
	})
}

func TestInferencesThatCannotBeAreRefused(t *testing.T) {
	p := smallPhase()
	ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
		inference := newInference(t, k, p, HeadID{1, 1}, Random(1), 2)
		image := 8 * 8 * 3
		for name, c := range map[string]struct{ images, logits int }{
			"too few images":   {image, 10},
			"too many images":  {3 * image, 10},
			"half an image":    {3 * image / 2, 10},
			"too few logits":   {2 * image, 9},
			"too many logits":  {2 * image, 11},
			"nothing whatever": {0, 0},
		} {
			if err := inference.Run(make([]float32, c.images), make([]float32, c.logits)); err == nil {
				t.Errorf("%s: no error", name)
			}
		}
		if _, err := LoadLevel(k, p, HeadID{1, 3}, Random(1)); err == nil || !strings.Contains(err.Error(), "no head task1.level3") {
			t.Errorf("a level that is not there: %v", err)
		}
		broken := func(t *Tensor) ([]float32, error) { return nil, fmt.Errorf("tensor %s: missing", t.Name) }
		if _, err := LoadLevel(k, p, HeadID{1, 1}, broken); err == nil || !strings.Contains(err.Error(), "load task1.level1: tensor group1") {
			t.Errorf("a source without tensors: %v", err)
		}
	})
}

func TestSpansAreTheRunsThatALevelHolds(t *testing.T) {
	p := jointPhase("resnet-10-8", []float64{1, 1, 2}, []int{3}, Task{5, 3, 8, 1})
	for _, c := range []struct {
		name   string
		bn     string
		units  []int
		tensor string
		want   []Span
	}{
		{"all of a tensor is one run", BNPrivate, []int{1, 2, 3}, "group1.block1.conv2.weight", []Span{{0, 8 * 8 * 9}}},
		{"a unit's columns are a run in each of its rows", BNPrivate, []int{1}, "group1.block1.conv2.weight", []Span{{0, 18}, {72, 18}}},
		{"units that are not neighbours have two runs a row", BNPrivate, []int{1, 3}, "group1.block1.conv2.weight",
			[]Span{{0, 18}, {36, 36}, {72, 18}, {108, 36}, {288, 18}, {324, 36}, {360, 18}, {396, 36}, {432, 18}, {468, 36}, {504, 18}, {540, 36}}},
		{"rows that read the stem are whole", BNPrivate, []int{2, 3}, "group1.block1.conv1.weight", []Span{{2 * 72, 6 * 72}}},
		{"shared batch-norm is cut", BNShared, []int{1, 3}, "group1.block1.bn2.weight", []Span{{0, 2}, {4, 4}}},
		{"private batch-norm is the level's own", BNPrivate, []int{1, 3}, "task1.level1.group1.block1.bn2.running_var", []Span{{0, 6}}},
		{"so is its classifier", BNShared, []int{3}, "task1.level1.fc.weight", []Span{{0, 5 * 32}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := p.Normalised()
			p.BN, p.Heads[0].Units = c.bn, c.units
			store, err := layOutStore(layers.NewUnitSet(c.units...), &p)
			if err != nil {
				t.Fatal(err)
			}
			tensor, ok := store.Tensor(c.tensor)
			if !ok {
				t.Fatalf("no tensor %s", c.tensor)
			}
			if diff := cmp.Diff(c.want, tensor.Spans()); diff != "" {
				t.Error(diff)
			}
			length := 0
			for _, s := range c.want {
				length += s.Len
			}
			if tensor.Len() != length {
				t.Errorf("the device holds %d values, the runs have %d", tensor.Len(), length)
			}
		})
	}
}
