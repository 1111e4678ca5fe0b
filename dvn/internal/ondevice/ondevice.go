// Package ondevice runs the tests of package dvn and what stands below it on every usable device, with its kernels. It
// holds no tests.
package ondevice

import (
	"testing"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/gpu/ondevice"
	"github.com/dvn-vk/dvn-vk/layers"
)

// Run is gpu/ondevice's Run with the device's kernels.
func Run(t *testing.T, test func(t *testing.T, k *layers.Kernels)) {
	t.Helper()
	ondevice.Run(t, func(t *testing.T, d *gpu.Device) {
		k, err := layers.NewKernels(d)
		if err != nil {
			t.Fatal(err)
		}
		test(t, k)
	})
}
