package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// devicesCmd lists devices.
type devicesCmd struct {
	JSON bool `help:"Print JSON."`
}

// Help shows an example.
func (devicesCmd) Help() string {
	return `Lists every Vulkan device with the limits and features that matter here, says why one cannot be used, and which one is
chosen where --device and DVNVK_DEVICE do not name another. Ends with exit code 1 where no device can be used.

Example:

    dvn-vk devices
    dvn-vk devices --json
    dvn-vk train quick --device nvidia`
}

// Run lists the devices and the choice among them.
func (d *devicesCmd) Run(c *console) error {
	instance, err := gpu.NewInstance()
	if err != nil {
		return err
	}
	defer instance.Close()
	devices := instance.Devices()
	if d.JSON {
		// Never null: where there are none, an empty list.
		if err := writeJSON(c.out, append([]gpu.DeviceInfo{}, devices...)); err != nil {
			return err
		}
	} else if len(devices) > 0 {
		printDevices(c.out, devices)
	}
	info, reason, err := instance.Choose("")
	if err == nil && !d.JSON {
		fmt.Fprintf(c.out, "\nchosen: %d, %s: %s\n", info.Index, info.Name, reason)
	}
	return err
}

// nameWidth bounds a device's column: names and drivers' versions can be long.
const nameWidth = 40

// printDevices prints a column a device: there are few of them and much to say of each.
func printDevices(w io.Writer, devices []gpu.DeviceInfo) {
	header, configs := []any{"device"}, []table.ColumnConfig{}
	for k, d := range devices {
		header = append(header, d.Index)
		configs = append(configs, table.ColumnConfig{Number: k + 2, Align: text.AlignLeft, AlignHeader: text.AlignLeft, WidthMax: nameWidth, WidthMaxEnforcer: text.WrapSoft})
	}
	t := newTable(w, header...)
	t.SetColumnConfigs(configs)
	for _, property := range properties() {
		row := table.Row{property.name}
		for _, d := range devices {
			row = append(row, property.of(d))
		}
		t.AppendRow(row)
	}
	t.Render()
}

// property is a row of the table of devices.
type property struct {
	name string
	of   func(gpu.DeviceInfo) string
}

func properties() []property {
	feature := func(name string, has func(gpu.Features) bool) property {
		return property{name, func(d gpu.DeviceInfo) string { return yesNo(has(d.Features)) }}
	}
	return []property{
		{"name", func(d gpu.DeviceInfo) string { return d.Name }},
		{"usable", usable},
		{"type", func(d gpu.DeviceInfo) string { return string(d.Type) }},
		{"UUID", func(d gpu.DeviceInfo) string { return d.UUID.String() }},
		{"Vulkan", func(d gpu.DeviceInfo) string { return d.API }},
		{"driver", func(d gpu.DeviceInfo) string { return d.Driver }},
		{"memory", func(d gpu.DeviceInfo) string { return gpu.Bytes(d.Limits.Memory) }},
		{"largest buffer", func(d gpu.DeviceInfo) string { return gpu.Bytes(min(d.Limits.MaxBuffer, d.Limits.MaxAllocation)) }},
		{"shared memory", func(d gpu.DeviceInfo) string { return gpu.Bytes(uint64(d.Limits.SharedMemory)) }},
		{"workgroup", func(d gpu.DeviceInfo) string { return fmt.Sprint(d.Limits.WorkgroupInvocations) }},
		{"subgroup", subgroup},
		{"push constants", func(d gpu.DeviceInfo) string { return gpu.Bytes(uint64(d.Limits.PushConstants)) }},
		feature("unified memory", func(f gpu.Features) bool { return f.Unified }),
		feature("memory budget", func(f gpu.Features) bool { return f.MemoryBudget }),
		feature("fp16", func(f gpu.Features) bool { return f.Float16 }),
		feature("16-bit storage", func(f gpu.Features) bool { return f.Storage16 }),
		feature("int16", func(f gpu.Features) bool { return f.Int16 }),
		feature("int64", func(f gpu.Features) bool { return f.Int64 }),
		{"matrix units", matrixUnits},
		{"timestamps", timestamps},
	}
}

// matrixUnits lists the products that the kernels can use.
func matrixUnits(d gpu.DeviceInfo) string {
	if len(d.Limits.MatrixShapes) == 0 {
		return yesNo(d.Features.CooperativeMatrix)
	}
	var shapes []string
	for _, s := range d.Limits.MatrixShapes {
		shapes = append(shapes, s.String())
	}
	return strings.Join(shapes, ", ")
}

func usable(d gpu.DeviceInfo) string {
	if len(d.Problems) > 0 {
		return "no, it " + strings.Join(d.Problems, ", ")
	}
	return "yes"
}

func subgroup(d gpu.DeviceInfo) string {
	l := d.Limits
	if l.MinSubgroupSize == l.MaxSubgroupSize {
		return fmt.Sprint(l.SubgroupSize)
	}
	return fmt.Sprintf("%d (%d to %d)", l.SubgroupSize, l.MinSubgroupSize, l.MaxSubgroupSize)
}

func timestamps(d gpu.DeviceInfo) string {
	if !d.Features.Timestamps {
		return "no"
	}
	return fmt.Sprintf("%d bits, a tick is %g ns", d.Limits.TimestampValidBits, d.Limits.TimestampPeriodNS)
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

// precisionFlag is common to what computes without a run.
type precisionFlag struct {
	Precision layers.Precision `enum:"fp32,fp16" default:"fp32" help:"fp32, or fp16: activations in half the memory. Default: fp32."`
}

// deviceFlag chooses a device.
type deviceFlag struct {
	Device string `placeholder:"D" help:"Index, part of the name, or UUID of the device; see dvn-vk devices. Default: DVNVK_DEVICE, else the best."`
}

// open lends use the device that the flag names, and why it is that one.
func (f deviceFlag) open(use func(d *gpu.Device, reason string) error) error {
	instance, err := gpu.NewInstance()
	if err != nil {
		return err
	}
	defer instance.Close()
	info, reason, err := instance.Choose(f.Device)
	if err != nil {
		return err
	}
	return lend(instance, info, reason, use)
}

// lend opens a device for as long as use takes.
func lend(instance *gpu.Instance, info gpu.DeviceInfo, reason string, use func(d *gpu.Device, reason string) error) error {
	device, err := instance.Open(info)
	if err != nil {
		return err
	}
	return errors.Join(use(device, reason), device.Close())
}
