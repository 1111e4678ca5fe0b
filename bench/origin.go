package bench

import (
	"cmp"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/dvn-vk/dvn-vk/gpu"
)

// newOrigin describes this moment on this machine.
func newOrigin(info gpu.DeviceInfo, command string) Origin {
	o := Origin{
		Device: info.Name, DeviceType: string(info.Type), Driver: info.Driver, API: info.API,
		Go: runtime.Version(), OS: runtime.GOOS + "/" + runtime.GOARCH, CPU: processor(), Clock: clockState(),
		Date: time.Now().UTC().Format(time.RFC3339), Command: command,
	}
	if info.Type == gpu.CPU {
		o.Threads = threads()
	}
	o.Version, o.Commit = Build()
	return o
}

// threads that a device on the CPU has: lavapipe's own variable, or all.
func threads() int {
	if n, err := strconv.Atoi(os.Getenv("LP_NUM_THREADS")); err == nil && n > 0 {
		return n
	}
	return runtime.NumCPU()
}

// Build is what this program was built from: the module's version, and the commit, empty where it was not built from a checkout.
func Build() (version, revision string) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "of unknown origin", ""
	}
	return cmp.Or(info.Main.Version, "(devel)"), commit(info.Settings)
}

// commit is the revision of the checkout, + where there were changes; empty for a program from elsewhere.
func commit(settings []debug.BuildSetting) string {
	revision, changed := "", ""
	for _, s := range settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = "+"
		}
	}
	if revision == "" {
		return ""
	}
	return revision + changed
}
