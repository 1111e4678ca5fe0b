package bench

import (
	"fmt"
	"slices"
	"time"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

const (
	launches      = 90                    // in one submission
	transferBytes = 64 << 20              // of an upload or a download
	resultBytes   = 32 << 20              // of multiply-adds at most
	worthTiming   = 20 * time.Millisecond // a sample this long hides its submission
)

// ceilingBench prepares works on a device and releases what they need. The first error stays.
type ceilingBench struct {
	*Machine
	programs  []*layers.Program
	buffers   []*gpu.Buffer
	exchanges []*gpu.Exchange
	err       error
}

func (b *ceilingBench) close() {
	for _, p := range b.programs {
		p.Close()
	}
	for _, buffer := range b.buffers {
		buffer.Free()
	}
	for _, e := range b.exchanges {
		e.Free()
	}
}

func (b *ceilingBench) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

func (b *ceilingBench) buffer(name string, bytes uint64) gpu.Range {
	if b.err != nil {
		return gpu.Range{}
	}
	buffer, err := b.Device.NewBuffer(name, gpu.Activations, bytes)
	if err != nil {
		b.fail(err)
		return gpu.Range{}
	}
	b.buffers = append(b.buffers, buffer)
	return buffer.All()
}

// program records a list that is closed in the end.
func (b *ceilingBench) program(name string, record func(*layers.Builder)) *layers.Program {
	if b.err != nil {
		return nil
	}
	l := b.Kernels.NewBuilder()
	record(l)
	p, err := l.Finish(name, false)
	if err != nil {
		b.fail(err)
		return nil
	}
	b.programs = append(b.programs, p)
	return p
}

// grow doubles an amount of work until a run takes worthTiming, or the amount reaches most. prepare records a run of an amount.
func (b *ceilingBench) grow(amount, most int, prepare func(amount int) *layers.Program) (int, *layers.Program) {
	for ; ; amount *= 2 {
		p := prepare(amount)
		if b.err != nil {
			return amount, nil
		}
		best := time.Duration(0)
		for i := range 2 { // the first run compiles nothing, but touches its memory
			start := time.Now()
			if err := p.Run(); err != nil {
				b.fail(err)
				return amount, nil
			}
			if took := time.Since(start); i == 0 || took < best {
				best = took
			}
		}
		if best >= worthTiming || 2*amount > most {
			return amount, p
		}
	}
}

// multiplyAdds is a work of multiply-adds whose results were compared. Matrix units will be one more precision.
func (b *ceilingBench) multiplyAdds(precision string) Work {
	c := layers.FMACeiling{Half: precision == "fp16", Groups: 1}
	c.Turns = min(c.MaxTurns(), 256)
	name := "multiply-adds " + precision
	to := b.buffer(name, resultBytes)
	groups, p := b.grow(64, resultBytes/4/c.Floats(b.Kernels), func(groups int) *layers.Program {
		c.Groups = groups
		return b.program(name, func(l *layers.Builder) { l.FMACeiling(c, to) })
	})
	c.Groups = groups
	b.check(name, to, c.Floats(b.Kernels), func(int) float32 { return c.Result() })
	return Work{Record: Record{What: WhatOp, Name: CeilingFMA, Precision: precision}, FLOPs: c.FLOPs(b.Kernels), Run: p.Run}
}

// copies is a work of copies of a size, whose result was compared.
func (b *ceilingBench) copies(size uint64) Work {
	size -= size % b.Kernels.CopyCeilingBytes()
	name := "copy of " + gpu.Bytes(size)
	from, to := b.buffer(name, size), b.buffer(name, size)
	values := make([]float32, size/4)
	for i := range values {
		values[i] = float32(i % 4093)
	}
	if b.err == nil {
		b.fail(from.Buffer.WriteFloats(0, values))
	}
	passes, p := b.grow(1, 1<<16, func(passes int) *layers.Program {
		return b.program(name, func(l *layers.Builder) { l.CopyCeiling(from, to, passes) })
	})
	b.check(name, to, len(values), func(i int) float32 { return values[i] })
	return Work{Record: Record{What: WhatOp, Name: CeilingCopy, Bytes: size}, Bytes: 2 * float64(size), Times: passes, Run: p.Run}
}

// launches is a work of n dispatches with nothing to do.
func (b *ceilingBench) launches(name string, n int, waiting bool) Work {
	c := layers.FMACeiling{Groups: 1}
	results := 4 * uint64(c.Floats(b.Kernels))
	to := b.buffer(name, results*uint64(n))
	p := b.program(name, func(l *layers.Builder) {
		for i := range n {
			at := uint64(i) * results
			if waiting {
				at = 0
			}
			l.FMACeiling(c, to.Buffer.Part(at, results))
		}
	})
	return Work{Record: Record{What: WhatOp, Name: name}, Times: n, Run: p.Run}
}

// upload and download are works of one transfer each: the copy that a list of operations records, or the host's where it
// shares memory with the device.
func (b *ceilingBench) upload() Work {
	return b.transfer(CeilingUpload, func(l *gpu.Recorder, e *gpu.Exchange) { l.Upload(e, 0, transferBytes) }, func(device, host []byte) { copy(device, host) })
}

func (b *ceilingBench) download() Work {
	return b.transfer(CeilingDownload, func(l *gpu.Recorder, e *gpu.Exchange) { l.Download(e, 0, transferBytes) }, func(device, host []byte) { copy(host, device) })
}

func (b *ceilingBench) transfer(name string, record func(*gpu.Recorder, *gpu.Exchange), shared func(device, host []byte)) Work {
	w := Work{Record: Record{What: WhatOp, Name: name, Bytes: transferBytes}, Bytes: transferBytes}
	e, err := b.Device.NewExchange(name, transferBytes)
	if err != nil {
		b.fail(err)
		return w
	}
	b.exchanges = append(b.exchanges, e)
	if device := e.Buffer().Host(); device != nil {
		host := slices.Repeat([]byte{1}, transferBytes)
		w.Run = func() error { shared(device, host); return nil }
		return w
	}
	p := b.program(name, func(l *layers.Builder) { record(l.Recorder(), e) })
	w.Run = p.Run
	return w
}

// check compares numbers on the device with what they must be.
func (b *ceilingBench) check(what string, r gpu.Range, n int, want func(i int) float32) {
	if b.err != nil {
		return
	}
	values := make([]float32, n)
	b.fail(r.Buffer.ReadFloats(0, values))
	for i, got := range values {
		if b.err == nil && got != want(i) {
			b.fail(fmt.Errorf("%s: number %d of %d is %v, must be %v: the device computes wrongly, see dvn-vk verify --ops", what, i, n, got, want(i)))
		}
	}
}
