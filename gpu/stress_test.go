package gpu

import (
	"os/exec"
	"runtime"
	"sync"
	"testing"
)

// What C keeps of Go's memory must outlive the call: with the collector always running, and freed C memory overwritten,
// it does or this crashes. A round makes pipelines, records lists, submits them and moves memory.
func TestCollectorNeverTakesWhatVulkanReads(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	if !inOwnProcess(t, "GOGC=1", "MALLOC_PERTURB_=170") {
		return
	}
	const rounds = 100
	stop := allocateWithoutPause()
	defer stop()
	onEveryDevice(t, func(t *testing.T, d *Device) {
		x := newFloats(t, d, "x", repeat(64, 1)...)
		for round := range rounds {
			stressRound(t, d, round, x)
		}
		if len(d.pipelines.byKey) < 3*rounds {
			t.Errorf("%d pipelines, want 3 a round", len(d.pipelines.byKey))
		}
	})
	var after runtime.MemStats
	if runtime.ReadMemStats(&after); after.NumGC < rounds {
		t.Errorf("%d collections in %d rounds: nothing was stressed", after.NumGC, rounds)
	}
}

// With GOEXPERIMENT=cgocheck2 a Go pointer that is stored in C memory ends the program.
func TestNoGoPointerIsLeftInC(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles everything anew")
	}
	if len(selfCommand(t)) > 1 {
		t.Skip("under another C library: what is compiled here does not run there")
	}
	const test = "TestCollectorNeverTakesWhatVulkanReads"
	command := exec.Command("go", "test", "-count=1", "-v", "-run=^"+test+"$", ".")
	runChild(t, command, test, "GOEXPERIMENT=cgocheck2", "DVNVK_VALIDATION=0")
}

func stressRound(t *testing.T, d *Device, round int, x *Buffer) {
	t.Helper()
	y, err := d.NewBuffer("y", Activations, x.Size())
	if err != nil {
		t.Fatal(err)
	}
	defer y.Free()
	if err := y.All().Fill(0); err != nil {
		t.Fatal(err)
	}
	r := d.NewRecorder()
	for k := range 3 {
		op := axpy(t, d, "axpy", 1, x, y)
		op.Pipeline = axpyPipeline(t, d, 8, uint32(3*round+k+1))
		r.Dispatch(op)
	}
	l, err := r.Build("list", round%2 == 0)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	const runs = 30
	for range runs {
		if err := l.Run(); err != nil {
			t.Fatal(err)
		}
	}
	if round%2 == 0 {
		if _, _, err := l.Samples(); err != nil {
			t.Fatal(err)
		}
	}
	wantFloats(t, "y", floats(t, y), repeat(64, float32(runs*(9*round+6))))
}

// allocateWithoutPause keeps the collector busy until stop is called.
func allocateWithoutPause() (stop func()) {
	done := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		var kept [64][]byte
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
				kept[i%len(kept)] = make([]byte, 1<<(i%16))
			}
		}
	})
	return func() {
		close(done)
		group.Wait()
	}
}
