package main

import (
	"context"

	"github.com/dvn-vk/dvn-vk/bench"
	"github.com/dvn-vk/dvn-vk/layers"
)

// benchDeviceCmd measures ceilings.
type benchDeviceCmd struct{ measureFlags }

// Help shows an example.
func (benchDeviceCmd) Help() string {
	return `Measures what limits a device, by kernels that do nothing else and whose results are checked: multiply-adds in every
precision that it has; copies within its memory, of sizes that fit its caches and of one that does not; the time of a dispatch,
with others to do meanwhile or behind one that it must wait for; the time of a submission; transfers to and from the host (by
the host itself where it shares memory with the device).

Example:

    dvn-vk bench device
    dvn-vk bench device --device all --json --out ceilings.json`
}

// Validate refuses impossible numbers.
func (b *benchDeviceCmd) Validate() error { return b.check() }

// Run measures and prints.
func (b *benchDeviceCmd) Run(ctx context.Context, c *console) error {
	return b.measure(ctx, c, layers.FP32, func(m *bench.Machine) ([]bench.Record, error) { return bench.Device{}.Run(ctx, m) })
}
