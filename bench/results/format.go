package results

import (
	"fmt"
	"strconv"

	"github.com/dvn-vk/dvn-vk/bench"
)

// number writes a count, and nothing where there is none.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// decimal writes a measured value with about three digits, and nothing where there is none.
func decimal(x float64) string {
	switch {
	case x == 0:
		return ""
	case x < 1:
		return fmt.Sprintf("%.3f", x)
	case x < 10:
		return fmt.Sprintf("%.2f", x)
	case x < 100:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.0f", x)
}

// ratio writes one value over another: 1.84x.
func ratio(over, under float64) string { return fmt.Sprintf("%.2fx", over/under) }

// share writes a part in percent, and nothing where there is none.
func share(part float64) string {
	if part == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f %%", 100*part)
}

// megabytes writes a size in 1e6 bytes.
func megabytes(n uint64) string { return decimal(float64(n) / 1e6) }

// drifts marks a record whose samples have a trend.
func drifts(r bench.Record) string {
	if r.Drift == 0 {
		return ""
	}
	return " (drifts)"
}
