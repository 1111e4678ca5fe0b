package dvn

import (
	"runtime"
	"testing"

	"github.com/dvn-vk/dvn-vk/dvn/internal/ondevice"
	"github.com/dvn-vk/dvn-vk/layers"
)

func TestTheLeastIsNeverMoreThanWhatIsPlanned(t *testing.T) {
	joint := jointPhase("wrn-14-1", []float64{1, 1}, []int{1, 2}, Task{10, 3, 32, 1}, Task{100, 3, 32, 1})
	with := func(edit func(p *Phase)) Phase {
		p := joint.Normalised()
		edit(&p)
		return p
	}
	const third, some = 1. / 3, 0.
	cases := []struct {
		name  string
		phase Phase
		part  float64 // that the least of training is at least, by the kernels that the device prefers
	}{
		{"joint", joint, third},
		{"deep", jointPhase("resnet-18-4", []float64{1, 1}, []int{1, 2}, Task{5, 3, 32, 1}, Task{3, 1, 64, 2}), third},
		{"wide", jointPhase("wrn-8-4", []float64{1, 1}, []int{1, 2}, Task{10, 3, 32, 1}), third},
		{"units of odd widths", unevenPhase(), some},
		{"one head on tiny images", jointPhase("resnet-10-8", []float64{1}, []int{1}, Task{1, 1, 1, 1}), some},
		{"sequential", with(func(p *Phase) { distill(p.Heads[:2]) }), third},
		{"a teacher for each level", with(func(p *Phase) { p.Teacher = TeacherSame; distill(p.Heads[:2]) }), third},
		{"heads on one trunk", with(func(p *Phase) { p.Heads[3].Trunk = [2]int{1, 2} }), third},
		{"added layers", with(func(p *Phase) { p.Heads[1].Adapt, p.Heads[3].Adapt = true, true }), third},
		{"a head without a loss", with(func(p *Phase) { p.Heads[1].Loss = NoLoss }), third},
		{"shared batch-norm", with(func(p *Phase) { p.BN = BNShared }), third},
		{"statistics of the evaluated batch", with(func(p *Phase) { p.BN = BNBatch }), third},
		{"running statistics", with(func(p *Phase) { p.TrunkMode = TrunkEval }), third},
		{"frozen units", with(func(p *Phase) { p.FrozenUnits = 2 }), third},
		{"stems alone train", with(func(p *Phase) { p.Frozen = []string{"group*", "task*.group*", "task*.fc*"} }), third},
		{"batch-norms alone train", with(func(p *Phase) { p.Frozen = []string{"group*", "task*.stem.weight", "task*.fc*"} }), some},
		{"classifiers alone train", with(func(p *Phase) { p.Frozen = []string{"group*", "task*.stem*", "task*.bn*", "task*.group*"} }), some},
	}
	for _, variant := range []layers.Variant{layers.Auto, layers.Flat, layers.Winograd, layers.Gemm} {
		t.Run(string(variant), func(t *testing.T) {
			t.Setenv("DVNVK_CONV_VARIANT", string(variant))
			ondevice.RunAll(t, func(t *testing.T, k *layers.Kernels) {
				for _, c := range cases {
					t.Run(c.name, func(t *testing.T) {
						part, n := c.part, map[int]int{1: 16, 2: 12}
						if variant != layers.Auto || k.Device.RedZones() { // between which no tensors share memory
							part = some
						}
						least, err := LeastTrainer(k, c.phase, n)
						if err != nil {
							t.Fatal(err)
						}
						predicted, err := PredictTrainer(k, c.phase, []*Phase{&c.phase}, n)
						if err != nil {
							t.Fatal(err)
						}
						wantLeast(t, "training", least, predicted, part)

						if least, err = LeastEvaluator(k, c.phase, n); err != nil {
							t.Fatal(err)
						}
						if predicted, err = PredictEvaluator(k, c.phase, n); err != nil {
							t.Fatal(err)
						}
						wantLeast(t, "evaluation", least, predicted, part/3)
					})
				}
			})
		})
	}
}

// distill lets heads learn from the old network on the images of task 2.
func distill(heads []Head) {
	for i := range heads {
		heads[i].Loss, heads[i].Input = Distillation, 2
	}
}

// wantLeast checks that the least is from a part of what is predicted to all of it.
func wantLeast(t *testing.T, what string, least uint64, predicted Memory, part float64) {
	t.Helper()
	of := float64(least) / float64(predicted.Total())
	t.Logf("%s: at least %d bytes, %.0f %% of what is predicted", what, least, 100*of)
	if least == 0 || of > 1 || of < part {
		t.Errorf("%s: at least %d bytes and %d are predicted: %.0f %%, want %.0f to 100", what, least, predicted.Total(), 100*of, 100*part)
	}
}

func TestTheLeastOfAbsurdNetworksIsToldInLittleMemory(t *testing.T) {
	const (
		mostBytes  = 16 << 20  // on the host: sketches of such networks take gigabytes
		leastBytes = 256 << 30 // on the device
	)
	heads := jointPhase("resnet-10-1", []float64{1}, []int{1}, Task{2, 1, 1024, 1})
	heads.Heads = nil
	for l := range 7000 {
		heads.Heads = append(heads.Heads, Head{Task: 1, Level: l + 1, Units: []int{1}})
	}
	for _, c := range []struct {
		name  string
		phase Phase
	}{
		{"many heads", heads},
		{"wide", jointPhase("wrn-8-1000", []float64{1, 1}, []int{1, 2}, Task{10, 3, 32, 1})},
		{"wide and deep", jointPhase("wrn-4094-1000", []float64{1, 1}, []int{1, 2}, Task{10, 3, 32, 1})},
	} {
		t.Run(c.name, func(t *testing.T) {
			ondevice.Run(t, func(t *testing.T, k *layers.Kernels) {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				least, err := LeastTrainer(k, c.phase, map[int]int{1: 1})
				runtime.ReadMemStats(&after)
				if err != nil || least < leastBytes {
					t.Errorf("at least %d bytes (%v), want more than %d", least, err, uint64(leastBytes))
				}
				if taken := after.TotalAlloc - before.TotalAlloc; taken > mostBytes {
					t.Errorf("%d bytes were allocated on the host, more than %d", taken, mostBytes)
				}
			})
		})
	}
}
