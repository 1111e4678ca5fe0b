package dvn

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
)

// Source brings the values of a tensor in the order of files: those of its spans, one after another. Its errors name the tensor.
type Source func(t *Tensor) ([]float32, error)

// Span is a run of a tensor's values in a file: Len of them from the index At, row-major in Shape.
type Span struct{ At, Len int }

// region is which rows and columns of a file's tensor a device holds, ascending.
type region struct{ rows, columns []int }

// Spans lists the runs of a tensor's values in a file that the device holds, ascending and none adjacent to the next: one
// where it holds all of them.
func (t *Tensor) Spans() []Span {
	rows := 1
	if len(t.Shape) > 1 {
		rows = t.Shape[0]
	}
	width := product(t.Shape) / rows // values of a row of the file
	runs := spansOf(t.inFile.columns, t.taps)
	if len(runs) == 1 && runs[0].Len == width {
		return spansOf(t.inFile.rows, width)
	}
	var spans []Span
	for _, row := range t.inFile.rows {
		for _, run := range runs {
			spans = append(spans, Span{row*width + run.At, run.Len})
		}
	}
	return spans
}

// spansOf joins ascending indices of parts of width values each.
func spansOf(indices []int, width int) []Span {
	var spans []Span
	for _, i := range indices {
		if n := len(spans); n > 0 && spans[n-1].At+spans[n-1].Len == i*width {
			spans[n-1].Len += width
		} else {
			spans = append(spans, Span{i * width, width})
		}
	}
	return spans
}

func product(sizes []int) int {
	n := 1
	for _, size := range sizes {
		n *= size
	}
	return n
}

// Load sets every tensor of the store from a source, one after another.
func (s *Store) Load(from Source) error {
	for _, t := range s.order {
		values, err := from(t)
		if err == nil {
			err = s.Set(t.Name, values)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Initialise is Load from Random.
func (s *Store) Initialise(seed uint64) error { return s.Load(Random(seed)) }

// Random is the source of a network that has learned nothing: Xavier uniform weights, gamma and running variance 1, the rest
// 0 (spec section 5). The numbers of a tensor hang on the seed and its name alone, so adding a task changes no other task's,
// and a level that is loaded alone gets those that it has in the whole network.
func Random(seed uint64) Source {
	return func(t *Tensor) ([]float32, error) {
		whole := make([]float32, product(t.Shape))
		random := rand.New(rand.NewPCG(seed, hashName(t.Name)))
		for i := range whole {
			whole[i] = t.fill
			if t.fans[0] > 0 {
				whole[i] = float32((2*random.Float64() - 1) * t.xavier())
			}
		}
		return t.held(whole), nil
	}
}

// Source is the store as a source: a level of its network may be loaded from it.
func (s *Store) Source() Source {
	return func(t *Tensor) ([]float32, error) {
		if _, ok := s.tensors[t.Name]; !ok {
			return nil, fmt.Errorf("tensor %s: the store has none of that name", t.Name)
		}
		whole, err := s.Get(t.Name)
		if err == nil && len(whole) != product(t.Shape) {
			err = fmt.Errorf("tensor %s: %d values, its shape %v has %d", t.Name, len(whole), t.Shape, product(t.Shape))
		}
		if err != nil {
			return nil, err
		}
		return t.held(whole), nil
	}
}

// held picks the spans out of all values of a file's tensor.
func (t *Tensor) held(whole []float32) []float32 {
	if len(whole) == t.Len() {
		return whole
	}
	values := make([]float32, 0, t.Len())
	for _, s := range t.Spans() {
		values = append(values, whole[s.At:s.At+s.Len]...)
	}
	return values
}

// xavier is the limit of the uniform distribution: sqrt(6 / (fan in + fan out)).
func (t *Tensor) xavier() float64 { return math.Sqrt(6 / float64(t.fans[0]+t.fans[1])) }

func hashName(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return h.Sum64()
}
