package compare

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dvn-vk/dvn-vk/bench"
)

// Key tells what was measured, by the names of the records' JSON. Two measurements are of the same work if no part differs;
// a part that one of them leaves out (0, "") agrees with everything.
type Key struct {
	What      string `json:"what"`
	Name      string `json:"name,omitempty"`     // of an operation
	Backbone  string `json:"backbone,omitempty"` // not of a convolution, whose shape says all
	Units     string `json:"units,omitempty"`    // shares
	Classes   string `json:"classes,omitempty"`
	Size      int    `json:"size,omitempty"`
	Level     int    `json:"level,omitempty"`
	Params    int    `json:"params,omitempty"` // of inference alone: other programs count a step's otherwise
	Batch     int    `json:"batch,omitempty"`
	Bytes     uint64 `json:"bytes,omitempty"` // of a device's ceilings alone: a training step's may move fewer than they did
	Precision string `json:"precision,omitempty"`
	Shape     string `json:"shape,omitempty"`
	Variant   string `json:"variant,omitempty"`
}

// KeyNames are the names of a key's parts, in the order in which they are printed.
func KeyNames() []string {
	return []string{"what", "name", "backbone", "units", "classes", "size", "level", "params", "batch", "bytes", "precision", "shape", "variant"}
}

// values are the key's parts in the order of KeyNames; "" is one that is left out.
func (k Key) values() []string {
	number := func(n any) string {
		if text := fmt.Sprint(n); text != "0" {
			return text
		}
		return ""
	}
	return []string{
		k.What, k.Name, k.Backbone, k.Units, k.Classes, number(k.Size), number(k.Level), number(k.Params), number(k.Batch), number(k.Bytes),
		k.Precision, k.Shape, k.Variant,
	}
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

// Agrees tells whether two keys are of the same work, some of their parts ignored.
func (k Key) Agrees(other Key, ignored []string) bool {
	mine, theirs := k.values(), other.values()
	for i, name := range KeyNames() {
		if mine[i] != theirs[i] && mine[i] != "" && theirs[i] != "" && !slices.Contains(ignored, name) {
			return false
		}
	}
	return true
}

// KeyOf tells what a record measures.
func KeyOf(r bench.Record) Key {
	k := Key{
		What: r.What, Name: r.Name, Backbone: r.Backbone, Size: r.Size, Level: r.Level, Batch: r.Batch, Precision: r.Precision,
		Shape: r.Shape, Variant: r.Variant, Units: list(r.Units), Classes: list(r.Classes),
	}
	switch {
	case r.What == bench.WhatInfer:
		k.Params = r.Params
	case strings.HasPrefix(r.What, "conv-"):
		k.Backbone = ""
	case strings.HasPrefix(r.Name, "ceiling-"):
		k.Bytes = r.Bytes
	}
	return k
}

// list prints numbers as the command line takes them.
func list[T int | float64](numbers []T) string {
	return strings.Join(strings.Fields(strings.Trim(fmt.Sprint(numbers), "[]")), ",")
}
