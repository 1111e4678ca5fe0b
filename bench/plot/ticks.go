package plot

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// ticks are those of a logarithmic axis: at 1, 2 and 5 times the powers of ten, or at these alone where the range is wide.
type ticks struct{}

// wideDecades is where labels at 2 and 5 would crowd.
const wideDecades = 3

// Ticks implements plot.Ticker.
func (ticks) Ticks(low, high float64) []plot.Tick {
	var all []plot.Tick
	wide := math.Log10(high/low) > wideDecades
	for exponent := math.Floor(math.Log10(low)); exponent <= math.Log10(high); exponent++ {
		for digit := 1.0; digit < 10; digit++ {
			tick := plot.Tick{Value: digit * math.Pow(10, exponent)}
			if digit == 1 || !wide && (digit == 2 || digit == 5) {
				tick.Label = short(tick.Value)
			}
			if low <= tick.Value && tick.Value <= high {
				all = append(all, tick)
			}
		}
	}
	return all
}

// short writes a number in few characters: 0.02, 500, 20k, 1M.
func short(x float64) string {
	text := func(x float64) string { return strconv.FormatFloat(x, 'g', 3, 64) }
	switch {
	case x >= 1e6:
		return text(x/1e6) + "M"
	case x >= 1e3:
		return text(x/1e3) + "k"
	}
	return text(x)
}

// widen makes an axis reach beyond its data, to where at least two labels are.
func widen(a *plot.Axis) {
	a.Min, a.Max = a.Min/1.25, a.Max*1.25
	for labels(a) < 2 {
		a.Min, a.Max = a.Min/1.25, a.Max*1.25
	}
}

func labels(a *plot.Axis) int {
	n := 0
	for _, tick := range (ticks{}).Ticks(a.Min, a.Max) {
		if tick.Label != "" {
			n++
		}
	}
	return n
}
