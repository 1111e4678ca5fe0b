package dvn

import (
	"strings"

	"github.com/dvn-vk/dvn-vk/layers"
)

// Tensor is one parameter or statistic of a network: its name and shape in files (spec section 9), and where its numbers
// lie on the device. In files it is [rows, columns, taps]; on the device [rows, taps, columns] with padded rows and columns.
type Tensor struct {
	Name  string
	Shape []int

	rows, columns []int  // where each row and column that the device holds lies there
	inFile        region // which rows and columns of the file these are
	taps          int
	width, height int // padded columns and rows on the device
	statistic     bool
	classifier    bool    // of a head, behind the pooled features
	fans          [2]int  // of Xavier initialisation; 0: none
	fill          float32 // initial value without fans
	at            int     // index of the first float in its buffer
}

// floats is the number of floats on the device, padding included.
func (t *Tensor) floats() int { return t.height * t.taps * t.width }

// Len is the number of values that the device holds: all of Shape, or those of the units that were loaded.
func (t *Tensor) Len() int { return len(t.rows) * len(t.columns) * t.taps }

// decays tells whether weight decay applies: to weights of convolutions, stems and fully connected layers (spec section 5).
func (t *Tensor) decays() bool {
	return strings.HasSuffix(t.Name, ".weight") && !strings.Contains(t.Name, ".bn")
}

// index is where value [row, column, tap], of those that the device holds, lies among the tensor's floats there.
func (t *Tensor) index(row, column, tap int) int {
	return (t.rows[row]*t.taps+tap)*t.width + t.columns[column]
}

// toDevice spreads a file's values over the device's floats; padding is 0.
func (t *Tensor) toDevice(values []float32) []float32 {
	device := make([]float32, t.floats())
	t.each(func(file, at int) { device[at] = values[file] })
	return device
}

// fromDevice gathers a file's values.
func (t *Tensor) fromDevice(device []float32) []float32 {
	values := make([]float32, t.Len())
	t.each(func(file, at int) { values[file] = device[at] })
	return values
}

func (t *Tensor) each(do func(file, at int)) {
	file := 0
	for row := range t.rows {
		for column := range t.columns {
			for tap := range t.taps {
				do(file, t.index(row, column, tap))
				file++
			}
		}
	}
}

func consecutive(n int) []int {
	p := make([]int, n)
	for i := range p {
		p[i] = i
	}
	return p
}

func even(n int) int { return (n + 1) / 2 * 2 }

// tensors lists everything that heads of the phase need, each once, in the order in which it is used.
func (s *shape) tensors(heads []Head) []*Tensor {
	l := tensorList{seen: map[string]bool{}}
	for _, b := range s.blocks {
		l.conv(b.conv1, b.conv1.Name)
		l.conv(b.conv2, b.conv2.Name)
	}
	for _, h := range heads {
		stem := stemName(h.Trunk[0])
		l.conv(s.stemConv(h.Trunk[0]), stem)
		l.norm(stem+".bn", s.stem, s.stem.Held())
		units := layers.NewUnitSet(h.Units...)
		for _, b := range s.blocks {
			for conv, maps := range []layers.Maps{b.conv1.Out, b.conv2.Out} {
				name := s.phase.trunkNormName(h.Trunk, b.normName(conv+1))
				if s.phase.BN == BNShared {
					l.norm(name, maps, maps.Held())
				} else {
					l.ownNorm(name, maps, units)
				}
			}
		}
		features, width := s.feature.Positions(units), s.feature.Width(units)
		head := headName(h.Task, h.Level)
		if h.Adapt {
			for _, adapt := range []string{head + ".adapt1", head + ".adapt2"} {
				l.dense(adapt, features, width, features, width)
			}
		}
		classes := s.phase.Tasks[h.Task-1].Classes
		l.dense(head+".fc", consecutive(classes), classes, features, width)
	}
	return l.all
}

type tensorList struct {
	all  []*Tensor
	seen map[string]bool
}

func (l *tensorList) add(t *Tensor) {
	if !l.seen[t.Name] {
		l.seen[t.Name] = true
		l.all = append(l.all, t)
	}
}

// conv: Xavier with the physical layer's fans, not the head's (spec section 5).
func (l *tensorList) conv(c layers.Conv, name string) {
	outs, ins, taps := c.Out.Held(), c.In.Held(), c.Kernel*c.Kernel
	l.add(&Tensor{
		Name: name + ".weight", Shape: []int{c.Out.RealTotal(), c.In.RealTotal(), c.Kernel, c.Kernel},
		rows: c.Out.Positions(outs), columns: c.In.Positions(ins), inFile: region{c.Out.Indices(outs), c.In.Indices(ins)},
		taps: taps, width: c.In.Total(), height: c.Out.Total(),
		fans: [2]int{taps * c.In.RealTotal(), taps * c.Out.RealTotal()},
	})
}

// norm is a batch-norm that files have once for all maps of a layer, of which the device holds those of units.
func (l *tensorList) norm(name string, maps layers.Maps, units layers.UnitSet) {
	l.normTensors(name, maps.Width(units), maps.Positions(units), maps.RealTotal(), maps.Indices(units))
}

// ownNorm is a batch-norm that files have for the maps of units alone.
func (l *tensorList) ownNorm(name string, maps layers.Maps, units layers.UnitSet) {
	own := maps.RealWidth(units)
	l.normTensors(name, maps.Width(units), maps.Positions(units), own, consecutive(own))
}

func (l *tensorList) normTensors(name string, width int, positions []int, inFile int, indices []int) {
	for _, part := range []struct {
		suffix    string
		fill      float32
		statistic bool
	}{{".weight", 1, false}, {".bias", 0, false}, {".running_mean", 0, true}, {".running_var", 1, true}} {
		l.add(&Tensor{
			Name: name + part.suffix, Shape: []int{inFile}, rows: []int{0}, columns: positions, inFile: region{[]int{0}, indices}, taps: 1,
			width: width, height: 1, statistic: part.statistic, fill: part.fill,
		})
	}
}

func (l *tensorList) dense(name string, outs []int, height int, ins []int, width int) {
	l.add(&Tensor{
		Name: name + ".weight", Shape: []int{len(outs), len(ins)}, rows: outs, columns: ins, inFile: region{consecutive(len(outs)), consecutive(len(ins))},
		taps: 1, width: width, height: height, fans: [2]int{len(ins), len(outs)}, classifier: true,
	})
	l.add(&Tensor{
		Name: name + ".bias", Shape: []int{len(outs)}, rows: []int{0}, columns: outs, inFile: region{[]int{0}, consecutive(len(outs))},
		taps: 1, width: even(height), height: 1, classifier: true,
	})
}
