package shaders

import (
	"slices"
	"strings"
	"testing"
)

const magic = 0x07230203 // SPIR-V's first word

// forms are all that a shader may be compiled for.
func forms() []Form { return []Form{{}, {Int64: true}, {Half: true}, {Half: true, Int64: true}} }

func TestEveryShaderLoads(t *testing.T) {
	m, err := ReadManifest()
	if err != nil {
		t.Fatal(err)
	}
	if len(m) == 0 {
		t.Fatal("the manifest is empty")
	}
	for name, entry := range m {
		for _, form := range forms() {
			s, err := m.Load(name, form)
			if err != nil {
				t.Fatal(err)
			}
			if s.Name != name || s.PushBytes != entry.PushBytes || len(s.Code) < 5 || s.Code[0] != magic {
				t.Errorf("%s, %+v: %q, %d bytes of push constants, %d words", name, form, s.Name, s.PushBytes, len(s.Code))
			}
		}
	}
}

// code gives a shader's words in a form.
func code(t *testing.T, m Manifest, name string, form Form) []uint32 {
	t.Helper()
	s, err := m.Load(name, form)
	if err != nil {
		t.Fatal(err)
	}
	return s.Code
}

func TestAShaderIsLoadedInItsNearestForm(t *testing.T) {
	m, err := ReadManifest()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, shader string
		want         map[Form]Form
	}{
		{"pairs of floats, no activations", "winograd_product", map[Form]Form{
			{Int64: true}: {Int64: true}, {Half: true}: {}, {Half: true, Int64: true}: {Int64: true},
		}},
		{"activations and pairs of floats", "winograd_output", map[Form]Form{
			{Int64: true}: {Int64: true}, {Half: true}: {Half: true}, {Half: true, Int64: true}: {Half: true, Int64: true},
		}},
		{"activations alone", "conv_forward", map[Form]Form{
			{Int64: true}: {Int64: true}, {Half: true}: {Half: true}, {Half: true, Int64: true}: {Half: true},
		}},
		{"neither", "loss", map[Form]Form{{Int64: true}: {}, {Half: true}: {}, {Half: true, Int64: true}: {}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			own := map[Form][]uint32{{}: code(t, m, c.shader, Form{})}
			for _, want := range c.want {
				own[want] = code(t, m, c.shader, want)
			}
			for asked, want := range c.want {
				if _, ok := m[c.shader].Binaries[want.File(c.shader)]; !ok {
					t.Errorf("%s is not there", want.File(c.shader))
				}
				if got := code(t, m, c.shader, asked); !slices.Equal(got, own[want]) {
					t.Errorf("%+v does not load %+v", asked, want)
				}
				if want != (Form{}) && slices.Equal(own[want], own[Form{}]) {
					t.Errorf("%+v is the plain one", want)
				}
			}
		})
	}
}

func TestUnknownShadersAreNamed(t *testing.T) {
	if _, err := (Manifest{}).Load("conv_sideways", Form{}); err == nil || !strings.Contains(err.Error(), "conv_sideways") {
		t.Errorf("got %v", err)
	}
}
