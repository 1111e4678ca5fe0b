package gpu

import (
	"errors"
	"os"

	vk "github.com/vulkan-go/vulkan"

	"github.com/dvn-vk/dvn-vk/gpu/vkx"
)

// Instance is the connection to the machine's Vulkan drivers. vulkan-go keeps its function pointers in globals, so a
// program has one at a time.
type Instance struct {
	vkx     *vkx.Instance
	devices []DeviceInfo
}

var errNoLayer = errors.New("DVNVK_VALIDATION needs the Khronos validation layer: install it (Debian, Ubuntu: vulkan-validationlayers) or unset the variable")

// NewInstance opens the Vulkan loader and lists the devices. With DVNVK_VALIDATION=1 in the environment the Khronos
// validation layer watches every call, and its absence is an error. It returns ErrNoLoader where there is no loader.
//
// Where lavapipe should use wider registers than it does by itself, it says so in the environment (see widenVectors).
func NewInstance() (*Instance, error) {
	i, err := openInstance()
	if err == nil && widenVectors(i.devices) {
		i.Close()
		i, err = openInstance()
	}
	return i, err
}

func openInstance() (*Instance, error) {
	loader := vkx.OpenLoader()
	if loader == nil {
		return nil, &Error{Op: "open Vulkan", Err: ErrNoLoader}
	}
	vk.SetGetInstanceProcAddr(loader)
	if err := vk.Init(); err != nil {
		return nil, &Error{Op: "open Vulkan", Err: err}
	}
	validation := switchedOn("VALIDATION")
	if validation && !vkx.HasValidationLayer(loader) {
		return nil, &Error{Op: "open Vulkan", Err: errNoLayer}
	}
	handle, result := vkx.CreateInstance(loader, validation)
	i := &Instance{vkx: handle}
	if result == vk.ErrorIncompatibleDriver {
		return nil, i.noDevice("no Vulkan driver is installed")
	}
	if err := cause(result); err != nil {
		return nil, &Error{Op: "create Vulkan instance", Err: err}
	}
	if err := vk.InitInstance(vkx.As[vk.Instance](handle.Handle())); err != nil {
		i.Close()
		return nil, &Error{Op: "open Vulkan", Err: err}
	}
	physical, result := handle.PhysicalDevices()
	if err := i.check("list devices", "", result); err != nil {
		i.Close()
		return nil, err
	}
	for index, p := range physical {
		i.devices = append(i.devices, i.describe(index, p))
	}
	return i, nil
}

// Close releases the instance; its devices must be closed. Closing twice is harmless.
func (i *Instance) Close() {
	if i.vkx != nil {
		i.vkx.Destroy()
		i.vkx = nil
	}
}

// Devices lists every device of the machine, those below the baseline included (see DeviceInfo.Problems).
func (i *Instance) Devices() []DeviceInfo { return i.devices }

// switchedOn reads DVNVK_name: any value but "" and "0" switches it on.
func switchedOn(name string) bool {
	value := os.Getenv("DVNVK_" + name)
	return value != "" && value != "0"
}
