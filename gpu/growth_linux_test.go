package gpu

import (
	"bytes"
	"os"
	"runtime"
	"slices"
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
		windows, steps = 16, 2000
		bytesPerStep   = 40 // one structure that is not freed after its call leaves about 100 a step
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
				buffer, err := d.NewBuffer("a block of its own", Weights, mostBlock+1)
				if err != nil {
					t.Fatal(err)
				}
				buffer.Free()
			}
		}
		// Drivers' pools grow now and then, by megabytes. What is lost at every step shows in most windows.
		var resident, heap []int64
		residentBefore, heapBefore := residentBytes(t), heapBytes()
		for range windows {
			for k := range steps {
				step(k)
			}
			residentNow, heapNow := residentBytes(t), heapBytes()
			resident, heap = append(resident, residentNow-residentBefore), append(heap, heapNow-heapBefore)
			residentBefore, heapBefore = residentNow, heapNow
		}
		t.Logf("in windows of %d steps the process grew by %d bytes, Go's heap by %d", steps, resident, heap)
		for what, growth := range map[string][]int64{"the process": resident, "Go's heap": heap} {
			slices.Sort(growth)
			if most := growth[windows*2/5]; most > steps*bytesPerStep {
				t.Errorf("%s grew by %d bytes or more in three of five windows", what, most)
			}
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
