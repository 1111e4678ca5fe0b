package dvn

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"unsafe"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// input is what a step gets of one task: images [N, size+2, size+2, channels padded] where some head sees them, labels [N]
// where some head learns from them. With two slots the host writes one while the device reads the other.
type input struct {
	task, size, channels, maps, capacity, classes int
	precision                                     layers.Precision
	slots                                         []inputSlot
	slot                                          int // that is written and recorded at present
	seen, learned                                 bool
}

type inputSlot struct{ images, labels *gpu.Exchange }

func (in *input) images() *gpu.Exchange { return in.slots[in.slot].images }
func (in *input) labels() *gpu.Exchange { return in.slots[in.slot].labels }

// Batch is one task's images, float32 [N, size, size, channels] normalised and augmented, and their labels (which evaluation
// does not need).
type Batch struct {
	Images []float32
	Labels []int32
}

// newInputs makes room for the images and labels of a phase; capacity gives the largest batch of each task whose images are
// seen. A head's labels are its own task's, whatever images it sees.
func newInputs(a *arena, p *Phase, capacity map[int]int, slots int) (map[int]*input, error) {
	inputs := map[int]*input{}
	of := func(task, n int) *input {
		if inputs[task] == nil {
			t := p.Tasks[task-1]
			inputs[task] = &input{
				task: task, precision: a.precision, size: t.Size, channels: t.Channels, maps: even(t.Channels), classes: t.Classes, slots: make([]inputSlot, slots),
			}
		}
		inputs[task].capacity = max(inputs[task].capacity, n)
		return inputs[task]
	}
	for _, h := range p.Heads {
		n := capacity[h.Input]
		if n < 1 {
			return nil, fmt.Errorf("%s sees the images of task %d, which has no batch", HeadID{h.Task, h.Level}, h.Input)
		}
		of(h.Input, n).seen = true
		if h.Loss == CrossEntropy {
			of(h.Task, n).learned = true
		}
	}
	for _, task := range slices.Sorted(maps.Keys(inputs)) {
		in := inputs[task]
		for i := range in.slots {
			if in.seen {
				in.slots[i].images = a.exchanged(fmt.Sprintf("images of task %d", task), in.precision.Bytes(), in.capacity, in.size+2, in.size+2, in.maps)
			}
			if in.learned {
				in.slots[i].labels = a.exchange(fmt.Sprintf("labels of task %d", task), in.capacity)
			}
		}
	}
	return inputs, a.err
}

// activations are the images of a batch of n as a tensor of the network.
func (in *input) activations(n int) layers.Activations {
	a := layers.Activations{Precision: in.precision, Images: n, Size: in.size, Maps: in.maps}
	if in.seen {
		a.Range = in.images().Buffer().All()
	}
	return a.For(n)
}

// writeImages puts images into the memory that the next run uploads, and returns how many they are.
func (in *input) writeImages(images []float32) (int, error) {
	pixels := in.size * in.size * in.channels
	n := len(images) / pixels
	if n < 1 || n > in.capacity || len(images) != n*pixels {
		return 0, fmt.Errorf("task %d: %d numbers are not 1 to %d images of %dx%d pixels and %d channels", in.task, len(images), in.capacity, in.size, in.size, in.channels)
	}
	floats, halves := floatsOf(in.images().Host()), halvesOf(in.images().Host())
	row := (in.size + 2) * in.maps
	for line := range n * in.size {
		from := images[line*in.size*in.channels:]
		to := (line/in.size*(in.size+2)+line%in.size+1)*row + in.maps
		for x := range in.size {
			pixel, at := from[x*in.channels:(x+1)*in.channels], to+x*in.maps
			if in.precision != layers.FP16 {
				copy(floats[at:], pixel)
				continue
			}
			for c, v := range pixel {
				halves[at+c] = layers.ToHalf(v)
			}
		}
	}
	return n, nil
}

// writeLabels does the same for labels.
func (in *input) writeLabels(labels []int32) error {
	if len(labels) < 1 || len(labels) > in.capacity {
		return fmt.Errorf("task %d: %d labels, there is room for 1 to %d", in.task, len(labels), in.capacity)
	}
	for i, label := range labels {
		if label < 0 || int(label) >= in.classes {
			return fmt.Errorf("task %d: label %d of image %d is not from 0 to %d", in.task, label, i, in.classes-1)
		}
	}
	copy(intsOf(in.labels().Host()), labels)
	return nil
}

// floatsOf, halvesOf and intsOf look at exchanged bytes as numbers; buffers are aligned to 256 bytes.
func floatsOf(b []byte) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/4)
}

func halvesOf(b []byte) []uint16 {
	return unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/2)
}

func intsOf(b []byte) []int32 {
	return unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/4)
}

// finite tells whether none of the numbers is NaN or infinite.
func finite(values ...float32) bool {
	for _, v := range values {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return false
		}
	}
	return true
}
