package bench

import (
	"math"
	"strings"
	"testing"

	"github.com/dvn-vk/dvn-vk/dvn"
	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/gpu/ondevice"
	"github.com/dvn-vk/dvn-vk/layers"
)

// twoLevels are records as Levels.Run returns them: batches of 1 and 8.
func twoLevels() []Record {
	record := func(level, params int, density float64, batch int, ms float64, best bool) Record {
		return Record{
			What: WhatInfer, Backbone: "wrn-32-4", Units: []float64{1, 1}, Classes: []int{100}, Size: 32, Level: level, Params: params, Density: density,
			Batch: batch, MedianMS: ms, MemoryBytes: uint64(4 * params * batch), Best: best, Origin: Origin{Device: "a device"},
		}
	}
	return []Record{
		record(1, 1851824, 0.2512, 1, 2, false), record(1, 1851824, 0.2512, 8, 4, true),
		record(2, 7371184, 1, 1, 5, false), record(2, 7371184, 1, 8, 20, true),
	}
}

func TestTable2IsMadeOfALevelsBatches(t *testing.T) {
	rows, err := Table2(twoLevels())
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 2 {
		t.Fatalf("%d rows, want 2", len(rows))
	}
	for i, want := range []Table2Row{
		{Level: 1, Compression: 3.98, LatencyMS: 2, ImageMS: 0.5, Batch: 8, AloneSpeedUp: 2.5, ImageSpeedUp: 5, MemoryBytes: 4 * 1851824, PaperMS: 0.11},
		{Level: 2, Compression: 1, LatencyMS: 5, ImageMS: 2.5, Batch: 8, AloneSpeedUp: 1, ImageSpeedUp: 1, MemoryBytes: 4 * 7371184, PaperMS: 0.3},
	} {
		r := rows[i]
		if r.Level != want.Level || math.Abs(r.Compression-want.Compression) > 0.01 || r.LatencyMS != want.LatencyMS || r.ImageMS != want.ImageMS ||
			r.Batch != want.Batch || r.AloneSpeedUp != want.AloneSpeedUp || r.ImageSpeedUp != want.ImageSpeedUp || r.MemoryBytes != want.MemoryBytes ||
			r.PaperMS != want.PaperMS || r.PaperSpeedUp != 0 || len(r.Notes) != 0 {
			t.Errorf("row %d is\n%+v, want\n%+v", i, r, want)
		}
	}
}

func TestTable2NeedsOneImageAndTheBestBatch(t *testing.T) {
	withoutOne, withoutBest := twoLevels(), twoLevels()
	withoutOne[2].Batch, withoutBest[1].Best = 4, false
	for name, records := range map[string][]Record{"level 2 has no record": withoutOne, "level 1 has no record": withoutBest} {
		if _, err := Table2(records); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %q", err, name)
		}
	}
}

func TestThePapersFiguresStandBesideThePapersNetworkAlone(t *testing.T) {
	quarters := []Table2Row{{Density: 0.0629}, {Density: 0.2506}, {Density: 0.5629}, {Density: 1}}
	for _, c := range []struct {
		name     string
		backbone string
		size     int
		rows     []Table2Row
		want     string
	}{
		{"four quarters of resnet-42", "resnet-42", 64, quarters, "Table 2"},
		{"two of them are another configuration", "resnet-42", 64, quarters[:2], ""},
		{"three levels at 96 pixels", "resnet-42", 96, quarters[1:], "scenario J3, STL-10"},
		{"another size", "resnet-42", 32, quarters, ""},
		{"another backbone", "resnet-34", 64, quarters, ""},
		{"other shares", "wrn-32-4", 32, []Table2Row{{Density: 0.3}, {Density: 1}}, ""},
	} {
		if p, ok := paperOf(c.backbone, c.size, c.rows); p.where != c.want || ok != (c.want != "") {
			t.Errorf("%s: got %q, want %q", c.name, p.where, c.want)
		}
	}
}

func TestTable2IsWrittenForEachDevice(t *testing.T) {
	first, second := twoLevels(), twoLevels()
	for i := range second {
		second[i].Device, second[i].Drift = "another", 0.07
	}
	var text strings.Builder
	if err := WriteTable2(&text, "md", append(first, second...)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"- device: a device\n", "- device: another\n",
		"| 1 | 1.85M | 25.1 % | 4.0x | 2.000 | 0.5000 | 8 | 2.5x | 5.0x | 7.1 MiB | 0.1100 |  |\n",
		"| 2 | 7.37M | 100.0 % | 1.0x | 5.000 | 2.500 | 8 | 1.0x | 1.0x | 28.1 MiB | 0.3000 |  | batch 1 drifts by +7 %, batch 8 drifts by +7 % |\n",
		"The paper's figures (Table 1) are of a TITAN Xp with TensorFlow.",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is not in\n%s", want, text.String())
		}
	}
	var table, records strings.Builder
	if err := WriteTable2(&table, "csv", first); err != nil {
		t.Fatal(err)
	}
	if err := Write(&records, "csv", first); err != nil || table.String() != records.String() {
		t.Errorf("as csv it is not the records: %v", err)
	}
}

func TestLevelsAreMeasuredAgainstEachOther(t *testing.T) {
	ondevice.Run(t, func(t *testing.T, d *gpu.Device) {
		m, err := NewMachine(d, layers.FP32, Sampling{Rounds: 2}, "test")
		if err != nil {
			t.Fatal(err)
		}
		levels := RandomLevels("wrn-8-1", []float64{1, 1}, 4, 8)
		levels.Batches = []int{1, 3}
		records, err := levels.Run(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		if used := memoryInUse(d); d.Info.Features.Unified && used > 0 {
			t.Errorf("%d bytes are left on the device", used)
		}
		if len(records) != 4 {
			t.Fatalf("%d records, want 4", len(records))
		}
		for i, r := range records {
			if r.What != WhatInfer || r.Level != i/2+1 || r.Batch != levels.Batches[i%2] || len(r.SamplesMS) != 2 || r.ImgPerS <= 0 || r.SpeedUp <= 0 || r.GFLOPS <= 0 {
				t.Errorf("record %d: %+v", i, r)
			}
		}
		if records[2].SpeedUp != 1 || records[3].Density != 1 || records[0].Density >= 0.5 || records[0].MemoryBytes >= records[2].MemoryBytes {
			t.Errorf("the top level is not what the others are compared with: %+v", records)
		}
		if rows, err := Table2(records); err != nil || len(rows) != 2 || rows[0].PaperFigures != "" {
			t.Errorf("got %+v, %v", rows, err)
		}
		if _, err := (Levels{Phase: levels.Phase, Task: 2, From: dvn.Random(1), Batches: []int{1}}).Run(t.Context(), m); err == nil || !strings.Contains(err.Error(), "no task 2") {
			t.Errorf("a task that is not there: %v", err)
		}
	})
}
