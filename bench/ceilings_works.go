package bench

import (
	"math"
	"slices"
	"time"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// Sizes of the works below.
const (
	worthTiming   = 20 * time.Millisecond // a run this long hides its submission
	maxResults    = 8 << 20               // numbers that multiply-adds leave
	maxPasses     = 1 << 16
	launches      = 90 // in one submission
	transferBytes = 64 << 20
)

// grow doubles an amount of work from first, until a run takes worthTiming or the amount would exceed most. prepare records a
// run of an amount.
func (b *workbench) grow(first, most int, prepare func(amount int) *layers.Program) (amount int, p *layers.Program) {
	for amount = first; ; amount *= 2 {
		p = prepare(amount)
		if b.err != nil || 2*amount > most {
			return amount, p
		}
		shortest := time.Duration(math.MaxInt64)
		for range 3 { // the first touches its memory; others may be disturbed
			start := time.Now()
			b.run(p)
			shortest = min(shortest, time.Since(start))
		}
		if shortest >= worthTiming {
			return amount, p
		}
	}
}

// multiplyAdds is a work of multiply-adds whose results were compared, in a precision or on matrix units of a shape.
func (b *workbench) multiplyAdds(precision string, matrix gpu.MatrixShape) Work {
	name := "multiply-adds " + precision
	c := layers.FMACeiling{Half: precision == "fp16", Matrix: matrix, Groups: 1}
	c.Turns = min(c.MaxTurns(), 256)
	to := b.floats(name, maxResults)
	groups, p := b.grow(64, maxResults/c.Floats(b.Kernels), func(groups int) *layers.Program {
		c.Groups = groups
		return b.program(name, func(l *layers.Builder) { l.FMACeiling(c, to) })
	})
	c.Groups = groups
	b.run(p)
	b.check(name, to, c.Floats(b.Kernels), func(int) float32 { return c.Result() })
	return Work{Record: Record{What: WhatOp, Name: CeilingFMA, Precision: precision}, FLOPs: c.FLOPs(b.Kernels), Run: p.Run}
}

// copies is a work of copies of a size, whose result was compared.
func (b *workbench) copies(size uint64) Work {
	size -= size % b.Kernels.CopyCeilingBytes()
	name := "copy of " + gpu.Bytes(size)
	values := make([]float32, size/4)
	for i := range values {
		values[i] = float32(i % 4093)
	}
	from, to := b.filled(name, layers.FP32, values), b.floats(name, len(values))
	passes, p := b.grow(1, maxPasses, func(passes int) *layers.Program {
		return b.program(name, func(l *layers.Builder) { l.CopyCeiling(from, to, passes) })
	})
	b.run(p)
	b.check(name, to, len(values), func(i int) float32 { return values[i] })
	return Work{Record: Record{What: WhatOp, Name: CeilingCopy, Bytes: size}, Bytes: 2 * float64(size), Times: passes, Run: p.Run}
}

// launches is a work of n dispatches that have nothing to do. waiting: each overwrites what the one before wrote.
func (b *workbench) launches(name string, n int, waiting bool) Work {
	c := layers.FMACeiling{Groups: 1}
	step := c.Floats(b.Kernels)
	if waiting {
		step = 0
	}
	to := b.floats(name, n*c.Floats(b.Kernels))
	p := b.program(name, func(l *layers.Builder) {
		for i := range n {
			l.FMACeiling(c, to.Buffer.Part(4*uint64(i*step), 4*uint64(c.Floats(b.Kernels))))
		}
	})
	return Work{Record: Record{What: WhatOp, Name: name}, Times: n, Run: p.Run}
}

// transfer is a work of one transfer between host and device: the copy that a list records, or the host's own where it shares
// memory with the device.
func (b *workbench) transfer(name string, record func(*gpu.Recorder, *gpu.Exchange), shared func(device, host []byte)) Work {
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
	w.Run = b.program(name, func(l *layers.Builder) { record(l.Recorder(), e) }).Run
	return w
}
