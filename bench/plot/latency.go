package plot

import (
	"errors"
	"image/color"
	"maps"
	"slices"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/dvn-vk/dvn-vk/bench"
)

// Latency draws the time of an image against the parameters of the level that it goes through: a colour for each device and
// driver in the records, a glyph for each backbone. A full line is an image alone (batch 1), a dashed one an image of a batch:
// the median time over the batch, of the batch size where this is least. It fails if no record is of inference.
func Latency(records []bench.Record) (*Picture, error) {
	records = slices.DeleteFunc(slices.Clone(records), func(r bench.Record) bool { return r.What != bench.WhatInfer || r.Params < 1 || r.Batch < 1 })
	if len(records) == 0 {
		return nil, errors.New("no record is of the inference of a level: there is nothing to plot; see dvn-vk bench infer")
	}
	p := newPicture("Time of an image by level", "parameters of the level", "time of an image, ms")
	var places, backbones names
	for _, r := range records {
		places.number(place(r))
		backbones.number(network(r, records))
	}
	for i, at := range places {
		for j, b := range backbones {
			mine := slices.DeleteFunc(slices.Clone(records), func(r bench.Record) bool { return place(r) != at || network(r, records) != b })
			for _, s := range []style{{colour: colour(i), glyph: glyph(j)}, {colour: colour(i), glyph: glyph(j), dashes: dashes()}} {
				if err := p.line(latencies(mine, s.dashes != nil), s); err != nil {
					return nil, err
				}
			}
		}
		p.explain(at, style{colour: colour(i)})
	}
	for j, b := range backbones {
		p.explain(b, style{colour: grey(), glyph: glyph(j), noLine: true})
	}
	p.explain("one image alone", style{colour: grey()})
	p.explain("an image of a batch, at the best batch size", style{colour: grey(), dashes: dashes()})
	p.fit()
	return p, nil
}

func grey() color.Color { return color.Gray{Y: 90} }

func dashes() []vg.Length { return []vg.Length{5, 3} }

// latencies are the least times of an image by parameters: alone, or over all batch sizes; of several runs the fastest.
func latencies(records []bench.Record, batched bool) plotter.XYs {
	least := map[int]float64{}
	for _, r := range records {
		ms := r.MedianMS / float64(r.Batch)
		if old, ok := least[r.Params]; (batched || r.Batch == 1) && (!ok || ms < old) {
			least[r.Params] = ms
		}
	}
	var points plotter.XYs
	for _, params := range slices.Sorted(maps.Keys(least)) {
		points = append(points, plotter.XY{X: float64(params), Y: least[params]})
	}
	return points
}
