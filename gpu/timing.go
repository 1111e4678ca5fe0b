package gpu

import (
	"errors"
	"time"

	vk "github.com/vulkan-go/vulkan"

	"github.com/dvn-vk/dvn-vk/gpu/vkx"
)

// Sample is how long one operation took in the last run of a profiled list.
type Sample struct {
	Name, Kind   string
	Duration     time.Duration
	FLOPs, Bytes float64
}

// clock takes a time before the first and after every operation: with the device's timestamps, or, where it has none,
// by the host's clock around one submission an operation. All methods do nothing on nil.
type clock struct {
	device *Device
	pool   vk.QueryPool // nil: the host's clock
	ticks  []uint64
	walls  []time.Duration
	ran    bool
}

func (d *Device) newClock(name string, marks int) (*clock, error) {
	c := &clock{device: d}
	if !d.Info.Features.Timestamps {
		c.walls = make([]time.Duration, marks-1)
		return c, nil
	}
	c.ticks = make([]uint64, marks)
	info := vk.QueryPoolCreateInfo{SType: vk.StructureTypeQueryPoolCreateInfo, QueryType: vk.QueryTypeTimestamp, QueryCount: uint32(marks)}
	var pool vk.QueryPool
	result := vk.CreateQueryPool(d.handle, &info, nil, &pool)
	info.Free()
	if err := d.check("create query pool", name, result); err != nil {
		vk.DestroyQueryPool(d.handle, pool, nil) // made in spite of a validation message; or null
		return nil, err
	}
	d.vkx.Name(vk.ObjectTypeQueryPool, vkx.From(pool), "timestamps of "+name)
	c.pool = pool
	return c, nil
}

// perOp tells that every operation needs a submission of its own.
func (c *clock) perOp() bool { return c != nil && c.pool == nil }

func (c *clock) begin(commands vk.CommandBuffer) {
	if c != nil && c.pool != nil {
		vk.CmdResetQueryPool(commands, c.pool, 0, uint32(len(c.ticks)))
		vk.CmdWriteTimestamp(commands, vk.PipelineStageTopOfPipeBit, c.pool, 0)
	}
}

func (c *clock) mark(commands vk.CommandBuffer, index int) {
	if c != nil && c.pool != nil {
		vk.CmdWriteTimestamp(commands, vk.PipelineStageBottomOfPipeBit, c.pool, uint32(index))
	}
}

func (c *clock) runEach(l *List) error {
	for k, commands := range l.commands {
		start := time.Now()
		if err := c.device.submit("run", l.ops[k].Name, []vkx.Handle{commands}); err != nil {
			return err
		}
		c.walls[k] = time.Since(start)
	}
	return nil
}

// Samples gives the times of the last run of a list built with a profile, in order of submission. wall is true where the
// device has no timestamps: the times then include a submission each.
func (l *List) Samples() (samples []Sample, wall bool, err error) {
	c := l.clock
	if c == nil {
		return nil, false, &Error{Op: "read profile of", Object: l.name, Err: errors.New("the list was built without one")}
	}
	if !c.ran {
		return nil, false, &Error{Op: "read profile of", Object: l.name, Err: errors.New("the list has not run yet")}
	}
	if c.pool != nil {
		const flags = vk.QueryResultFlags(vk.QueryResult64Bit | vk.QueryResultWaitBit)
		result := vk.GetQueryPoolResults(c.device.handle, c.pool, 0, uint32(len(c.ticks)), uint(8*len(c.ticks)), wordsPointer(c.ticks), 8, flags)
		if err := c.device.check("read timestamps of", l.name, result); err != nil {
			return nil, false, err
		}
	}
	for k, op := range l.ops {
		s := Sample{Name: op.Name, Kind: op.Kind, FLOPs: op.FLOPs, Bytes: op.Bytes}
		if c.pool == nil {
			s.Duration = c.walls[k]
		} else {
			ticks := elapsed(c.ticks[k], c.ticks[k+1], c.device.Info.Limits.TimestampValidBits)
			s.Duration = time.Duration(float64(ticks) * c.device.Info.Limits.TimestampPeriodNS)
		}
		samples = append(samples, s)
	}
	return samples, c.pool == nil, nil
}

// elapsed subtracts timestamps of which only the low validBits count, so that a wrap between them is harmless.
func elapsed(from, to uint64, validBits int) uint64 {
	if validBits >= 64 {
		return to - from
	}
	return (to - from) & (1<<validBits - 1)
}

// finish notes that there are times to read.
func (c *clock) finish() {
	if c != nil {
		c.ran = true
	}
}

func (c *clock) close() {
	if c != nil && c.pool != nil {
		vk.DestroyQueryPool(c.device.handle, c.pool, nil)
		c.pool = nil
	}
}
