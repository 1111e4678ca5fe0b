package gpu

import (
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/cpu"
)

// LavapipeMajor is the major version of Mesa behind its driver for the CPU, 0 for any other driver.
func (d DeviceInfo) LavapipeMajor() (major int) {
	if _, err := fmt.Sscanf(d.Driver, "llvmpipe Mesa %d.", &major); err != nil {
		return 0
	}
	return major
}

// vectorWidth is the variable by which Mesa is told how many bits the registers have that its code for CPUs uses.
const vectorWidth = "LP_NATIVE_VECTOR_WIDTH"

// widenVectors sets vectorWidth to the 512 bits that the processor has, for a lavapipe from Mesa 26 on, which makes code for 256:
// our kernels then take about two thirds of the time (docs/performance.md). Mesa reads it when an instance is created. What the
// user set stays; older ones gain nothing.
func widenVectors(devices []DeviceInfo) bool {
	_, set := os.LookupEnv(vectorWidth)
	x86 := cpu.X86
	wider := !set && x86.HasAVX512F && x86.HasAVX512BW && x86.HasAVX512DQ && x86.HasAVX512VL &&
		slices.ContainsFunc(devices, func(d DeviceInfo) bool { return d.LavapipeMajor() >= 26 })
	return wider && os.Setenv(vectorWidth, "512") == nil
}
