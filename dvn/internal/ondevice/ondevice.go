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
	ondevice.Run(t, func(t *testing.T, d *gpu.Device) { test(t, kernels(t, d, layers.FP32)) })
}

// RunHalf is the same in FP16, on devices that have it.
func RunHalf(t *testing.T, test func(t *testing.T, k *layers.Kernels)) {
	t.Helper()
	ondevice.Run(t, func(t *testing.T, d *gpu.Device) {
		if !d.Info.Features.Storage16 {
			t.Skip("the device has no 16-bit storage")
		}
		test(t, kernels(t, d, layers.FP16))
	})
}

// RunAll is Run, then RunHalf.
func RunAll(t *testing.T, test func(t *testing.T, k *layers.Kernels)) {
	t.Helper()
	t.Run("fp32", func(t *testing.T) { Run(t, test) })
	t.Run("fp16", func(t *testing.T) { RunHalf(t, test) })
}

func kernels(t *testing.T, d *gpu.Device, p layers.Precision) *layers.Kernels {
	t.Helper()
	k, err := layers.NewKernels(d, p)
	if err != nil {
		t.Fatal(err)
	}
	return k
}
