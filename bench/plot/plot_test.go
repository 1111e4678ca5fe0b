package plot

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"github.com/dvn-vk/dvn-vk/bench"
)

func infer(device string, params, batch int, ms float64) bench.Record {
	return bench.Record{What: bench.WhatInfer, Backbone: "wrn-32-4", Params: params, Batch: batch, MedianMS: ms, Precision: "fp32",
		Origin: bench.Origin{Device: device, Driver: "driver 1"}}
}

func convolution(what, variant string, gflops, gbPerS float64) bench.Record {
	return bench.Record{What: what, Variant: variant, Shape: "64x32", Batch: 32, MedianMS: 1, GFLOPS: gflops, GBPerS: gbPerS, Precision: "fp32",
		Origin: bench.Origin{Device: "gpu <1>", Driver: "driver 1"}}
}

func ceilings() bench.Ceilings {
	at := bench.Origin{Device: "gpu <1>", Driver: "driver 1"}
	return bench.Ceilings{
		{What: bench.WhatOp, Name: bench.CeilingFMA, Precision: "fp32", GFLOPS: 1000, MedianMS: 1, MinMS: 1, Origin: at},
		{What: bench.WhatOp, Name: bench.CeilingFMA, Precision: "fp16", GFLOPS: 2000, MedianMS: 1, MinMS: 1, Origin: at},
		{What: bench.WhatOp, Name: bench.CeilingCopy, Bytes: 1 << 28, GBPerS: 50, MedianMS: 1, MinMS: 1, Origin: at},
	}
}

// texts are what an SVG says; it fails if the picture is not well-formed.
func texts(t *testing.T, p *Picture) []string {
	t.Helper()
	svg, err := p.Encode("svg")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	decoder := xml.NewDecoder(bytes.NewReader(svg))
	for inText := false; ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			inText = token.Name.Local == "text"
		case xml.CharData:
			if inText {
				all = append(all, string(token))
			}
		case xml.EndElement:
			inText = false
		}
	}
}

func TestALatencyPlotNamesAxesDevicesBackbonesAndLines(t *testing.T) {
	other := infer("gpu 2", 2_000_000, 8, 1)
	other.Backbone = "resnet-42"
	p, err := Latency([]bench.Record{infer("gpu <1>", 1_000_000, 1, 2), infer("gpu <1>", 4_000_000, 1, 8), other})
	if err != nil {
		t.Fatal(err)
	}
	got := texts(t, p)
	for _, want := range []string{"parameters of the level", "time of an image, ms", "gpu <1>, driver 1", "gpu 2, driver 1", "wrn-32-4", "resnet-42",
		"one image alone", "an image of a batch, at the best batch size", "1M", "2M", "0.5", "5"} {
		if !slices.Contains(got, want) {
			t.Errorf("the plot does not say %q: %q", want, got)
		}
	}
}

func TestTheLatencyOfABatchIsThatOfItsBestSize(t *testing.T) {
	records := []bench.Record{infer("gpu", 9, 1, 5), infer("gpu", 9, 8, 16), infer("gpu", 9, 32, 96), infer("gpu", 4, 1, 3), infer("gpu", 16, 32, 320)}
	if diff := cmp.Diff(plotter.XYs{{X: 4, Y: 3}, {X: 9, Y: 5}}, latencies(records, false)); diff != "" {
		t.Errorf("alone (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(plotter.XYs{{X: 4, Y: 3}, {X: 9, Y: 2}, {X: 16, Y: 10}}, latencies(records, true)); diff != "" {
		t.Errorf("in a batch (-want +got):\n%s", diff)
	}
}

func TestARooflineNamesCeilingsDirectionsAndVariants(t *testing.T) {
	half := convolution(bench.WhatBackwardData, "winograd", 900, 9)
	half.Precision = "fp16"
	p, err := Roofline([]bench.Record{convolution(bench.WhatForward, "flat", 300, 3), half}, ceilings())
	if err != nil {
		t.Fatal(err)
	}
	got := texts(t, p)
	for _, want := range []string{"Roofline of gpu <1>, driver 1", "arithmetic intensity, FLOP/byte", "GFLOP/s", "conv-forward", "conv-backward_data",
		"flat, fp32", "winograd, fp16", "copies: 50 GB/s", "multiply-adds, fp32: 1000 GFLOP/s", "multiply-adds, fp16: 2000 GFLOP/s"} {
		if !slices.Contains(got, want) {
			t.Errorf("the plot does not say %q: %q", want, got)
		}
	}
	// Ridges at 1000/50 and 2000/50 and the kernels at 100, all with room around them; the roof is the highest.
	if x, y := p.plot.X, p.plot.Y; x.Min >= 20 || x.Max <= 100 || y.Min >= 300 || y.Max <= 2000 {
		t.Errorf("the axes reach from %v to %v and from %v to %v", x.Min, x.Max, y.Min, y.Max)
	}
}

func TestARooflineLeavesOutCeilingsOfPrecisionsThatNoKernelHas(t *testing.T) {
	p, err := Roofline([]bench.Record{convolution(bench.WhatForward, "flat", 300, 3)}, ceilings())
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(texts(t, p), "\n")
	if !strings.Contains(got, "multiply-adds, fp32") || strings.Contains(got, "fp16") {
		t.Errorf("the plot says %q, want the ceiling of fp32 alone", got)
	}
}

func TestWhatCannotBePlottedIsSaid(t *testing.T) {
	conv := convolution(bench.WhatForward, "flat", 300, 3)
	elsewhere := conv
	elsewhere.Device = "another"
	for _, test := range []struct {
		what string
		plot func() (*Picture, error)
		want string
	}{
		{"latency of convolutions", func() (*Picture, error) { return Latency([]bench.Record{conv}) }, "no record is of the inference"},
		{"roofline of inference", func() (*Picture, error) { return Roofline([]bench.Record{infer("gpu", 1, 1, 1)}, ceilings()) }, "no record is of a convolution"},
		{"roofline of two devices", func() (*Picture, error) { return Roofline([]bench.Record{conv, elsewhere}, ceilings()) }, "gpu <1>, driver 1; another, driver 1"},
		{"roofline without copies", func() (*Picture, error) { return Roofline([]bench.Record{conv}, ceilings()[:2]) }, "no ceilings of gpu <1>, driver 1"},
		{"roofline of another device", func() (*Picture, error) { return Roofline([]bench.Record{elsewhere}, ceilings()) }, "no ceilings of another, driver 1"},
		{"roofline without fp32", func() (*Picture, error) { return Roofline([]bench.Record{conv}, ceilings()[1:]) }, "no ceilings of gpu <1>, driver 1"},
	} {
		if _, err := test.plot(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", test.what, err, test.want)
		}
	}
}

func TestAPictureIsSavedByTheEndingOfItsName(t *testing.T) {
	p, err := Latency([]bench.Record{infer(strings.Repeat("a long name, ", 20), 1000, 1, 2)})
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for _, name := range []string{"a.svg", "a.png"} {
		if err := p.Save(filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.Open(filepath.Join(folder, "a.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	picture, err := png.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	if got, usual := picture.Bounds().Dx(), width*dotsPerInch/72; got <= usual {
		t.Errorf("%d pixels wide: a long name needs more than %d", got, usual)
	}
	if err := p.Save(filepath.Join(folder, "a.gif")); err == nil || !strings.Contains(err.Error(), "svg or png") {
		t.Errorf("error %v, want one that names svg and png", err)
	}
}

func TestEveryRangeOfAnAxisHasLabels(t *testing.T) {
	for _, test := range []struct {
		low, high float64
		want      []string
	}{
		{0.04, 3, []string{"0.05", "0.1", "0.2", "0.5", "1", "2"}},
		{1.5e5, 1.2e7, []string{"200k", "500k", "1M", "2M", "5M", "10M"}},
		{0.02, 3000, []string{"0.1", "1", "10", "100", "1k"}},
		{100, 1000, []string{"100", "200", "500", "1k"}},
	} {
		var got []string
		for _, tick := range (ticks{}).Ticks(test.low, test.high) {
			if tick.Label != "" {
				got = append(got, tick.Label)
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%v to %v (-want +got):\n%s", test.low, test.high, diff)
		}
	}
	for exponent := -5.0; exponent < 9; exponent += 0.1 {
		a := plot.Axis{Min: math.Pow(10, exponent), Max: math.Pow(10, exponent)}
		if widen(&a); labels(&a) < 2 || math.IsInf(a.Max, 1) {
			t.Errorf("an axis around one value, 1e%.1f, has %d labels", exponent, labels(&a))
		}
	}
}

func TestColoursAndGlyphsDiffer(t *testing.T) {
	colours, glyphs := map[string]bool{}, map[string]bool{}
	for i := range 7 {
		colours[fmt.Sprint(colour(i))] = true
	}
	for i := range 6 {
		glyphs[fmt.Sprintf("%T", glyph(i))] = true
	}
	if len(colours) != 7 || len(glyphs) != 6 {
		t.Errorf("%d colours and %d glyphs, want 7 and 6", len(colours), len(glyphs))
	}
}
