// Package ondevice runs the tests of package dvn and what stands below it on every usable device, with its kernels. It
// holds no tests.
package ondevice

import (
	"testing"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/gpu/ondevice"
	"github.com/dvn-vk/dvn-vk/layers"
)

// Run is gpu/ondevice's Run with the device's kernels in FP32.
func Run(t *testing.T, test func(t *testing.T, k *layers.Kernels)) {
	t.Helper()
	run(t, layers.FP32, test)
}

// RunHalf is the same in FP16, for devices that have it.
func RunHalf(t *testing.T, test func(t *testing.T, k *layers.Kernels)) {
	t.Helper()
	run(t, layers.FP16, test)
}

func run(t *testing.T, p layers.Precision, test func(t *testing.T, k *layers.Kernels)) {
	t.Helper()
	ondevice.Run(t, func(t *testing.T, d *gpu.Device) {
		if p == layers.FP16 && !d.Info.Features.Storage16 {
			t.Skip("the device has no 16-bit storage")
		}
		k, err := layers.NewKernels(d, p)
		if err != nil {
			t.Fatal(err)
		}
		test(t, k)
	})
}
