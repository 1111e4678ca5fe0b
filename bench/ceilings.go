package bench

import (
	"context"
	"strings"
	"time"

	"github.com/dvn-vk/dvn-vk/gpu"
)

// Names of the records of ceilings, of WhatOp. Their rates are those of the shortest sample, what a device can do at most.
const (
	CeilingFMA           = "ceiling-fma"            // multiply-adds, by Precision
	CeilingCopy          = "ceiling-copy"           // by Bytes, read and written
	CeilingLaunch        = "ceiling-launch"         // a dispatch behind others that it need not wait for
	CeilingLaunchWaiting = "ceiling-launch-waiting" // a dispatch behind one that it must wait for
	CeilingSubmit        = "ceiling-submit"         // submitting a list of one smallest dispatch, and waiting for it
	CeilingUpload        = "ceiling-upload"         // host to device
	CeilingDownload      = "ceiling-download"       // device to host
)

// Ceilings are what a device was measured to be able to: the records of names ceiling-... among others.
type Ceilings []Record

// ratedMS is the time that a record's rates are of: the median, or of a ceiling the shortest.
func (r *Record) ratedMS() float64 {
	if strings.HasPrefix(r.Name, "ceiling-") {
		return r.MinMS
	}
	return r.MedianMS
}

// FMA is the rate of multiply-adds in a precision (fp32, fp16 or matrix) in 1e9 operations a second; 0: not measured.
func (c Ceilings) FMA(precision string) (rate float64) {
	for _, r := range c {
		if r.Name == CeilingFMA && r.Precision == precision {
			rate = max(rate, r.GFLOPS)
		}
	}
	return rate
}

// Copy is the rate at which the largest buffers are copied, in 1e9 bytes a second; 0: not measured.
func (c Ceilings) Copy() (rate float64) {
	largest := uint64(0)
	for _, r := range c {
		if r.Name == CeilingCopy && r.Bytes >= largest {
			largest, rate = r.Bytes, r.GBPerS
		}
	}
	return rate
}

// Ceilings measures, at the first call, the rates that others are compared with: multiply-adds and copies of large buffers.
func (m *Machine) Ceilings(ctx context.Context) (Ceilings, error) {
	if m.ceilings != nil {
		return m.ceilings, nil
	}
	b := workbench{Machine: m}
	defer b.close()
	works := []Work{b.multiplyAdds("fp32", gpu.MatrixShape{}), b.copies(copySizes(m.Device.Info)[2])}
	if b.err != nil {
		return nil, b.err
	}
	records, err := m.measure(ctx, Sampling{Rounds: 5, Duration: min(m.Sampling.Duration, time.Second)}, nil, works)
	if err != nil {
		return nil, err
	}
	m.ceilings = records
	return m.ceilings, nil
}

// Device describes the measurement of all ceilings.
type Device struct{}

// Run measures multiply-adds in each precision that the device has, copies within caches and beyond, launches, submissions,
// and transfers between host and device.
func (Device) Run(ctx context.Context, m *Machine) ([]Record, error) {
	m.expect(1)
	b := workbench{Machine: m}
	defer b.close()
	works := []Work{b.multiplyAdds("fp32", gpu.MatrixShape{})}
	if m.Device.Info.Features.Float16 {
		works = append(works, b.multiplyAdds("fp16", gpu.MatrixShape{}))
	}
	if shape, ok := m.Kernels.MatrixCeiling(); ok {
		works = append(works, b.multiplyAdds("matrix", shape))
	}
	for _, size := range copySizes(m.Device.Info) {
		works = append(works, b.copies(size))
	}
	works = append(works, b.launches(CeilingLaunch, launches, false), b.launches(CeilingLaunchWaiting, launches, true), b.launches(CeilingSubmit, 1, false),
		b.transfer(CeilingUpload,
			func(l *gpu.Recorder, e *gpu.Exchange) { l.Upload(e, 0, transferBytes) },
			func(device, host []byte) { copy(device, host) }),
		b.transfer(CeilingDownload,
			func(l *gpu.Recorder, e *gpu.Exchange) { l.Download(e, 0, transferBytes) },
			func(device, host []byte) { copy(host, device) }))
	if b.err != nil {
		return nil, b.err
	}
	return m.Measure(ctx, works)
}

// copySizes are a size within a core's cache, one within the last cache, and one beyond those that such devices have, as memory
// allows.
func copySizes(info gpu.DeviceInfo) [3]uint64 {
	beyond := uint64(256 << 20)
	if info.Type == gpu.CPU {
		beyond = 64 << 20
	}
	return [3]uint64{256 << 10, 8 << 20, min(beyond, info.Limits.Memory/16, info.Limits.MaxBuffer)}
}
