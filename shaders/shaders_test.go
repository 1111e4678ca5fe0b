package shaders

import (
	"slices"
	"strings"
	"testing"
)

const magic = 0x07230203 // SPIR-V's first word

func TestEveryShaderLoads(t *testing.T) {
	m, err := ReadManifest()
	if err != nil {
		t.Fatal(err)
	}
	if len(m) == 0 {
		t.Fatal("the manifest is empty")
	}
	for name, entry := range m {
		for _, wide64 := range []bool{false, true} {
			s, err := m.Load(name, wide64)
			if err != nil {
				t.Fatal(err)
			}
			if s.Name != name || s.PushBytes != entry.PushBytes || len(s.Code) < 5 || s.Code[0] != magic {
				t.Errorf("%s, 64-bit loads %v: %q, %d bytes of push constants, %d words", name, wide64, s.Name, s.PushBytes, len(s.Code))
			}
		}
	}
}

func TestDevicesWithInt64GetTheirOwnBinaries(t *testing.T) {
	m, err := ReadManifest()
	if err != nil {
		t.Fatal(err)
	}
	differ := 0
	for name, entry := range m {
		plain, plainErr := m.Load(name, false)
		wide, wideErr := m.Load(name, true)
		if plainErr != nil || wideErr != nil {
			t.Fatal(plainErr, wideErr)
		}
		_, has := entry.Binaries[name+".int64.spv"]
		if same := slices.Equal(plain.Code, wide.Code); same == has {
			t.Errorf("%s: has a binary for int64: %v, loads the same: %v", name, has, same)
		}
		if has {
			differ++
		}
	}
	if differ == 0 {
		t.Error("no shader has a binary for int64")
	}
}

func TestUnknownShadersAreNamed(t *testing.T) {
	if _, err := (Manifest{}).Load("conv_sideways", false); err == nil || !strings.Contains(err.Error(), "conv_sideways") {
		t.Errorf("got %v", err)
	}
}
