package conformance

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/fnv"
	"strings"
	"testing"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/gpu/ondevice"
	"github.com/dvn-vk/dvn-vk/layers"
)

// inEveryPrecision runs a test on every device in every precision that it has.
func inEveryPrecision(t *testing.T, test func(t *testing.T, d *gpu.Device, p layers.Precision)) {
	t.Helper()
	for _, p := range layers.Precisions() {
		t.Run(string(p), func(t *testing.T) {
			ondevice.Run(t, func(t *testing.T, d *gpu.Device) {
				if p == layers.FP16 && !d.Info.Features.Storage16 {
					t.Skip("the device has no 16-bit storage")
				}
				test(t, d, p)
			})
		})
	}
}

func TestEveryOperationAgreesWithItsReference(t *testing.T) {
	ondevice.Run(t, func(t *testing.T, d *gpu.Device) {
		last := 0
		results, err := Run(t.Context(), d, layers.FP32, func(done, total int) {
			if done <= last || done > total {
				t.Errorf("progress says %d of %d after %d", done, total, last)
			}
			last = done
		})
		if err != nil {
			t.Fatal(err)
		}
		if cases := compared(t, results, 30); cases < 1000 || last != cases {
			t.Errorf("%d cases, progress ended at %d; at least 1000 are promised", cases, last)
		}
	})
}

// A third of the cases: shapes and heads are the business of code that both precisions share.
func TestEveryOperationAgreesWithItsReferenceInHalves(t *testing.T) {
	ondevice.Run(t, func(t *testing.T, d *gpu.Device) {
		if !d.Info.Features.Storage16 {
			t.Skip("the device has no 16-bit storage")
		}
		everyThird := func(_ string, index int) bool { return index%3 == 0 }
		results, err := run(t.Context(), d, families(), options{precision: layers.FP16, only: everyThird})
		if err != nil {
			t.Fatal(err)
		}
		compared(t, results, 10)
	})
}

// compared fails for results that are not OK, or of fewer cases than there must be, and counts all.
func compared(t *testing.T, results []Result, fewest int) (cases int) {
	t.Helper()
	for _, r := range results {
		cases += r.Cases
		t.Logf("%-30s %4d cases, worst error %.2g", r.Op, r.Cases, r.WorstError)
		mustBeOK(t, r)
		if r.Cases < fewest || r.WorstError <= 0 {
			t.Errorf("%s: %d cases with a worst error of %g: is anything compared?", r.Op, r.Cases, r.WorstError)
		}
	}
	return cases
}

func mustBeOK(t *testing.T, r Result) {
	t.Helper()
	if !r.OK {
		t.Errorf("%s: %s", r.Op, r.Worst)
	}
}

// everyTenth is the smaller grid.
func everyTenth(_ string, index int) bool { return index%10 == 3 }

// bits runs the smaller grid, and returns a sum of all memory afterwards, scratch included.
func bits(t *testing.T, d *gpu.Device, p layers.Precision) uint64 {
	t.Helper()
	sum := fnv.New64a()
	results, err := run(t.Context(), d, families(), options{precision: p, only: everyTenth, after: func(memory []float32) error {
		return binary.Write(sum, binary.LittleEndian, memory)
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		mustBeOK(t, r)
	}
	return sum.Sum64()
}

func TestBitsAreTheSameWhateverTheSwitches(t *testing.T) {
	type run struct {
		device    string
		precision layers.Precision
	}
	want := map[run]uint64{}
	inEveryPrecision(t, func(t *testing.T, d *gpu.Device, p layers.Precision) {
		want[run{d.Info.Name, p}] = bits(t, d, p)
		if again := bits(t, d, p); again != want[run{d.Info.Name, p}] {
			t.Errorf("the same cases gave %x, then %x", want[run{d.Info.Name, p}], again)
		}
	})
	for _, c := range []struct{ name, variable, value string }{
		{"operations in a random order that dependencies allow", "DVNVK_SHUFFLE", "20"},
		{"memory that the host cannot reach", "DVNVK_FORCE_STAGING", "1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(c.variable, c.value)
			inEveryPrecision(t, func(t *testing.T, d *gpu.Device, p layers.Precision) {
				if got := bits(t, d, p); got != want[run{d.Info.Name, p}] {
					t.Errorf("got %x, without the switch %x", got, want[run{d.Info.Name, p}])
				}
			})
		})
	}
}

func TestNothingIsWrittenBesideBuffers(t *testing.T) {
	t.Setenv("DVNVK_RED_ZONES", "1")
	inEveryPrecision(t, func(t *testing.T, d *gpu.Device, p layers.Precision) {
		_, err := run(t.Context(), d, families(), options{precision: p, only: everyTenth, after: func([]float32) error { return d.CheckRedZones() }})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestKernelsWithout64BitLoadsAgree(t *testing.T) {
	t.Setenv("DVNVK_DISABLE_INT64", "1")
	inEveryPrecision(t, func(t *testing.T, d *gpu.Device, p layers.Precision) { bits(t, d, p) })
}

func TestRunStopsWithItsContext(t *testing.T) {
	ondevice.Run(t, func(t *testing.T, d *gpu.Device) {
		ctx, cancel := context.WithCancel(t.Context())
		total := 0
		_, err := Run(ctx, d, layers.FP32, func(done, of int) {
			total = of - done
			cancel()
		})
		if !errors.Is(err, context.Canceled) || total <= 0 {
			t.Errorf("got %v with %d cases to do, want context.Canceled before the last", err, total)
		}
	})
}

// A wrong expectation stands for a wrong kernel: the case that carries it must be found, and no other.
func TestFaultsAreFound(t *testing.T) {
	pool := func(fault func(t *trial, x layers.Activations, pooled gpu.Range)) family {
		return family{op: "pool", cases: 3, make: func(t *trial) {
			t.describe("faulty from the third on")
			x := t.tensor(2, 3, 4)
			h := layers.PoolHead{X: t.activations("x", x), Pooled: t.output("pooled", 8)}
			want := layers.PoolForwardRef(x)
			t.expect("pooled", h.Pooled, []int{2, 4}, want, absolute(want), allowed(plain, 1000))
			if t.index == 2 {
				fault(t, h.X, h.Pooled)
			}
			t.builder.PoolForward([]layers.PoolHead{h})
		}}
	}
	for _, c := range []struct {
		name  string
		fault func(t *trial, x layers.Activations, pooled gpu.Range)
		worst string
	}{
		{"none", func(*trial, layers.Activations, gpu.Range) {}, ""},
		{"a number a little off", func(t *trial, _ layers.Activations, _ gpu.Range) {
			t.memory.slot().checks[0].want[5] *= 1 + 1e-4
		}, "case 2, faulty from the third on: pooled[1 1] is"},
		{"a number that nothing writes", func(t *trial, _ layers.Activations, _ gpu.Range) {
			extra := t.output("extra", 1)
			t.expect("extra", extra, []int{1}, []float64{1}, []float64{1}, allowed(plain, 1))
		}, "extra[0] is NaN, the reference says 1"},
		{"a number where none was expected", func(t *trial, _ layers.Activations, pooled gpu.Range) {
			t.memory.uses[int(pooled.Offset/4)+7] = kept
		}, "float 7 of pooled, which is no output of this case, was overwritten"},
		{"an input in which NaN was read", func(t *trial, x layers.Activations, _ gpu.Range) {
			t.memory.before[positions(x)[0]] = t.memory.before[x.Offset/4-1]
		}, "pooled[0 0] is NaN"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ondevice.Run(t, func(t *testing.T, d *gpu.Device) {
				results, err := run(t.Context(), d, []family{pool(c.fault)}, options{})
				if err != nil {
					t.Fatal(err)
				}
				r := results[0]
				if r.OK != (c.worst == "") || !strings.Contains(r.Worst, c.worst) {
					t.Errorf("ok %v, %q; want a complaint with %q", r.OK, r.Worst, c.worst)
				}
			})
		})
	}
}
