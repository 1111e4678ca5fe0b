package gpu

import (
	"os"
	"strings"
	"testing"

	vk "github.com/vulkan-go/vulkan"

	"github.com/dvn-vk/dvn-vk/gpu/vkx"
)

// needValidation skips a test without the validation layer; in continuous integration it must be there.
func needValidation(t *testing.T) {
	t.Helper()
	switch {
	case switchedOn("VALIDATION"):
	case os.Getenv("CI") == "true":
		t.Fatal("the Khronos validation layer is missing: install vulkan-validationlayers")
	default:
		t.Skip("goes without the Khronos validation layer")
	}
}

func TestValidationMessagesBecomeErrorsThatNameTheObject(t *testing.T) {
	needValidation(t)
	for _, c := range []struct {
		name    string
		mistake func(t *testing.T, d *Device) error
		words   []string
	}{
		{"a copy past the end of a block", func(t *testing.T, d *Device) error {
			b := newBuffer(t, d, "weights", Weights, 4)
			commands, err := d.allocateCommands("commands of the test")
			if err != nil {
				t.Fatal(err)
			}
			defer d.freeCommands([]vkx.Handle{commands})
			d.recordCopy(commands, b.Part(0, 2*mostBlock), b.Part(0, 4))
			return d.check("record", "a copy", vk.Success)
		}, []string{"record a copy", "[memory block of weights]", "[commands of the test]"}},
		{"a profile that is left behind", func(t *testing.T, d *Device) error {
			if !d.Info.Features.Timestamps {
				t.Skip("the device has no timestamps")
			}
			x := newFloats(t, d, "x", 1)
			r := d.NewRecorder()
			r.Dispatch(axpy(t, d, "axpy", 1, x, x))
			if _, err := r.Build("forgotten", true); err != nil {
				t.Fatal(err)
			}
			x.Free()
			return d.Close()
		}, []string{"close device", "[timestamps of forgotten]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			onEveryDevice(t, func(t *testing.T, d *Device) { wantError(t, c.mistake(t, d), ErrValidation, c.words...) })
		})
	}
}

func TestManyValidationMessagesAreCounted(t *testing.T) {
	needValidation(t)
	onEveryDevice(t, func(t *testing.T, d *Device) {
		b := newBuffer(t, d, "b", Weights, 4)
		commands, err := d.allocateCommands("commands")
		if err != nil {
			t.Fatal(err)
		}
		defer d.freeCommands([]vkx.Handle{commands})
		for range 10 { // the layer repeats a message ten times at most: three mistakes then
			d.recordCopy(commands, b.Part(0, 0), b.Part(0, 0))
			d.recordCopy(commands, b.Part(0, 2*mostBlock), b.Part(0, 2*mostBlock))
		}
		err = d.check("record", "copies", vk.Success)
		wantError(t, err, ErrValidation, "more)")
		if len(err.Error()) > 64<<10 {
			t.Errorf("a message of %d bytes", len(err.Error()))
		}
		if err := d.check("nothing", "", vk.Success); err != nil {
			t.Errorf("said twice: %v", err)
		}
	})
}

func TestResultsBecomeSentinels(t *testing.T) {
	for result, want := range map[vk.Result]error{
		vk.ErrorDeviceLost:        ErrDeviceLost,
		vk.ErrorOutOfDeviceMemory: ErrOutOfMemory,
		vk.ErrorOutOfHostMemory:   ErrOutOfMemory,
	} {
		i := newInstance(t)
		wantError(t, i.check("submit", "a list", result), want, "submit a list: ")
	}
	i := newInstance(t)
	if err := i.check("submit", "a list", vk.Success); err != nil {
		t.Error(err)
	}
	err := i.check("submit", "", vk.ErrorFeatureNotPresent)
	wantError(t, err, nil, "submit: ", "feature not present")
	if strings.Contains(err.Error(), "memory") {
		t.Errorf("%q", err)
	}
}
