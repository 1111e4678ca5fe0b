package bench

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// processor is the host's, with the number of its cores.
func processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if name, model, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return fmt.Sprintf("%s, %d cores", strings.TrimSpace(model), runtime.NumCPU())
		}
	}
	return fmt.Sprintf("%s, %d cores", runtime.GOARCH, runtime.NumCPU())
}

// clockState is what the kernel tells of the first core's clock, and of AMD's GPUs; empty where it tells nothing (in most
// virtual machines).
func clockState() string {
	const frequency = "/sys/devices/system/cpu/cpu0/cpufreq/"
	var parts []string
	if governor := firstLine(frequency + "scaling_governor"); governor != "" {
		parts = append(parts, "CPU governor "+governor)
	}
	if kHz, err := strconv.Atoi(firstLine(frequency + "scaling_cur_freq")); err == nil {
		parts = append(parts, fmt.Sprintf("%d MHz", kHz/1000))
	}
	if boost := firstLine("/sys/devices/system/cpu/cpufreq/boost"); boost != "" {
		parts = append(parts, "boost "+boost)
	}
	for card := range 8 {
		if level := firstLine(fmt.Sprintf("/sys/class/drm/card%d/device/power_dpm_force_performance_level", card)); level != "" {
			parts = append(parts, fmt.Sprintf("GPU card%d %s", card, level))
		}
	}
	return strings.Join(parts, ", ")
}

func firstLine(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSpace(line)
}
