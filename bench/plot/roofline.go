package plot

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/dvn-vk/dvn-vk/bench"
)

// Roofline draws the rate of each convolution of one device against its arithmetic intensity, operations over the bytes that it
// must at least read and write: a colour for each direction, a glyph for each variant. Above them are the device's ceilings:
// its copy bandwidth, and its rate of multiply-adds in fp32 and in what else the records compute in (S. Williams, A. Waterman
// and D. Patterson, Roofline, 2009). Kernels may lie above the slope, where what they read is still in a cache, and by Winograd
// above the flat part: their operations are counted as those of the direct convolution. It fails if records are of several
// devices, if none is of a convolution with its rates, or if the ceilings lack a copy or multiply-adds in fp32 of that device.
func Roofline(records []bench.Record, ceilings bench.Ceilings) (*Picture, error) {
	records = slices.DeleteFunc(slices.Clone(records), func(r bench.Record) bool {
		return !strings.HasPrefix(r.What, "conv-") || r.GFLOPS <= 0 || r.GBPerS <= 0
	})
	if len(records) == 0 {
		return nil, errors.New("no record is of a convolution with its rates: there is nothing to plot; see dvn-vk bench kernels")
	}
	var places, directions, variants names
	for _, r := range records {
		places.number(place(r))
		directions.number(r.What)
		variants.number(variant(r, records))
	}
	if len(places) > 1 {
		return nil, fmt.Errorf("a roofline is that of one device, and there are %s: plot each alone", strings.Join(places, "; "))
	}
	ceilings = slices.DeleteFunc(slices.Clone(ceilings), func(r bench.Record) bool { return place(r) != places[0] })
	if ceilings.Copy() <= 0 || ceilings.FMA("fp32") <= 0 {
		return nil, errors.New("no ceilings of " + places[0] + ", for copies and multiply-adds in fp32: see dvn-vk bench device")
	}
	p := newPicture("Roofline of "+places[0], "arithmetic intensity, FLOP/byte", "GFLOP/s")
	if err := p.roofs(records, ceilings); err != nil {
		return nil, err
	}
	for i, what := range directions {
		for j, v := range variants {
			var points plotter.XYs
			for _, r := range records {
				if r.What == what && variant(r, records) == v {
					points = append(points, plotter.XY{X: r.GFLOPS / r.GBPerS, Y: r.GFLOPS})
				}
			}
			if err := p.line(points, style{colour: colour(i), glyph: glyph(j), noLine: true}); err != nil {
				return nil, err
			}
		}
		p.explain(what, style{colour: colour(i), glyph: glyph(0), noLine: true})
	}
	for j, v := range variants {
		p.explain(v, style{colour: grey(), glyph: glyph(j), noLine: true})
	}
	p.fit()
	return p, nil
}

// intensities are the least and the largest of records.
func intensities(records []bench.Record) (low, high float64) {
	for i, r := range records {
		intensity := r.GFLOPS / r.GBPerS
		if i == 0 {
			low, high = intensity, intensity
		}
		low, high = min(low, intensity), max(high, intensity)
	}
	return low, high
}

// roofs draws the ceilings so that both their slope and their flat parts are seen, beyond the intensities of the kernels.
func (p *Picture) roofs(records []bench.Record, ceilings bench.Ceilings) error {
	bandwidth, peak := ceilings.Copy(), 0.0
	precisions := precisionsOf(records)
	for _, precision := range precisions {
		peak = max(peak, ceilings.FMA(precision))
	}
	low, high := intensities(records)
	left, right := min(low, ceilings.FMA("fp32")/bandwidth)/2, 2*max(high, peak/bandwidth)
	slope := style{colour: grey(), dashes: dashes()}
	if err := p.line(plotter.XYs{{X: left, Y: left * bandwidth}, {X: peak / bandwidth, Y: peak}}, slope); err != nil {
		return err
	}
	p.explain(fmt.Sprintf("copies: %.3g GB/s", bandwidth), slope)
	for i, precision := range precisions {
		rate := ceilings.FMA(precision)
		if rate <= 0 {
			continue
		}
		flat := style{colour: grey(), dashes: [][]vg.Length{nil, {2, 2}, {8, 2, 2, 2}}[i]}
		if err := p.line(plotter.XYs{{X: rate / bandwidth, Y: rate}, {X: right, Y: rate}}, flat); err != nil {
			return err
		}
		p.explain(fmt.Sprintf("multiply-adds, %s: %.4g GFLOP/s", precision, rate), flat)
	}
	return nil
}

// precisionsOf names the ceilings that matter to records: fp32, and the others where a kernel computes so.
func precisionsOf(records []bench.Record) []string {
	precisions := []string{"fp32"}
	for _, other := range []string{"fp16", "matrix"} {
		if slices.ContainsFunc(records, func(r bench.Record) bool { return r.Precision == other || r.Variant == other }) {
			precisions = append(precisions, other)
		}
	}
	return precisions
}
