// Package ondevice opens devices for the tests of all packages above gpu. A test that needs a device runs
// on every usable one, as a subtest by the device's name, and fails where there is none. It holds no tests.
package ondevice

import (
	"testing"

	"github.com/dvn-vk/dvn-vk/gpu"
)

// Run runs test on every usable device of the machine. Switches of the environment take effect as they are at the call.
// The device is closed when the subtest ends, after its own cleanups: what it left allocated is a failure.
func Run(t *testing.T, test func(t *testing.T, d *gpu.Device)) {
	t.Helper()
	instance, err := gpu.NewInstance()
	if err != nil {
		t.Fatal(err)
	}
	defer instance.Close()
	usable := 0
	for _, info := range instance.Devices() {
		if len(info.Problems) > 0 {
			t.Logf("%s is left out: %v", info.Name, info.Problems)
			continue
		}
		usable++
		t.Run(info.Name, func(t *testing.T) {
			d, err := instance.Open(info)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { // after what the test cleans up
				if err := d.Close(); err != nil {
					t.Error(err)
				}
			})
			test(t, d)
		})
	}
	if usable == 0 {
		t.Fatal("no usable device: install a driver (mesa-vulkan-drivers runs on any CPU)")
	}
}
