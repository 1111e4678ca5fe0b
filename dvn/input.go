package dvn

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// input is one task's batch on the device: images [N, size+2, size+2, channels padded], labels [N].
type input struct {
	task, size, channels, maps, capacity int
	images, labels                       *gpu.Exchange
}

// Batch is one task's images, float32 [N, size, size, channels] normalised and augmented, and their labels (which evaluation
// does not need).
type Batch struct {
	Images []float32
	Labels []int32
}

// newInputs makes room for the images that the heads of a phase see; capacity gives the largest batch of each task.
func newInputs(a *arena, p *Phase, capacity map[int]int) (map[int]*input, error) {
	inputs := map[int]*input{}
	for _, h := range p.Heads {
		if inputs[h.Input] != nil {
			continue
		}
		n := capacity[h.Input]
		if n < 1 {
			return nil, fmt.Errorf("head of task %d, level %d sees the images of task %d, which has no batch", h.Task, h.Level, h.Input)
		}
		t := p.Tasks[h.Input-1]
		in := &input{task: h.Input, size: t.Size, channels: t.Channels, maps: even(t.Channels), capacity: n}
		in.images = a.exchange(fmt.Sprintf("images of task %d", h.Input), n, t.Size+2, t.Size+2, in.maps)
		in.labels = a.exchange(fmt.Sprintf("labels of task %d", h.Input), n)
		inputs[h.Input] = in
	}
	return inputs, a.err
}

// activations are the images of a batch of n as a tensor of the network.
func (in *input) activations(n int) layers.Activations {
	a := layers.Activations{Images: n, Size: in.size, Maps: in.maps}
	if in.images != nil {
		a.Range = in.images.Buffer().All()
	}
	return a.For(n)
}

// write puts a batch into the memory that the next run uploads.
func (in *input) write(b Batch, classes int) error {
	pixels := in.size * in.size * in.channels
	n := len(b.Images) / pixels
	if n < 1 || n > in.capacity || len(b.Images) != n*pixels {
		return fmt.Errorf("task %d: %d numbers are not 1 to %d images of %dx%d pixels and %d channels", in.task, len(b.Images), in.capacity, in.size, in.size, in.channels)
	}
	if b.Labels != nil && len(b.Labels) != n {
		return fmt.Errorf("task %d: %d labels for %d images", in.task, len(b.Labels), n)
	}
	host := floatsOf(in.images.Host())
	row := (in.size + 2) * in.maps
	for i := range n {
		for y := range in.size {
			from := b.Images[(i*in.size+y)*in.size*in.channels:]
			to := host[(i*(in.size+2)+y+1)*row+in.maps:]
			for x := range in.size {
				copy(to[x*in.maps:x*in.maps+in.channels], from[x*in.channels:])
			}
		}
	}
	labels := intsOf(in.labels.Host())
	for i, label := range b.Labels {
		if label < 0 || int(label) >= classes {
			return fmt.Errorf("task %d: label %d of image %d is not from 0 to %d", in.task, label, i, classes-1)
		}
		labels[i] = label
	}
	return nil
}

// floatsOf and intsOf look at exchanged bytes as numbers; buffers are aligned to 256 bytes.
func floatsOf(b []byte) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/4)
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
