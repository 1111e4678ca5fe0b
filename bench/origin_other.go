//go:build !linux

package bench

import (
	"cmp"
	"fmt"
	"os"
	"runtime"
)

// processor is the host's, as Windows tells it, with the number of its cores.
func processor() string {
	return fmt.Sprintf("%s, %d cores", cmp.Or(os.Getenv("PROCESSOR_IDENTIFIER"), runtime.GOARCH), runtime.NumCPU())
}

// clockState: these systems have no file that tells.
func clockState() string { return "" }
