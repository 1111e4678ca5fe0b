package gpu

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"

	vk "github.com/vulkan-go/vulkan"

	"github.com/dvn-vk/dvn-vk/gpu/vkx"
)

// List is a recorded list of operations: submitting it costs the same however many it has.
type List struct {
	device   *Device
	name     string
	commands []vkx.Handle // one submission each
	ops      []Op         // in order of submission
	barriers int
	clock    *clock // nil without a profile
}

// opsPerSubmission bounds what a submission holds where operations tell no work.
const opsPerSubmission = 100

// flopsPerSubmission bounds the work of a submission: drivers reset a queue whose work takes seconds, so the slowest of a
// kind should stay under half a second. Estimates: plain kernels on the smallest discrete cards do 50 GFLOP/s, on the
// smallest integrated ones 2; a submission costs 0.1 ms, so fast devices lose little. CPUs have no such limit.
func flopsPerSubmission(kind DeviceType) float64 {
	switch kind {
	case Discrete:
		return 20e9
	case CPU:
		return 10e9
	default:
		return 1e9
	}
}

// bytesAsFLOPs weighs memory traffic of operations that are not bound by arithmetic.
const bytesAsFLOPs = 4

// Build records the list. profile adds a timestamp after every operation. With DVNVK_SHUFFLE=seed the operations are
// submitted in a random order that their ranges allow: a wrong range then shows as different bits.
func (r *Recorder) Build(name string, profile bool) (*List, error) {
	if r.err != nil {
		return nil, r.err
	}
	switch {
	case r.sketch:
		return nil, &Error{Op: "record", Object: name, Err: fmt.Errorf("a sketch")}
	case len(r.ops) == 0:
		return nil, &Error{Op: "record", Object: name, Err: fmt.Errorf("an empty list")}
	}
	shuffle, err := shuffleFromEnvironment()
	if err != nil {
		return nil, err
	}
	l := &List{device: r.device, name: name}
	if profile {
		if l.clock, err = r.device.newClock(name, len(r.ops)+1); err != nil {
			return nil, err
		}
	}
	if err := l.record(r, r.order(shuffle)); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

func shuffleFromEnvironment() (func(n int) int, error) {
	value := os.Getenv("DVNVK_SHUFFLE")
	if value == "" {
		return nil, nil
	}
	seed, err := strconv.ParseUint(value, 10, 64)
	if err != nil {
		return nil, &Error{Op: "read DVNVK_SHUFFLE", Err: fmt.Errorf("%q is not a seed (a number)", value)}
	}
	return rand.New(rand.NewPCG(seed, 0)).IntN, nil
}

// record writes the command buffers: a barrier before an operation that depends on one since the last barrier.
func (l *List) record(r *Recorder, order []int) error {
	var since []*Op // the last barrier
	cost, opsInSubmission := 0.0, 0
	limit := flopsPerSubmission(l.device.Info.Type)
	for k, index := range order {
		op := &r.ops[index]
		work := max(op.FLOPs, bytesAsFLOPs*op.Bytes)
		if k == 0 || cost+work > limit || opsInSubmission == opsPerSubmission || l.clock.perOp() {
			if err := l.nextSubmission(); err != nil {
				return err
			}
			cost, opsInSubmission, since = 0, 0, nil
			if k == 0 {
				l.clock.begin(l.current())
			}
		}
		if dependsOnAny(op, since) {
			l.device.vkx.Barrier(l.last())
			l.barriers++
			since = nil
		}
		if copied, ok := r.copies[index]; ok {
			l.device.recordCopy(l.last(), copied[0], copied[1])
		} else {
			l.dispatch(op)
		}
		l.clock.mark(l.current(), k+1)
		l.ops = append(l.ops, *op)
		since = append(since, op)
		cost, opsInSubmission = cost+work, opsInSubmission+1
	}
	return l.endSubmission()
}

func dependsOnAny(op *Op, earlier []*Op) bool {
	for _, e := range earlier {
		if op.depends(e) {
			return true
		}
	}
	return false
}

func (l *List) last() vkx.Handle          { return l.commands[len(l.commands)-1] }
func (l *List) current() vk.CommandBuffer { return vkx.As[vk.CommandBuffer](l.last()) }

// nextSubmission ends a command buffer and begins another.
func (l *List) nextSubmission() error {
	if len(l.commands) > 0 {
		if err := l.endSubmission(); err != nil {
			return err
		}
	}
	commands, err := l.device.allocateCommands("list " + l.name)
	if err != nil {
		return err
	}
	l.commands = append(l.commands, commands)
	return nil
}

// endSubmission ends a command buffer with a barrier: what it wrote is visible in the next, and to the host after the fence.
func (l *List) endSubmission() error {
	l.device.vkx.Barrier(l.last())
	return l.device.check("record list", l.name, vk.EndCommandBuffer(l.current()))
}

func (l *List) dispatch(op *Op) {
	commands := l.current()
	vk.CmdBindPipeline(commands, vk.PipelineBindPointCompute, op.Pipeline.handle)
	layout := vkx.As[vk.PipelineLayout](l.device.layout)
	if len(op.Push) > 0 {
		vk.CmdPushConstants(commands, layout, vk.ShaderStageFlags(vk.ShaderStageComputeBit), 0, uint32(len(op.Push)), bytesPointer(op.Push))
	}
	x, y := Groups(op.Workgroups)
	vk.CmdDispatch(commands, x, y, 1)
}

// Run submits the list and waits for it. The error is ErrDeviceLost where the driver gave up.
func (l *List) Run() error {
	if err := l.Start(); err != nil {
		return err
	}
	return l.Wait()
}

// Start submits the list and returns while it runs. Until Wait the device takes no other work, transfers included, and what the
// list reads and writes is not the host's to touch. With a profile by the host's clock it returns when the list has run.
func (l *List) Start() error {
	if l.clock.perOp() {
		return l.clock.runEach(l)
	}
	return l.device.start("run", l.name, l.commands)
}

// Wait waits until the list that Start submitted has run. The error is ErrDeviceLost where the driver gave up.
func (l *List) Wait() error {
	if !l.clock.perOp() {
		if err := l.device.wait("run", l.name); err != nil {
			return err
		}
	}
	l.clock.finish()
	return nil
}

// Barriers counts the barriers between operations.
func (l *List) Barriers() int { return l.barriers }

// Submissions is the number of parts that the list was cut into.
func (l *List) Submissions() int { return len(l.commands) }

// Len is the number of operations.
func (l *List) Len() int { return len(l.ops) }

// Close releases the command buffers; nil is harmless.
func (l *List) Close() {
	if l == nil {
		return
	}
	l.device.freeCommands(l.commands)
	l.commands = nil
	l.clock.close()
}
