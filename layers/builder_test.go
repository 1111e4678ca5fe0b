package layers

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/gpu/ondevice"
)

// every records each operation for a number of heads; it returns how many dispatches that took.
func (b *bench) every(heads int) map[string]int {
	r := rand.New(rand.NewPCG(1, 1))
	conv := Conv{Name: "conv", Kernel: 3, Stride: 1, InSize: 4, In: NewMaps([]int{0, 2, 4}, UnitPad), Out: NewMaps([]int{0, 2, 4}, UnitPad)}
	const images, maps, classes = 3, 4, 5
	set := AllUnits(2)
	conv.Memory.Scratch[BackwardWeights] = b.empty(1 << 16)
	w, g := b.floats(random(r, conv.Weights())), b.empty(conv.Weights())
	parameters, momentum := b.floats(random(r, conv.Weights())), b.floats(random(r, conv.Weights()))
	identity := b.floats(make([]float64, maps)) // map 0 for all: integers and floats have the same 0
	var convs []ConvHead
	var norms []NormHead
	var shortcuts []ShortcutHead
	var pools []PoolHead
	var dense []Dense
	var losses []LossHead
	var sums []Activations
	for range heads {
		tensor := func() Activations { return b.activations(randomTensor(r, images, 4, maps)) }
		row := func() gpu.Range { return b.floats(random(r, maps)) }
		convs = append(convs, ConvHead{In: set, Out: set, X: tensor(), Y: tensor()})
		norms = append(norms, NormHead{
			Norm: Norm{
				Maps: maps, Gamma: row(), Beta: row(), RunningMean: row(), RunningVar: row(), DGamma: row(), DBeta: row(),
				Table: b.floats(random(r, NormTableFloats(maps))), Partials: b.empty(b.NormPartials(images, 4, maps)), Physical: identity,
			},
			X: tensor(), Y: tensor(), DY: tensor(), DX: tensor(), Residual: tensor(), Source: MapIndices{Range: identity},
		})
		shortcuts = append(shortcuts, ShortcutHead{Y: tensor(), DY: tensor(), DX: tensor(), Target: MapIndices{Range: identity}})
		pools = append(pools, PoolHead{X: tensor(), Pooled: b.floats(random(r, images*maps))})
		dense = append(dense, Dense{
			X: b.floats(random(r, images*maps)), W: b.floats(random(r, classes*maps)), B: b.floats(random(r, classes)),
			Y: b.empty(images * classes), DY: b.floats(random(r, images*classes)), DW: b.empty(classes * maps), DB: b.empty(classes),
			Ins: maps, Outs: classes, Images: images,
		})
		losses = append(losses, LossHead{
			Logits: b.floats(random(r, images*classes)), Labels: b.floats(make([]float64, images)), Gradient: b.empty(images * classes),
			Each: b.empty(images), Loss: b.empty(1), Classes: classes, Images: images, Weight: 1,
		})
		sums = append(sums, tensor())
	}
	shared := SharedNorm{Maps: maps, DGamma: b.empty(maps), DBeta: b.empty(maps), Own: b.floats(make([]float64, heads*maps))}
	whole := Segment{Name: "all", Rows: 1, Width: conv.Weights()}
	scale := b.floats([]float64{1, 0, 0, 0})
	dispatches := map[string]int{}
	for name, record := range map[string]func(*Builder){
		"ConvForward":          func(l *Builder) { l.ConvForward(conv, w, convs, nil) },
		"ConvBackwardData":     func(l *Builder) { l.ConvBackwardData(conv, w, convs) },
		"ConvBackwardWeights":  func(l *Builder) { l.ConvBackwardWeights(conv, g, convs, allBlocks()) },
		"Statistics":           func(l *Builder) { l.Statistics("norm", norms) },
		"Merge":                func(l *Builder) { l.Merge("norm", norms, RunningStatistics) },
		"Apply":                func(l *Builder) { l.Apply("norm", norms, 1) },
		"BackwardSums":         func(l *Builder) { l.BackwardSums("norm", norms) },
		"BackwardMerge":        func(l *Builder) { l.BackwardMerge("norm", norms, true) },
		"BackwardApply":        func(l *Builder) { l.BackwardApply("norm", norms) },
		"SharedRunning":        func(l *Builder) { l.SharedRunning("norm", shared, norms) },
		"SharedGradients":      func(l *Builder) { l.SharedGradients("norm", shared, norms) },
		"ShortcutBackward":     func(l *Builder) { l.ShortcutBackward("block", shortcuts, 1) },
		"PoolForward":          func(l *Builder) { l.PoolForward(pools) },
		"PoolBackward":         func(l *Builder) { l.PoolBackward(pools) },
		"HeadSum":              func(l *Builder) { l.HeadSum("stem", sums, sums[0]) },
		"DenseForward":         func(l *Builder) { l.DenseForward("fc", dense) },
		"DenseBackwardData":    func(l *Builder) { l.DenseBackwardData("fc", []DenseInput{{DX: dense[0].X, Heads: dense}}) },
		"DenseBackwardWeights": func(l *Builder) { l.DenseBackwardWeights("fc", dense) },
		"Loss":                 func(l *Builder) { l.Loss(losses, 2, scale) },
		"SGD": func(l *Builder) {
			l.SGD([]Segment{whole}, parameters, g, momentum, b.floats([]float64{0.1, 0.9, 0}), scale)
		},
	} {
		dispatches[name] = b.run(record)
	}
	return dispatches
}

func TestDispatchesDoNotGrowWithHeads(t *testing.T) {
	ondevice.Run(t, func(t *testing.T, d *gpu.Device) {
		b := newBench(t, d)
		one, six := b.every(1), b.every(6)
		for name, n := range six {
			if n != one[name] || n == 0 {
				t.Errorf("%s: %d dispatches for one head, %d for six", name, one[name], n)
			}
		}
	})
}

// Devices take 65535 workgroups on an axis; a batch of more small images spreads over two.
func TestMoreWorkgroupsThanAnAxisHolds(t *testing.T) {
	const images, maps = 65535 + 2, 2
	ondevice.Run(t, func(t *testing.T, d *gpu.Device) {
		b := newBench(t, d)
		ones := NewTensor(images, 1, maps)
		for i := range ones.V {
			ones.V[i] = 1
		}
		c := Conv{Name: "conv", Kernel: 3, Stride: 1, InSize: 1, In: NewMaps([]int{0, maps}, UnitPad), Out: NewMaps([]int{0, maps}, UnitPad)}
		w := make([]float64, c.Weights())
		for i := range w {
			w[i] = 0.5
		}
		x, y, dx, sum, pooled := b.activations(ones), b.blank(images, 1, maps), b.blank(images, 1, maps), b.blank(images, 1, maps), b.empty(images*maps)
		weights := b.floats(w)
		b.run(func(l *Builder) {
			l.ConvForward(c, weights, []ConvHead{{In: 1, Out: 1, X: x, Y: y}}, nil)
			l.ConvBackwardData(c, weights, []ConvHead{{In: 1, Out: 1, X: dx, Y: x}})
			l.HeadSum("sum", []Activations{x, x}, sum)
			l.PoolForward([]PoolHead{{X: x, Pooled: pooled}})
		})
		for _, out := range []struct {
			name   string
			values []float32
			want   float32
		}{
			{"y", b.inside(y), 0.5 * maps}, {"dx", b.inside(dx), 0.5 * maps}, {"sum", b.inside(sum), 2}, {"pooled", b.read(pooled), 1},
		} {
			for i, got := range out.values {
				if got != out.want {
					t.Fatalf("%s[%d] is %g, want %g", out.name, i, got, out.want)
				}
			}
		}
	})
}

func TestWhatDoesNotFitIsRefused(t *testing.T) {
	ondevice.Run(t, func(t *testing.T, d *gpu.Device) {
		b := newBench(t, d)
		c := Conv{Name: "group1.conv2", Kernel: 3, Stride: 1, InSize: 4, In: NewMaps([]int{0, 2, 4}, UnitPad), Out: NewMaps([]int{0, 2, 4}, UnitPad)}
		w := b.empty(c.Weights())
		tensor := func(images, size, maps int) Activations { return b.blank(images, size, maps) }
		head := func(units UnitSet, x, y Activations) []ConvHead {
			return []ConvHead{{In: units, Out: units, X: x, Y: y}}
		}
		odd, wide := c, c
		odd.In = NewMaps([]int{0, 1, 4}, 1)
		wide.Out = NewMaps([]int{0, 2, 70000}, UnitPad)
		norm := func(x Activations, residual Activations) NormHead { return NormHead{X: x, Y: x, Residual: residual} }
		for _, test := range []struct {
			name   string
			record func(*Builder)
			words  string
		}{
			{"maps that are not the units'", func(l *Builder) { l.ConvForward(c, w, head(1, tensor(1, 4, 4), tensor(1, 4, 2)), nil) }, "group1.conv2"},
			{"another size", func(l *Builder) { l.ConvForward(c, w, head(1, tensor(1, 5, 2), tensor(1, 5, 2)), nil) }, "sizes 4 and 4"},
			{"images that differ", func(l *Builder) { l.ConvBackwardData(c, w, head(1, tensor(1, 4, 2), tensor(2, 4, 2))) }, "images"},
			{"a unit that the layer has not", func(l *Builder) { l.ConvForward(c, w, head(4, tensor(1, 4, 2), tensor(1, 4, 2)), nil) }, "100 -> 100"},
			{"a unit of odd width", func(l *Builder) { l.ConvForward(odd, w, head(3, tensor(1, 4, 4), tensor(1, 4, 4)), nil) }, "multiple of 2"},
			{"too many maps", func(l *Builder) { l.ConvBackwardData(wide, w, head(1, tensor(1, 4, 2), tensor(1, 4, 2))) }, "at most 65535"},
			{"too little scratch", func(l *Builder) {
				l.ConvBackwardWeights(c, w, head(3, tensor(64, 4, 4), tensor(64, 4, 4)), allBlocks())
			}, "bytes of scratch"},
			{"heads of two sizes", func(l *Builder) {
				l.Apply("norm", []NormHead{norm(tensor(1, 4, 2), Activations{}), norm(tensor(1, 5, 2), Activations{})}, 1)
			}, "size 5"},
			{"a residual for some heads", func(l *Builder) {
				l.Apply("norm", []NormHead{norm(tensor(1, 4, 2), Activations{}), norm(tensor(1, 4, 2), tensor(1, 4, 2))}, 1)
			}, "others have none"},
		} {
			t.Run(test.name, func(t *testing.T) {
				l := b.NewBuilder()
				test.record(l)
				_, err := l.Finish("list", false)
				if !errors.Is(err, ErrShape) || !strings.Contains(err.Error(), test.words) {
					t.Errorf("got %v, want ErrShape with %q", err, test.words)
				}
			})
		}
	})
}

func TestTablesAreFreedWithTheirProgram(t *testing.T) {
	ondevice.Run(t, func(t *testing.T, d *gpu.Device) {
		b := newBench(t, d)
		x, y := b.activations(NewTensor(1, 2, 2)), b.blank(1, 2, 2)
		before := d.Usage()[gpu.Staging]
		l := b.NewBuilder()
		l.HeadSum("sum", []Activations{x}, y)
		program, err := l.Finish("list", false)
		if err != nil {
			t.Fatal(err)
		}
		if d.Usage()[gpu.Staging] <= before {
			t.Error("the table is not accounted for")
		}
		program.Close()
		program.Close()
		if after := d.Usage()[gpu.Staging]; after != before {
			t.Errorf("%d bytes are in use after Close, %d were before", after, before)
		}
		l = b.NewBuilder()
		l.HeadSum("sum", []Activations{x}, y)
		l.Apply("norm", []NormHead{{X: x}, {X: b.blank(1, 3, 2)}}, 1)
		if _, err := l.Finish("list", false); err == nil {
			t.Fatal("a list with an error was finished")
		}
		if after := d.Usage()[gpu.Staging]; after != before {
			t.Errorf("%d bytes are in use after an error, %d were before", after, before)
		}
	})
}
