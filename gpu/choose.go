package gpu

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// Choose picks a device. selector is an index (every number is one), a fragment of a name in either case, or a device
// UUID; empty means DVNVK_DEVICE, and if that is empty too the automatic choice: discrete before integrated before CPU.
// reason says why it was picked. A named device that is absent, ambiguous or below the baseline is an ErrNoDevice that lists what exists.
func (i *Instance) Choose(selector string) (info DeviceInfo, reason string, err error) {
	source := "--device"
	if selector == "" {
		selector, source = os.Getenv("DVNVK_DEVICE"), "DVNVK_DEVICE"
	}
	if selector == "" {
		return i.chooseBest()
	}
	var matches []DeviceInfo
	for _, d := range i.devices {
		if d.matches(selector) {
			matches = append(matches, d)
		}
	}
	switch {
	case len(matches) == 0:
		return info, "", i.noDevice(fmt.Sprintf("%s %q names no device", source, selector))
	case len(matches) > 1:
		return info, "", i.noDevice(fmt.Sprintf("%s %q fits %d devices, name one by index or UUID", source, selector, len(matches)))
	case len(matches[0].Problems) > 0:
		return info, "", i.noDevice(fmt.Sprintf("%s %q: %s cannot be used: it %s", source, selector, matches[0].Name, strings.Join(matches[0].Problems, ", ")))
	}
	return matches[0], fmt.Sprintf("chosen by %s %s", source, selector), nil
}

func (d DeviceInfo) matches(selector string) bool {
	if index, err := strconv.Atoi(selector); err == nil {
		return index == d.Index
	}
	if id, err := uuid.Parse(selector); err == nil {
		return id == d.UUID
	}
	return strings.Contains(strings.ToLower(d.Name), strings.ToLower(selector))
}

// chooseBest takes the first kind that is present, the lower index among equals.
func (i *Instance) chooseBest() (DeviceInfo, string, error) {
	for _, kind := range []DeviceType{Discrete, Integrated, Virtual, CPU, Other} {
		at := slices.IndexFunc(i.devices, func(d DeviceInfo) bool { return d.Type == kind && len(d.Problems) == 0 })
		if at >= 0 {
			return i.devices[at], fmt.Sprintf("the first %s device; preferred are discrete, then integrated, then CPU", kind), nil
		}
	}
	return DeviceInfo{}, "", i.noDevice("no device can be used")
}

func (i *Instance) noDevice(what string) error {
	var list strings.Builder
	for _, d := range i.devices {
		fmt.Fprintf(&list, "; %d: %s (%s, %s)", d.Index, d.Name, d.Type, d.UUID)
		if len(d.Problems) > 0 {
			list.WriteString(" not usable: " + strings.Join(d.Problems, ", "))
		}
	}
	text := strings.TrimPrefix(list.String(), "; ")
	if text == "" {
		text = "none; install a driver (Debian, Ubuntu: mesa-vulkan-drivers, which runs on any CPU)"
	}
	return &Error{Op: "choose device", Err: fmt.Errorf("%w: %s; present: %s", ErrNoDevice, what, text)}
}
