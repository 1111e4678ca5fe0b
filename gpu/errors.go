package gpu

import (
	"errors"
	"fmt"
	"strings"

	vk "github.com/vulkan-go/vulkan"
)

// What callers decide on; test with errors.Is.
var (
	// ErrNoLoader says that the machine has no Vulkan loader.
	ErrNoLoader = errors.New("no Vulkan loader found: install one (Debian, Ubuntu: libvulkan1; Fedora: vulkan-loader; " +
		"macOS: molten-vk; Windows: the GPU's driver brings it) and a driver (Debian, Ubuntu: mesa-vulkan-drivers runs on any CPU)")
	// ErrNoDevice says that no device of the machine can be used, or that the one asked for is absent.
	ErrNoDevice = errors.New("no such Vulkan device")
	// ErrOutOfMemory says that the device or the host has not enough memory.
	ErrOutOfMemory = errors.New("out of memory")
	// ErrDeviceLost says that the driver gave the device up, mostly after a submission that took too long. Nothing on it
	// can be used any more.
	ErrDeviceLost = errors.New("the device was lost: its driver reset it; what is on disk is intact, start again from there")
	// ErrValidation comes with what a validation layer said (DVNVK_VALIDATION=1).
	ErrValidation = errors.New("the validation layer objects")
)

// Error is what every call of this package returns: what was tried, on what, and why it failed.
type Error struct {
	Op     string // for example "create pipeline"
	Object string // its name, may be empty
	Err    error
}

// Error is one sentence: what, which, why.
func (e *Error) Error() string {
	if e.Object == "" {
		return e.Op + ": " + e.Err.Error()
	}
	return e.Op + " " + e.Object + ": " + e.Err.Error()
}

// Unwrap gives the cause, so that errors.Is finds the sentinels above.
func (e *Error) Unwrap() error { return e.Err }

// cause turns a Vulkan result into an error, nil for success.
func cause(result vk.Result) error {
	switch result {
	case vk.Success:
		return nil
	case vk.ErrorDeviceLost:
		return ErrDeviceLost
	case vk.ErrorOutOfDeviceMemory, vk.ErrorOutOfHostMemory:
		return fmt.Errorf("%w (%w)", ErrOutOfMemory, vk.Error(result))
	}
	return vk.Error(result)
}

// check joins a result and what the validation layers said during the call.
func (i *Instance) check(op, object string, result vk.Result) error {
	err := cause(result)
	if messages, dropped := i.vkx.Messages(); len(messages) > 0 {
		text := strings.Join(messages, "; ")
		if dropped > 0 {
			text += fmt.Sprintf(" (and %d more)", dropped)
		}
		said := fmt.Errorf("%w: %s", ErrValidation, text)
		if err != nil {
			said = fmt.Errorf("%w; %w", err, said)
		}
		err = said
	}
	if err == nil {
		return nil
	}
	return &Error{Op: op, Object: object, Err: err}
}
