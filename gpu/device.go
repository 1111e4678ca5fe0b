package gpu

import (
	"errors"
	"fmt"

	vk "github.com/vulkan-go/vulkan"

	"github.com/dvn-vk/dvn-vk/gpu/vkx"
)

// Device is an opened device with its one queue. It is used by one goroutine at a time; only the mapped memory of
// buffers may be filled from others while no list that uses it runs.
type Device struct {
	Info DeviceInfo

	instance  *Instance
	vkx       *vkx.Device
	handle    vk.Device
	pool      vk.CommandPool
	running   string     // what was submitted and not waited for
	fences    []vk.Fence // one, as calls take it: a slice made at every call would be allocated
	layout    vkx.Handle
	memory    memory
	pipelines pipelines
	transfer  transfer
}

// Open opens a device that Devices or Choose returned.
func (i *Instance) Open(info DeviceInfo) (*Device, error) {
	if len(info.Problems) > 0 {
		return nil, i.noDevice(info.Name + " " + info.Problems[0])
	}
	f := info.Features
	features := vkx.Features{
		Float16: f.Float16, Int16: f.Int16, Int64: f.Int64, Storage16: f.Storage16, MemoryBudget: f.MemoryBudget,
		CooperativeMatrix: f.CooperativeMatrix, PortabilitySubset: info.description.PortabilitySubset,
	}
	handle, result := i.vkx.CreateDevice(info.physical, info.description.QueueFamily, features)
	if err := i.check("open device", info.Name, result); err != nil {
		if result == vk.Success {
			handle.Destroy()
		}
		return nil, err
	}
	d := &Device{Info: info, instance: i, vkx: handle, handle: vkx.As[vk.Device](handle.Handle())}
	if err := d.prepare(); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func (d *Device) prepare() error {
	pool := vk.CommandPoolCreateInfo{SType: vk.StructureTypeCommandPoolCreateInfo, QueueFamilyIndex: d.Info.description.QueueFamily}
	var commandPool vk.CommandPool // outputs are variables of their own: cgo refuses addresses inside structures with Go pointers
	result := vk.CreateCommandPool(d.handle, &pool, nil, &commandPool)
	pool.Free()
	d.pool = commandPool
	if err := d.check("create command pool", "", result); err != nil {
		return err
	}
	fence := vk.FenceCreateInfo{SType: vk.StructureTypeFenceCreateInfo}
	var submitted vk.Fence
	result = vk.CreateFence(d.handle, &fence, nil, &submitted)
	fence.Free()
	d.fences = []vk.Fence{submitted}
	if err := d.check("create fence", "", result); err != nil {
		return err
	}
	d.layout, result = d.vkx.CreateLayout(MaxPushBytes)
	if err := d.check("create pipeline layout", "", result); err != nil {
		return err
	}
	d.memory.init(d)
	return d.pipelines.init(d)
}

// Close releases the device and everything made from it. It reports buffers that were never freed and what the
// validation layers said last; closing twice is harmless.
func (d *Device) Close() error {
	if d.vkx == nil {
		return nil
	}
	vk.DeviceWaitIdle(d.handle)
	d.transfer.close()
	err := errors.Join(d.pipelines.close(), d.memory.close())
	if d.layout != 0 {
		vk.DestroyPipelineLayout(d.handle, vkx.As[vk.PipelineLayout](d.layout), nil)
	}
	for _, fence := range d.fences {
		vk.DestroyFence(d.handle, fence, nil)
	}
	if d.pool != nil {
		vk.DestroyCommandPool(d.handle, d.pool, nil)
	}
	d.vkx.Destroy()
	d.vkx = nil
	return errors.Join(err, d.instance.check("close device", d.Info.Name, vk.Success))
}

func (d *Device) check(op, object string, result vk.Result) error {
	return d.instance.check(op, object, result)
}

// submit runs command buffers in order and waits for the last.
func (d *Device) submit(op, object string, commands []vkx.Handle) error {
	if err := d.start(op, object, commands); err != nil {
		return err
	}
	return d.wait(op, object)
}

// start submits command buffers that run in order. Only one submission is under way at a time.
func (d *Device) start(op, object string, commands []vkx.Handle) error {
	if d.running != "" {
		return &Error{Op: op, Object: object, Err: fmt.Errorf("%s is still running: wait for it first", d.running)}
	}
	if err := d.check(op, object, d.vkx.Submit(commands, vkx.From(d.fences[0]))); err != nil {
		return err
	}
	d.running = object
	return nil
}

// wait waits for the last command buffer that start submitted.
func (d *Device) wait(op, object string) error {
	d.running = ""
	result := vk.WaitForFences(d.handle, 1, d.fences, vk.True, vk.MaxUint64)
	if err := d.check(op, object, result); err != nil {
		return err
	}
	return d.check(op, object, vk.ResetFences(d.handle, 1, d.fences))
}

// allocateCommands returns a command buffer that is being recorded; name is for messages.
func (d *Device) allocateCommands(name string) (vkx.Handle, error) {
	info := vk.CommandBufferAllocateInfo{
		SType: vk.StructureTypeCommandBufferAllocateInfo, CommandPool: d.pool, Level: vk.CommandBufferLevelPrimary, CommandBufferCount: 1,
	}
	buffers := make([]vk.CommandBuffer, 1)
	result := vk.AllocateCommandBuffers(d.handle, &info, buffers)
	info.Free()
	if err := d.check("allocate command buffer", name, result); err != nil {
		return 0, err
	}
	commands := vkx.From(buffers[0])
	d.vkx.Name(vk.ObjectTypeCommandBuffer, commands, name)
	begin := vk.CommandBufferBeginInfo{SType: vk.StructureTypeCommandBufferBeginInfo}
	result = vk.BeginCommandBuffer(buffers[0], &begin)
	begin.Free()
	if err := d.check("begin command buffer", name, result); err != nil {
		d.freeCommands([]vkx.Handle{commands})
		return 0, err
	}
	return commands, nil
}

func (d *Device) freeCommands(commands []vkx.Handle) {
	for _, c := range commands {
		vk.FreeCommandBuffers(d.handle, d.pool, 1, []vk.CommandBuffer{vkx.As[vk.CommandBuffer](c)})
	}
}
