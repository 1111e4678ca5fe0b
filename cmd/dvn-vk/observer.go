package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dvn-vk/dvn-vk/dvn"
	"github.com/dvn-vk/dvn-vk/dvn/training"
)

// trainingView shows a training on the console: a bar or lines an epoch, and a line at each epoch's end.
type trainingView struct {
	console  *console
	epoch    training.EpochStart
	progress *progress
	start    time.Time
	images   int // since start
}

func (v *trainingView) observer() training.Observer {
	return training.Observer{
		Message:   func(text string) { v.console.message("%s", text) },
		Epoch:     v.beginEpoch,
		Step:      v.step,
		EpochDone: v.endEpoch,
	}
}

// close takes away the bar of an epoch that did not end.
func (v *trainingView) close() { v.progress.end() }

func (v *trainingView) beginEpoch(e training.EpochStart) {
	v.epoch, v.start, v.images = e, v.console.now(), 0
	v.progress = v.console.begin(v.title(), int64(e.Step), int64(e.Steps), unit{"steps", 1})
}

func (v *trainingView) title() string {
	title := fmt.Sprintf("epoch %d of %d", v.epoch.Epoch, v.epoch.Epochs)
	if v.epoch.Phases > 1 {
		title = fmt.Sprintf("phase %d of %d, %s", v.epoch.Phase, v.epoch.Phases, title)
	}
	return title
}

func (v *trainingView) step(s training.StepDone) {
	v.images += s.Images
	detail := "loss " + losses(s.Losses)
	if elapsed := v.console.now().Sub(v.start).Seconds(); elapsed > 0 {
		detail = fmt.Sprintf("%.0f images/s, %s", float64(v.images)/elapsed, detail)
	}
	v.progress.set(int64(s.Step), detail)
}

// losses lists the heads' losses in order of level, tasks apart: 1.93 1.71 / 2.30 2.04.
func losses(all map[dvn.HeadID]float32) string {
	var text strings.Builder
	task := 0
	for _, id := range slices.SortedFunc(maps.Keys(all), compareHeads) {
		if task != 0 && id.Task != task {
			text.WriteString("/ ")
		}
		task = id.Task
		fmt.Fprintf(&text, "%.2f ", all[id])
	}
	return strings.TrimSpace(text.String())
}

func compareHeads(a, b dvn.HeadID) int {
	return cmp.Or(cmp.Compare(a.Task, b.Task), cmp.Compare(a.Level, b.Level))
}

func (v *trainingView) endEpoch(d training.EpochDone) {
	v.progress.end()
	text := fmt.Sprintf("%s: accuracy %s; %.0f images/s", v.title(), accuracies(d.Rows), d.ImagesPerSecond)
	if d.LossScale != nil {
		text += fmt.Sprintf("; loss scale %g, %d steps skipped so far", d.LossScale.Scale, d.LossScale.Skipped)
	}
	v.console.message("%s", text)
}

// accuracies lists what the tasks reached in order of level: shapes 61.2 70.4 %, textures 80.1 88.9 %.
func accuracies(rows []training.EpochRow) string {
	var text strings.Builder
	for i, r := range rows {
		if i == 0 || rows[i-1].Task != r.Task {
			if i > 0 {
				text.WriteString(" %, ")
			}
			text.WriteString(r.Name)
		}
		fmt.Fprintf(&text, " %.1f", r.Accuracy)
	}
	return text.String() + " %"
}
