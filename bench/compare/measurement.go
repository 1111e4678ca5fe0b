package compare

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/perf/benchmath"

	"github.com/dvn-vk/dvn-vk/bench"
)

// Key tells what was measured, by the names of the records' JSON. Two measurements are of the same work if no part differs;
// a part that one of them leaves out (0, "") agrees with everything.
type Key struct {
	What      string `json:"what"`
	Name      string `json:"name,omitempty"`     // of an operation
	Backbone  string `json:"backbone,omitempty"` // not of a convolution, whose shape says all
	Units     string `json:"units,omitempty"`    // shares
	Size      int    `json:"size,omitempty"`
	Level     int    `json:"level,omitempty"`
	Params    int    `json:"params,omitempty"` // of inference alone: other programs count a step's otherwise
	Batch     int    `json:"batch,omitempty"`
	Precision string `json:"precision,omitempty"`
	Shape     string `json:"shape,omitempty"`
	Variant   string `json:"variant,omitempty"`
}

// KeyNames are the names of a key's parts, in the order in which they are printed.
func KeyNames() []string {
	return []string{"what", "name", "backbone", "units", "size", "level", "params", "batch", "precision", "shape", "variant"}
}

// values are the key's parts in the order of KeyNames; "" is one that is left out.
func (k Key) values() []string {
	number := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	return []string{k.What, k.Name, k.Backbone, k.Units, number(k.Size), number(k.Level), number(k.Params), number(k.Batch), k.Precision,
		k.Shape, k.Variant}
}

// String is for people: infer, backbone wrn-14-1, level 1, batch 32, fp32.
func (k Key) String() string {
	var parts []string
	for i, value := range k.values() {
		switch name := KeyNames()[i]; {
		case value == "":
		case name == "what" || name == "name" || name == "precision":
			parts = append(parts, value)
		default:
			parts = append(parts, name+" "+value)
		}
	}
	return strings.Join(parts, ", ")
}

// agrees tells whether two keys are of the same work, some of their parts ignored.
func (k Key) agrees(other Key, ignored []string) bool {
	mine, theirs := k.values(), other.values()
	for i, name := range KeyNames() {
		if mine[i] != theirs[i] && mine[i] != "" && theirs[i] != "" && !slices.Contains(ignored, name) {
			return false
		}
	}
	return true
}

// keyOf tells what a record measures.
func keyOf(r bench.Record) Key {
	k := Key{
		What: r.What, Name: r.Name, Backbone: r.Backbone, Size: r.Size, Level: r.Level, Batch: r.Batch, Precision: r.Precision,
		Shape: r.Shape, Variant: r.Variant, Units: strings.Join(strings.Fields(strings.Trim(fmt.Sprint(r.Units), "[]")), ","),
	}
	if r.What == "infer" {
		k.Params = r.Params
	}
	if strings.HasPrefix(r.What, "conv-") {
		k.Backbone = ""
	}
	return k
}

// Measurement is all that a series knows of one key.
type Measurement struct {
	Key
	MedianMS float64 `json:"median_ms"`
	Samples  int     `json:"samples"`
	times    *benchmath.Sample
}

// Series are the measurements of one device and driver in one file.
type Series struct {
	File         string        `json:"file"`
	Device       string        `json:"device"`
	Driver       string        `json:"driver"`
	Measurements []Measurement `json:"-"`
}

// String names the series for people.
func (s Series) String() string { return fmt.Sprintf("%s: %s, %s", s.File, s.Device, s.Driver) }

// Split divides a file's records into series, in the order in which they come. Records of the same key are one measurement with
// all their samples; a record without samples gives its median as one. So a program that keeps none can be run several
// times, and the outputs joined. With best, each level's best batch alone is kept, in time per image and whatever its size.
func Split(file string, records []bench.Record, best bool) []Series {
	type place struct{ device, driver string }
	var order []place
	keys, times := map[place][]Key{}, map[place]map[Key][]float64{}
	for _, r := range records {
		if best && !r.Best {
			continue
		}
		at, key, scale := place{r.Device, r.Driver}, keyOf(r), 1.0
		if best {
			key.Batch, scale = 0, 1/float64(max(r.Batch, 1))
		}
		if times[at] == nil {
			order, times[at] = append(order, at), map[Key][]float64{}
		}
		if times[at][key] == nil {
			keys[at] = append(keys[at], key)
		}
		samples := r.SamplesMS
		if len(samples) == 0 {
			samples = []float64{r.MedianMS}
		}
		for _, ms := range samples {
			times[at][key] = append(times[at][key], ms*scale)
		}
	}
	var all []Series
	for _, at := range order {
		s := Series{File: file, Device: at.device, Driver: at.driver}
		for _, key := range keys[at] {
			s.Measurements = append(s.Measurements, newMeasurement(key, times[at][key]))
		}
		all = append(all, s)
	}
	return all
}
