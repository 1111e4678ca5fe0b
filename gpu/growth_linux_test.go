package gpu

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"testing"
)

// A step of training exchanges data, runs a list and now and then makes and frees something. Whatever it leaves behind
// adds up over a run of millions.
func TestMemoryDoesNotGrowOverThousandsOfSteps(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	// In a process of its own, for other tests' memory to stay away, and without the layer, which keeps books.
	if !inOwnProcess(t, "DVNVK_VALIDATION=0", "DVNVK_FORCE_STAGING=1") {
		return
	}
	const (
		steps           = 20_000
		bytesPerStep    = 150 // the binding would leave 250 to 400 behind at each call that creates something
		mostGrowthBytes = steps * bytesPerStep
	)
	onEveryDevice(t, func(t *testing.T, d *Device) {
		e, err := d.NewExchange("exchange", 4096)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(e.Free)
		x := newFloats(t, d, "x", repeat(1024, 1)...)
		r := d.NewRecorder()
		r.Upload(e, 0, 4096)
		r.Dispatch(axpy(t, d, "axpy", 1, x, e.Buffer()))
		r.Download(e, 0, 4096)
		l := build(t, r, "step", true)
		step := func(k int) {
			clear(e.Host())
			run(t, l)
			if _, _, err := l.Samples(); err != nil {
				t.Fatal(err)
			}
			floats(t, x) // creates and frees a command buffer
			again, err := r.Build("another batch size", true)
			if err != nil {
				t.Fatal(err)
			}
			again.Close()
			if k%100 == 0 { // drivers take milliseconds for new memory
				buffer, err := d.NewBuffer("a block of its own", Weights, blockSize+1)
				if err != nil {
					t.Fatal(err)
				}
				buffer.Free()
			}
		}
		for k := range 5000 { // until every pool and cache of the driver has its size
			step(k)
		}
		residentBefore, heapBefore := residentBytes(t), heapBytes()
		for k := range steps {
			step(k)
		}
		resident, heap := residentBytes(t)-residentBefore, heapBytes()-heapBefore
		t.Logf("over %d steps the process grew by %d bytes, Go's heap by %d", steps, resident, heap)
		if resident > mostGrowthBytes {
			t.Errorf("the process grew by %d bytes, more than %d a step", resident, bytesPerStep)
		}
		if heap > mostGrowthBytes/10 {
			t.Errorf("Go's heap grew by %d bytes, more than %d a step", heap, bytesPerStep/10)
		}
	})
}

// residentBytes is the memory of this process that is in use.
func residentBytes(t *testing.T) int64 {
	t.Helper()
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.ParseInt(string(bytes.Fields(statm)[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

func heapBytes() int64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC() // the second frees what finalizers held
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
