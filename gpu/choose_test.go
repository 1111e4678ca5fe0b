package gpu

import (
	"strings"
	"testing"

	"github.com/google/uuid"
)

var (
	uuidA = uuid.MustParse("00000000-0000-0000-0000-00000000000a")
	uuidB = uuid.MustParse("00000000-0000-0000-0000-00000000000b")
	uuidC = uuid.MustParse("00000000-0000-0000-0000-00000000000c")
	uuidD = uuid.MustParse("00000000-0000-0000-0000-00000000000d")
)

// A machine with two cards of a kind, a processor and an old device.
func machine() *Instance {
	return &Instance{devices: []DeviceInfo{
		{Index: 0, Name: "llvmpipe (256 bits)", Type: CPU, UUID: uuidA},
		{Index: 1, Name: "Big Card 9000", Type: Discrete, UUID: uuidB},
		{Index: 2, Name: "Big Card 9000", Type: Discrete, UUID: uuidC},
		{Index: 3, Name: "Old Card", Type: Discrete, UUID: uuidD, Problems: []string{"lacks bufferDeviceAddress"}},
	}}
}

func TestDeviceIsChosenByIndexFragmentOrUUID(t *testing.T) {
	for _, c := range []struct {
		selector string
		want     int
	}{
		{"0", 0},
		{"2", 2},
		{"pipe", 0},
		{"LLVM", 0},
		{uuidC.String(), 2},
		{strings.ToUpper(uuidB.String()), 1},
	} {
		t.Run(c.selector, func(t *testing.T) {
			info, reason, err := machine().Choose(c.selector)
			if err != nil {
				t.Fatal(err)
			}
			if info.Index != c.want {
				t.Errorf("device %d, want %d", info.Index, c.want)
			}
			if want := "--device " + c.selector; !strings.Contains(reason, want) {
				t.Errorf("reason %q does not say %q", reason, want)
			}
		})
	}
}

func TestNamedDeviceThatCannotBeHadIsAnErrorThatListsWhatExists(t *testing.T) {
	for _, c := range []struct {
		name, selector string
		words          []string
	}{
		{"absent index", "4", []string{`"4" names no device`}},
		{"negative index", "-1", []string{`"-1" names no device`}},
		{"number that is part of a name but no index", "9000", []string{`"9000" names no device`}},
		{"absent name", "Small Card", []string{`"Small Card" names no device`}},
		{"absent UUID", uuid.Max.String(), []string{"names no device"}},
		{"name of two", "big card", []string{"fits 2 devices", "by index or UUID"}},
		{"below the baseline", "old", []string{"Old Card cannot be used", "lacks bufferDeviceAddress"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := machine().Choose(c.selector)
			present := []string{"0: llvmpipe (256 bits) (cpu, " + uuidA.String() + ")", "3: Old Card", "not usable: lacks bufferDeviceAddress"}
			wantError(t, err, ErrNoDevice, append(c.words, present...)...)
		})
	}
}

func TestEnvironmentNamesTheDeviceWhereTheCallerDoesNot(t *testing.T) {
	t.Setenv("DVNVK_DEVICE", "2")
	info, reason, err := machine().Choose("")
	if err != nil || info.Index != 2 || !strings.Contains(reason, "DVNVK_DEVICE 2") {
		t.Errorf("device %d because %q, error %v; want 2 because of DVNVK_DEVICE", info.Index, reason, err)
	}
	if info, _, err := machine().Choose("0"); err != nil || info.Index != 0 {
		t.Errorf("device %d, error %v; want 0: the caller's word goes first", info.Index, err)
	}
	t.Setenv("DVNVK_DEVICE", "absent")
	_, _, err = machine().Choose("")
	wantError(t, err, ErrNoDevice, `DVNVK_DEVICE "absent" names no device`, "Big Card 9000")
}

func TestAutomaticChoicePrefersDiscreteThenIntegratedThenCPU(t *testing.T) {
	t.Setenv("DVNVK_DEVICE", "")
	for _, c := range []struct {
		name  string
		types []DeviceType
		want  int
	}{
		{"all kinds", []DeviceType{CPU, Integrated, Discrete}, 2},
		{"no discrete", []DeviceType{CPU, Virtual, Integrated}, 2},
		{"CPU before unknown", []DeviceType{Other, CPU}, 1},
		{"the first of two equals", []DeviceType{CPU, Discrete, Discrete}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := &Instance{}
			for index, kind := range c.types {
				i.devices = append(i.devices, DeviceInfo{Index: index, Type: kind})
			}
			info, reason, err := i.Choose("")
			if err != nil || info.Index != c.want || !strings.Contains(reason, string(c.types[c.want])) {
				t.Errorf("device %d because %q, error %v; want %d", info.Index, reason, err, c.want)
			}
		})
	}
}

func TestAutomaticChoicePassesOverWhatCannotBeUsed(t *testing.T) {
	t.Setenv("DVNVK_DEVICE", "")
	i := machine()
	i.devices[1].Problems, i.devices[2].Problems = []string{"lacks x"}, []string{"lacks x"}
	if info, _, err := i.Choose(""); err != nil || info.Index != 0 {
		t.Errorf("device %d, error %v; want the CPU, 0", info.Index, err)
	}
	i.devices[0].Problems = []string{"offers Vulkan 1.0.0"}
	_, _, err := i.Choose("")
	wantError(t, err, ErrNoDevice, "no device can be used", "offers Vulkan 1.0.0")
}

func TestMachineWithoutDevicesSaysWhatToInstall(t *testing.T) {
	t.Setenv("DVNVK_DEVICE", "")
	_, _, err := (&Instance{}).Choose("")
	wantError(t, err, ErrNoDevice, "mesa-vulkan-drivers")
}

func TestDeviceBelowTheBaselineIsNotOpened(t *testing.T) {
	i := machine()
	_, err := i.Open(i.devices[3])
	wantError(t, err, ErrNoDevice, "Old Card lacks bufferDeviceAddress")
}
