package vkx

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

//go:embed structs.h
var structs string

func TestDeclarationsAgreeWithTheSystemsHeader(t *testing.T) {
	needHeader(t)
	assertions := assertionsFor(t, structs)
	if message, ok := compile(t, structs, assertions); !ok {
		t.Error(message)
	}
}

// The comparison is worth something only if it notices each kind of mistake.
func TestWrongDeclarationsAreNoticed(t *testing.T) {
	needHeader(t)
	for _, c := range []struct{ name, old, new string }{
		{"a constant", "SUBMIT_INFO = 4", "SUBMIT_INFO = 5"},
		{"a bit", "QUEUE_COMPUTE_BIT = 0x2", "QUEUE_COMPUTE_BIT = 0x4"},
		{"a missing field", "uint64_t srcOffset, dstOffset, size;", "uint64_t srcOffset, size;"},
		{"two fields in the other order", "srcOffset, dstOffset, size", "dstOffset, srcOffset, size"},
		{"a field of another size", "uint32_t requiredSubgroupSize;\n", "uint64_t requiredSubgroupSize;\n"},
		{"a smaller array", "driverName[256]", "driverName[255]"},
		{"a missing field at the end", "shaderIntegerDotProduct, maintenance4;", "shaderIntegerDotProduct;"},
	} {
		t.Run(c.name, func(t *testing.T) {
			wrong := strings.Replace(structs, c.old, c.new, 1)
			if wrong == structs {
				t.Fatalf("structs.h has no %q", c.old)
			}
			if _, ok := compile(t, wrong, assertionsFor(t, wrong)); ok {
				t.Error("nobody notices")
			}
		})
	}
}

// needHeader skips a test without a C compiler or Vulkan's header; in continuous integration both must be there.
func needHeader(t *testing.T) {
	t.Helper()
	message, ok := compile(t, "", "")
	switch {
	case ok:
	case os.Getenv("CI") == "true":
		t.Fatalf("gcc with <vulkan/vulkan.h> is missing: install gcc and libvulkan-dev: %s", message)
	default:
		t.Skipf("goes without gcc or <vulkan/vulkan.h>: %s", message)
	}
}

// compile tells whether gcc takes a file of the system's header, declarations and assertions, and what it said.
func compile(t *testing.T, declarations, assertions string) (message string, ok bool) {
	t.Helper()
	folder := t.TempDir()
	const source = "#include <vulkan/vulkan.h>\n#include \"structs.h\"\n"
	for name, text := range map[string]string{"structs.h": declarations, "check.c": source + assertions} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	gcc := exec.Command("gcc", "-std=gnu11", "-fsyntax-only", "-Wno-enum-compare", filepath.Join(folder, "check.c"))
	output, err := gcc.CombinedOutput()
	return fmt.Sprintf("%v\n%s", err, output), err == nil
}

var (
	comment   = regexp.MustCompile(`//.*`)
	structure = regexp.MustCompile(`typedef struct \{\n([^{}]*)\} Vkx(\w+);`)
	constant  = regexp.MustCompile(`\bVKX_(\w+) = `)
	declared  = regexp.MustCompile(`(\w+)(?:\[\d+\])?$`)
)

// assertionsFor compares every structure (its size, each field's offset and size) and every constant of structs.h with
// what Vulkan's header calls by the same name.
func assertionsFor(t *testing.T, text string) string {
	t.Helper()
	text = comment.ReplaceAllString(text, "")
	var b strings.Builder
	assert := func(guard, condition string, arguments ...any) {
		condition = fmt.Sprintf(condition, arguments...)
		if guard != "" {
			fmt.Fprintf(&b, "#ifdef %s\n_Static_assert(%s, \"\");\n#endif\n", guard, condition)
		} else {
			fmt.Fprintf(&b, "_Static_assert(%s, \"\");\n", condition)
		}
	}
	structures := structure.FindAllStringSubmatch(text, -1)
	if want := strings.Count(text, "struct {"); len(structures) != want || want == 0 {
		t.Fatalf("%d of %d structures understood", len(structures), want)
	}
	for _, s := range structures {
		body, name := s[1], s[2]
		guard := guardOf(name)
		assert(guard, "sizeof(Vkx%s) == sizeof(Vk%s)", name, name)
		for declaration := range strings.SplitSeq(strings.TrimSuffix(strings.TrimSpace(body), ";"), ";") {
			for declarator := range strings.SplitSeq(declaration, ",") {
				field := declared.FindStringSubmatch(strings.TrimSpace(declarator))
				if field == nil {
					t.Fatalf("%s: %q is no field", name, declarator)
				}
				assert(guard, "offsetof(Vkx%s, %s) == offsetof(Vk%s, %s)", name, field[1], name, field[1])
				assert(guard, "sizeof(((Vkx%s *)0)->%s) == sizeof(((Vk%s *)0)->%s)", name, field[1], name, field[1])
			}
		}
	}
	constants := constant.FindAllStringSubmatch(text, -1)
	if len(constants) == 0 {
		t.Fatal("no constants understood")
	}
	for _, c := range constants {
		assert(guardOf(c[1]), "(long long)VKX_%s == (long long)VK_%s", c[1], c[1])
	}
	return b.String()
}

// guardOf is the macro of the extension that brought a name, where headers of Vulkan 1.3 may lack it.
func guardOf(name string) string {
	for _, part := range []string{"CooperativeMatrix", "COOPERATIVE_MATRIX", "COMPONENT_TYPE_", "SCOPE_"} {
		if strings.Contains(name, part) {
			return "VK_KHR_cooperative_matrix"
		}
	}
	return ""
}
