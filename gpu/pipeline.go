package gpu

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	vk "github.com/vulkan-go/vulkan"

	"github.com/dvn-vk/dvn-vk/gpu/vkx"
)

// MaxPushBytes is the most that a shader may take as push constants: what every device offers.
const MaxPushBytes = 128

// Shader is a compute shader in SPIR-V with the entry point main.
type Shader struct {
	Name      string
	Code      []uint32
	PushBytes int // size of its push constants
}

// Constant is the value of a specialization constant.
type Constant struct{ ID, Value uint32 }

// Pipeline is a shader compiled for a device with its specialization constants.
type Pipeline struct {
	Name   string // shader and constants, for profiles and messages
	handle vk.Pipeline
	shader Shader
}

// pipelines caches in memory by key and hands the driver's cache to the disk.
type pipelines struct {
	device *Device
	byKey  map[pipelineKey]*Pipeline
	cache  vkx.Handle
	disk   diskCache
	fresh  bool // something was compiled that the disk cache may not have
}

// pipelineKey is everything that decides what is compiled.
type pipelineKey struct {
	name         string // with the constants
	code         [sha256.Size]byte
	subgroupSize int
}

func (p *pipelines) init(d *Device) error {
	p.device = d
	p.byKey = map[pipelineKey]*Pipeline{}
	p.disk = diskCacheFor(d.Info)
	cache, result := d.vkx.CreateCache(p.disk.load())
	if result != vk.Success { // data that the driver does not like: begin afresh
		cache, result = d.vkx.CreateCache(nil)
	}
	p.cache = cache
	return d.check("create pipeline cache", "", result)
}

// Pipeline returns the pipeline of a shader with these constants, compiled at the first call. subgroupSize is required of
// the device where it can be (the workgroup is then made of full subgroups of that size); 0 leaves it to the driver.
func (d *Device) Pipeline(shader Shader, subgroupSize int, constants ...Constant) (*Pipeline, error) {
	if !d.Info.Features.SubgroupControl {
		subgroupSize = 0
	}
	name := pipelineName(shader, constants)
	key := pipelineKey{name, sha256.Sum256(bytesOf(shader.Code)), subgroupSize}
	if p, ok := d.pipelines.byKey[key]; ok {
		return p, nil
	}
	if err := d.checkPipeline(shader, subgroupSize, constants); err != nil {
		return nil, &Error{Op: "create pipeline", Object: name, Err: err}
	}
	ids, values := make([]uint32, len(constants)), make([]uint32, len(constants))
	for i, c := range constants {
		ids[i], values[i] = c.ID, c.Value
	}
	handle, result := d.vkx.CreatePipeline(d.pipelines.cache, d.layout, shader.Code, ids, values, subgroupSize)
	if err := d.check("create pipeline", name, result); err != nil {
		vk.DestroyPipeline(d.handle, vkx.As[vk.Pipeline](handle), nil) // made in spite of a validation message; or null
		return nil, err
	}
	d.vkx.Name(vk.ObjectTypePipeline, handle, name)
	p := &Pipeline{Name: name, handle: vkx.As[vk.Pipeline](handle), shader: shader}
	d.pipelines.byKey[key], d.pipelines.fresh = p, true
	return p, nil
}

// checkPipeline refuses what drivers answer with a crash rather than an error.
func (d *Device) checkPipeline(shader Shader, subgroupSize int, constants []Constant) error {
	const magic = 0x07230203 // the first word of SPIR-V
	limits := d.Info.Limits
	switch {
	case len(shader.Code) == 0 || shader.Code[0] != magic:
		return errors.New("its code is not SPIR-V")
	case shader.PushBytes < 0 || shader.PushBytes > MaxPushBytes || shader.PushBytes%4 != 0:
		return fmt.Errorf("%d bytes of push constants: at most %d are allowed, in whole words", shader.PushBytes, MaxPushBytes)
	case len(constants) > vkx.MaxConstants:
		return fmt.Errorf("%d specialization constants, at most %d are allowed", len(constants), vkx.MaxConstants)
	case subgroupSize != 0 && (subgroupSize < limits.MinSubgroupSize || subgroupSize > limits.MaxSubgroupSize || subgroupSize&(subgroupSize-1) != 0):
		return fmt.Errorf("subgroups of %d: the device has powers of two from %d to %d", subgroupSize, limits.MinSubgroupSize, limits.MaxSubgroupSize)
	}
	return nil
}

func pipelineName(shader Shader, constants []Constant) string {
	var b strings.Builder
	b.WriteString(shader.Name)
	for _, c := range constants {
		fmt.Fprintf(&b, " %d=%d", c.ID, c.Value)
	}
	return b.String()
}

func (p *pipelines) close() error {
	if p.cache == 0 {
		return nil
	}
	var err error
	if p.fresh {
		err = p.save()
	}
	for _, pipeline := range p.byKey {
		vk.DestroyPipeline(p.device.handle, pipeline.handle, nil)
	}
	vk.DestroyPipelineCache(p.device.handle, vkx.As[vk.PipelineCache](p.cache), nil)
	p.cache = 0
	return err
}

// save writes the driver's cache to disk. A machine without a cache folder goes without: pipelines are compiled anew.
func (p *pipelines) save() error {
	cache := vkx.As[vk.PipelineCache](p.cache)
	var size uint
	if err := p.device.check("read pipeline cache", "", vk.GetPipelineCacheData(p.device.handle, cache, &size, nil)); err != nil || size == 0 {
		return err
	}
	data := make([]byte, size)
	result := vk.GetPipelineCacheData(p.device.handle, cache, &size, bytesPointer(data))
	if result == vk.Incomplete {
		result = vk.Success
	}
	return errors.Join(p.device.check("read pipeline cache", "", result), p.disk.store(data[:size]))
}
