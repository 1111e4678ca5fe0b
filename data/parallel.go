package data

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// inParallel calls do(0) to do(n-1) on all processors. After a failure it starts no more calls, waits for those that
// run, and returns the error of the lowest index: the one a plain loop would have met first.
func inParallel(n int, do func(i int) error) error {
	var (
		next    atomic.Int64
		failed  atomic.Bool
		workers sync.WaitGroup
		mu      sync.Mutex
		first   = n
		err     error
	)
	for range min(n, runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for !failed.Load() {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if e := do(i); e != nil {
					failed.Store(true)
					mu.Lock()
					if i < first {
						first, err = i, e
					}
					mu.Unlock()
				}
			}
		})
	}
	workers.Wait()
	return err
}
