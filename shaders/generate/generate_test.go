package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dvn-vk/dvn-vk/shaders"
)

const sources = ".."

func TestBinariesAreThoseOfTheSources(t *testing.T) {
	if err := verify(sources); err != nil {
		t.Error(err)
	}
}

func TestWhatIsStaleIsFound(t *testing.T) {
	change := func(file string) func(folder string) error {
		return func(folder string) error {
			f, err := os.OpenFile(filepath.Join(folder, file), os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteString("\n")
			return errors.Join(err, f.Close())
		}
	}
	for _, c := range []struct {
		name  string
		fault func(folder string) error
		words string
	}{
		{"nothing", func(string) error { return nil }, ""},
		{"a changed shader", change("sgd.comp"), "sgd.comp or what it includes was changed"},
		{"a changed include", change("units.glsl"), "was changed after its SPIR-V was built"},
		{"a changed binary", change("spirv/conv_forward.int64.spv"), "conv_forward.int64.spv is not the manifest's"},
		{"a binary that is missing", func(folder string) error { return os.Remove(filepath.Join(folder, "spirv/loss.spv")) }, "loss.spv"},
		{"a binary of no shader", func(folder string) error {
			return os.WriteFile(filepath.Join(folder, "spirv/old.spv"), nil, 0o600)
		}, "old.spv is in no manifest"},
		{"a shader that was never built", func(folder string) error {
			return os.WriteFile(filepath.Join(folder, "new.comp"), nil, 0o600)
		}, "new.comp"},
		{"a shader that is gone", func(folder string) error { return os.Remove(filepath.Join(folder, "sgd.comp")) }, "the manifest has"},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := t.TempDir()
			if err := os.CopyFS(folder, os.DirFS(sources)); err != nil {
				t.Fatal(err)
			}
			if err := c.fault(folder); err != nil {
				t.Fatal(err)
			}
			err := verify(folder)
			if (err == nil) != (c.words == "") || err != nil && !strings.Contains(err.Error(), c.words) {
				t.Errorf("got %v, want %q", err, c.words)
			}
		})
	}
}

// Both binaries of a shader must have the layout that the manifest tells the host.
func TestManifestIsWhatTheBinariesSay(t *testing.T) {
	manifest, err := shaders.ReadManifest()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range manifest {
		for file := range want.Binaries {
			code, err := os.ReadFile(filepath.Join(sources, "spirv", file))
			if err != nil {
				t.Fatal(err)
			}
			got, err := reflect(code)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			got.Source, got.Binaries = want.Source, want.Binaries
			want := want
			want.SubgroupSized = want.SubgroupSized || strings.HasSuffix(file, ".wide.spv") // every wide form is
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s of %s (-manifest +binary):\n%s", file, name, diff)
			}
		}
	}
}

// unknownCapability is what validators say that are older than CooperativeMatrixKHR.
const unknownCapability = "Invalid capability operand: 6022"

func TestBinariesAreValid(t *testing.T) {
	validator, err := exec.LookPath("spirv-val")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("spirv-val is missing: install spirv-tools")
		}
		t.Skip("spirv-val is missing: install spirv-tools")
	}
	files, err := filepath.Glob(filepath.Join(sources, "spirv", "*.spv"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d binaries, %v", len(files), err)
	}
	for _, file := range files {
		text, err := exec.Command(validator, "--target-env", "vulkan1.3", "--scalar-block-layout", file).CombinedOutput()
		if err != nil && strings.Contains(string(text), unknownCapability) {
			t.Logf("%s: the validator is too old for cooperative matrices", filepath.Base(file))
			continue
		}
		if err != nil {
			t.Errorf("%s: %v\n%s", filepath.Base(file), err, text)
		}
	}
}

func TestTruncatedBinariesAreRefused(t *testing.T) {
	code, err := os.ReadFile(filepath.Join(sources, "spirv", "sgd.spv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		code []byte
	}{{"nothing", nil}, {"no SPIR-V", make([]byte, 64)}, {"half an instruction", code[:26]}, {"a header alone", code[:20]}} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := reflect(c.code); err == nil {
				t.Error("it was accepted")
			}
		})
	}
}
