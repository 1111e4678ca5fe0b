package bench

import (
	"slices"
	"testing"
)

func TestShapesAreReadAsTheyAreWritten(t *testing.T) {
	for text, want := range map[string]Shape{
		"64x32":       {In: 64, Out: 64, Size: 32, Stride: 1},
		"3-16x32":     {In: 3, Out: 16, Size: 32, Stride: 1},
		"64-128x32s2": {In: 64, Out: 128, Size: 32, Stride: 2},
		"64x96s3":     {In: 64, Out: 64, Size: 96, Stride: 3},
	} {
		var got Shape
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want || got.String() != text {
			t.Errorf("%s: %+v, written %v, %v; want %+v", text, got, got, err, want)
		}
	}
	for _, text := range []string{"", "64", "64x", "x32", "0x32", "64x0", "0-64x32", "64x32s4", "64x32s", "64x32x3", "64 x 32", "-64x32"} {
		if err := new(Shape).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

func TestABackboneHasEachShapeOnce(t *testing.T) {
	for _, c := range []struct {
		backbone string
		size     int
		want     []string
	}{
		{"wrn-14-1", 32, []string{"3-16x32", "16x32", "16-32x32s2", "32x16", "32-64x16s2", "64x8"}},
		{"resnet-10-8", 64, []string{"3-8x64s2", "8x32", "8-16x32s2", "16x16", "16-32x16s2", "32x8", "32-64x8s2", "64x4"}},
	} {
		shapes, err := Shapes(c.backbone, c.size)
		var got []string
		for _, s := range shapes {
			got = append(got, s.String())
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v; want %v", c.backbone, got, err, c.want)
		}
	}
	if _, err := Shapes("vgg-16", 32); err == nil {
		t.Error("an unknown backbone has shapes")
	}
}
