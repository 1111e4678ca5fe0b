package gpu

import (
	_ "embed"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/dvn-vk/dvn-vk/gpu/vkx"
)

// The tests run with the validation layer where it is installed; DVNVK_VALIDATION=0 goes without.
func TestMain(m *testing.M) {
	if loader := vkx.OpenLoader(); loader != nil && vkx.HasValidationLayer(loader) && os.Getenv("DVNVK_VALIDATION") == "" {
		if err := os.Setenv("DVNVK_VALIDATION", "1"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// newInstance leaves the user's pipeline cache alone: the test has an empty one.
func newInstance(t testing.TB) *Instance {
	t.Helper()
	useCacheFolder(t, t.TempDir())
	i, err := NewInstance()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(i.Close)
	return i
}

// useCacheFolder makes os.UserCacheDir answer folder, or one in it, on every system.
func useCacheFolder(t testing.TB, folder string) {
	t.Helper()
	for _, name := range []string{"XDG_CACHE_HOME", "LocalAppData", "HOME"} {
		t.Setenv(name, folder)
	}
}

// openDevice opens a device and closes it when the test ends: what is left on it then is a failure.
func openDevice(t testing.TB, i *Instance, info DeviceInfo) *Device {
	t.Helper()
	d, err := i.Open(info)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// onEveryDevice runs a test on each device that can be used, by its name; a machine without one fails.
func onEveryDevice(t *testing.T, test func(t *testing.T, d *Device)) {
	t.Helper()
	i := newInstance(t)
	ran := false
	for _, info := range i.Devices() {
		if len(info.Problems) > 0 {
			continue
		}
		ran = true
		t.Run(info.Name, func(t *testing.T) { test(t, openDevice(t, i, info)) })
	}
	if !ran {
		t.Fatal(i.noDevice("tests need one"))
	}
}

func newBuffer(t testing.TB, d *Device, name string, purpose Purpose, size uint64) *Buffer {
	t.Helper()
	b, err := d.NewBuffer(name, purpose, size)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Free)
	return b
}

// newFloats is a buffer of float32 numbers.
func newFloats(t testing.TB, d *Device, name string, values ...float32) *Buffer {
	t.Helper()
	b := newBuffer(t, d, name, Activations, 4*uint64(len(values)))
	if err := b.WriteFloats(0, values); err != nil {
		t.Fatal(err)
	}
	return b
}

func floats(t testing.TB, b *Buffer) []float32 {
	t.Helper()
	values := make([]float32, b.Size()/4)
	if err := b.ReadFloats(0, values); err != nil {
		t.Fatal(err)
	}
	return values
}

// repeat is n times the same number.
func repeat(n int, value float32) []float32 { return slices.Repeat([]float32{value}, n) }

func wantFloats(t *testing.T, what string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	for i := range got {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("%s: [%d] = %v, want %v", what, i, got[i], want[i])
		}
	}
}

//go:embed testdata/axpy.spv
var axpyCode []byte

// axpyShader is y = scale * a * x + y; see testdata/axpy.comp.
func axpyShader() Shader {
	code := make([]uint32, len(axpyCode)/4)
	for i := range code {
		code[i] = binary.LittleEndian.Uint32(axpyCode[4*i:])
	}
	return Shader{Name: "axpy", Code: code, PushBytes: 24}
}

func axpyPipeline(t testing.TB, d *Device, groupSize, scale uint32) *Pipeline {
	t.Helper()
	p, err := d.Pipeline(axpyShader(), 0, Constant{0, groupSize}, Constant{1, scale})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// axpyPush are the push constants for n elements.
func axpyPush(x, y uint64, a float32, n int) []byte {
	var push []byte
	push = binary.LittleEndian.AppendUint64(push, x)
	push = binary.LittleEndian.AppendUint64(push, y)
	push = binary.LittleEndian.AppendUint32(push, math.Float32bits(a))
	return binary.LittleEndian.AppendUint32(push, uint32(n))
}

// axpy is the operation y = a * x + y in workgroups of 8.
func axpy(t testing.TB, d *Device, name string, a float32, x, y *Buffer) Op {
	t.Helper()
	n := int(y.Size() / 4)
	return Op{
		Name: name, Kind: "axpy", Pipeline: axpyPipeline(t, d, 8, 1), Push: axpyPush(x.Address(), y.Address(), a, n),
		Workgroups: (n + 7) / 8, Reads: []Range{x.All(), y.All()}, Writes: []Range{y.All()},
		FLOPs: float64(2 * n), Bytes: float64(12 * n),
	}
}

func build(t testing.TB, r *Recorder, name string, profile bool) *List {
	t.Helper()
	l, err := r.Build(name, profile)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

func run(t testing.TB, l *List) {
	t.Helper()
	if err := l.Run(); err != nil {
		t.Fatal(err)
	}
}

// wantError checks that err is an *Error, wraps target (if there is one) and says all words.
func wantError(t *testing.T, err, target error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", words)
	}
	var wrapped *Error
	if !errors.As(err, &wrapped) {
		t.Errorf("%q is a %T, not an *Error", err, err)
	}
	if target != nil && !errors.Is(err, target) {
		t.Errorf("%q is not %q", err, target)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q does not say %q", err, word)
		}
	}
}

// inOwnProcess runs the rest of the calling test in a process of its own with more environment. It returns true there;
// false, with the test's verdict and log, in the process that started it.
func inOwnProcess(t *testing.T, environment ...string) bool {
	t.Helper()
	if os.Getenv(childMark) == t.Name() {
		return true
	}
	command := append(selfCommand(t), "-test.run=^"+t.Name()+"$", "-test.v", "-test.count=1")
	runChild(t, exec.Command(command[0], command[1:]...), t.Name(), environment...)
	return false
}

// runChild runs a command that runs a test as a child.
func runChild(t *testing.T, command *exec.Cmd, test string, environment ...string) {
	t.Helper()
	command.Env = append(os.Environ(), append(environment, childMark+"="+test)...)
	output, err := command.CombinedOutput()
	if err != nil || !strings.Contains(string(output), "--- PASS: "+test) {
		t.Fatalf("%v: %v\n%s", command, err, output)
	}
	t.Logf("%s", output)
}

const childMark = "DVNVK_TEST_CHILD" // the name of the test that is to run in this process

// selfCommand is what starts this test binary: its path, behind the C library's loader where that was named on the
// command line.
func selfCommand(t *testing.T) []string {
	t.Helper()
	if line, err := os.ReadFile("/proc/self/cmdline"); err == nil {
		words := strings.Split(string(line), "\x00")
		if at := slices.Index(words, os.Args[0]); at > 0 {
			return words[:at+1]
		}
	}
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return []string{path}
}
