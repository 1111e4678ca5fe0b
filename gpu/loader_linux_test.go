package gpu

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	vk "github.com/vulkan-go/vulkan"
)

// spoilLibrary puts a file that is no library in front of the system's library of that name, for processes that a test
// starts with the variable it returns.
func spoilLibrary(t *testing.T, name string) (variable string) {
	t.Helper()
	if len(selfCommand(t)) > 1 {
		t.Skip("the C library's loader was named on the command line: it does not listen to LD_LIBRARY_PATH")
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, name), []byte("not a library\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := folder
	if others := os.Getenv("LD_LIBRARY_PATH"); others != "" {
		path += ":" + others
	}
	return "LD_LIBRARY_PATH=" + path
}

// libvulkan.so comes with development packages; users have libvulkan.so.1 alone.
func TestDevelopmentLibraryIsNotNeeded(t *testing.T) {
	if !inOwnProcess(t, spoilLibrary(t, "libvulkan.so")) {
		return
	}
	onEveryDevice(t, func(t *testing.T, d *Device) {
		x, y := newFloats(t, d, "x", 1), newFloats(t, d, "y", 2)
		r := d.NewRecorder()
		r.Dispatch(axpy(t, d, "axpy", 3, x, y))
		run(t, build(t, r, "list", false))
		wantFloats(t, "y", floats(t, y), []float32{5})
	})
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(maps), "/libvulkan.so.1") {
		t.Error("libvulkan.so.1 is not among this process's libraries")
	}
	// The binding's own loader opens libvulkan.so: that it fails shows that the library is hidden indeed.
	if err := vk.SetDefaultGetInstanceProcAddr(); err == nil {
		t.Error("libvulkan.so can be opened here")
	}
}

func TestMachineWithoutLoaderSaysWhatToInstall(t *testing.T) {
	if !inOwnProcess(t, spoilLibrary(t, "libvulkan.so.1")) {
		return
	}
	_, err := NewInstance()
	wantError(t, err, ErrNoLoader, "libvulkan1", "mesa-vulkan-drivers")
}
