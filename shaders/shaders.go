// Package shaders holds the compute kernels: their GLSL sources, the SPIR-V that is built from them and embedded, and a
// manifest of what each takes. It decides nothing: package layers chooses, fills and dispatches them.
//
//go:generate go run ./generate
package shaders

import (
	"embed"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/dvn-vk/dvn-vk/gpu"
)

//go:embed spirv/*.spv manifest.json
var files embed.FS

// Manifest describes every shader, by name.
type Manifest map[string]Entry

// Entry describes one shader: what the host must agree with.
type Entry struct {
	Source        string            `json:"source"` // SHA-256 of the GLSL source and all that it includes
	Binaries      map[string]string `json:"binaries"`
	PushBytes     int               `json:"push_bytes"`
	Push          []Member          `json:"push"`
	Tables        map[string]Table  `json:"tables"` // arrays of structures in device memory
	LocalSizeID   uint32            `json:"local_size_id"`
	Constants     []SpecConstant    `json:"constants"`
	SubgroupSized bool              `json:"subgroup_sized"` // a workgroup must be made of whole subgroups of the size that the device reports
}

// Table is an array of structures; Stride in bytes.
type Table struct {
	Stride  int      `json:"stride"`
	Members []Member `json:"members"`
}

// Member of a structure; sizes and offsets in bytes, scalar layout.
type Member struct {
	Name   string `json:"name"`
	Offset int    `json:"offset"`
	Size   int    `json:"size"`
}

// SpecConstant is a specialization constant with its default.
type SpecConstant struct {
	ID      uint32 `json:"id"`
	Name    string `json:"name"`
	Default uint32 `json:"default"`
}

// ReadManifest decodes the embedded manifest.
func ReadManifest() (Manifest, error) {
	text, err := files.ReadFile("manifest.json")
	if err != nil {
		return nil, err
	}
	var m Manifest
	return m, json.Unmarshal(text, &m)
}

// Form is what a shader is compiled for: a device with 64-bit numbers, activations in halves, rows of maps.
type Form struct {
	Half  bool // activations, and weights as convolutions read them, lie in memory as fp16 (memory.glsl)
	Int64 bool // two floats are one load
	Wide  bool // the lanes' maps are rows (maps.glsl); with Int64 and floats only
}

// File is the name of a form's SPIR-V.
func (f Form) File(shader string) string {
	if f.Half {
		shader += ".half"
	}
	if f.Int64 {
		shader += ".int64"
	}
	if f.Wide {
		shader += ".wide"
	}
	return shader + ".spv"
}

// Load gives a shader's SPIR-V in a form, or the nearest in which it differs: one without activations knows no halves. A wide form
// has no nearest: maps lie otherwise in it.
func (m Manifest) Load(name string, form Form) (gpu.Shader, error) {
	entry, ok := m[name]
	if !ok {
		return gpu.Shader{}, fmt.Errorf("shader %s: not in the manifest: run make shaders", name)
	}
	if _, ok := entry.Binaries[form.File(name)]; !ok && form.Wide {
		return gpu.Shader{}, fmt.Errorf("shader %s: has no wide form", name)
	}
	file := Form{}.File(name)
	for _, nearest := range []Form{form, {Half: form.Half}, {Int64: form.Int64}} {
		if _, ok := entry.Binaries[nearest.File(name)]; ok {
			file = nearest.File(name)
			break
		}
	}
	code, err := files.ReadFile("spirv/" + file)
	if err != nil {
		return gpu.Shader{}, err
	}
	words := make([]uint32, len(code)/4)
	for i := range words {
		words[i] = binary.LittleEndian.Uint32(code[4*i:])
	}
	return gpu.Shader{Name: name, Code: words, PushBytes: entry.PushBytes}, nil
}
