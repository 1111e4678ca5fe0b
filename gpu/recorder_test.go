package gpu

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
)

func TestOperationsDependWhereTheirRangesMeet(t *testing.T) {
	b := &block{}
	x, y := &Buffer{block: b, size: 100}, &Buffer{block: b, offset: 256, size: 100}
	elsewhere := &Buffer{block: &block{}, size: 100}
	for _, c := range []struct {
		name           string
		earlier, later Op
		want           bool
	}{
		{"read after write", Op{Writes: []Range{x.All()}}, Op{Reads: []Range{x.All()}}, true},
		{"write after read", Op{Reads: []Range{x.All()}}, Op{Writes: []Range{x.All()}}, true},
		{"write after write", Op{Writes: []Range{x.All()}}, Op{Writes: []Range{x.All()}}, true},
		{"read after read", Op{Reads: []Range{x.All()}}, Op{Reads: []Range{x.All()}}, false},
		{"two buffers", Op{Writes: []Range{x.All()}}, Op{Reads: []Range{y.All()}}, false},
		{"two blocks", Op{Writes: []Range{x.All()}}, Op{Reads: []Range{elsewhere.All()}}, false},
		{"parts that touch", Op{Writes: []Range{x.Part(0, 50)}}, Op{Reads: []Range{x.Part(50, 50)}}, false},
		{"parts that overlap by a byte", Op{Writes: []Range{x.Part(0, 51)}}, Op{Reads: []Range{x.Part(50, 50)}}, true},
		{"a part inside", Op{Writes: []Range{x.Part(10, 10)}}, Op{Reads: []Range{x.All()}}, true},
		{"the second of several", Op{Writes: []Range{y.All(), x.Part(0, 4)}}, Op{Reads: []Range{elsewhere.All(), x.Part(0, 4)}}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.later.depends(&c.earlier); got != c.want {
				t.Errorf("depends: %v, want %v", got, c.want)
			}
		})
	}
}

// copyOp is an operation with the given ranges, whatever its shader does with them.
func copyOp(t *testing.T, d *Device, name string, reads, writes []Range) Op {
	scratch := reads[0].Buffer
	op := axpy(t, d, name, 0, scratch, scratch)
	op.Reads, op.Writes = reads, writes
	return op
}

func TestBarriersStandOnlyWhereDataFlowNeedsThem(t *testing.T) {
	onEveryDevice(t, func(t *testing.T, d *Device) {
		x, y, z := newFloats(t, d, "x", repeat(64, 1)...), newFloats(t, d, "y", repeat(64, 1)...), newFloats(t, d, "z", repeat(64, 1)...)
		type step struct{ reads, writes Range }
		for _, c := range []struct {
			name  string
			steps []step
			want  int
		}{
			{"one operation", []step{{x.All(), y.All()}}, 0},
			{"a chain", []step{{x.All(), y.All()}, {y.All(), z.All()}, {z.All(), x.All()}}, 2},
			{"write after read", []step{{x.All(), y.All()}, {z.All(), x.All()}}, 1},
			{"write after write", []step{{x.All(), y.All()}, {z.All(), y.All()}}, 1},
			{"readers of one buffer", []step{{x.All(), y.Part(0, 128)}, {x.All(), y.Part(128, 128)}, {x.All(), z.All()}}, 0},
			{"disjoint parts of one buffer", []step{{x.Part(0, 128), x.Part(128, 64)}, {x.Part(0, 128), x.Part(192, 64)}}, 0},
			{"one barrier for two pairs", []step{{x.All(), y.Part(0, 4)}, {x.All(), y.Part(4, 4)}, {y.Part(0, 4), z.Part(0, 4)}, {y.Part(4, 4), z.Part(4, 4)}}, 1},
			{"what an earlier barrier covered", []step{{x.All(), y.All()}, {y.All(), z.All()}, {y.All(), x.All()}, {y.All(), x.All()}}, 2},
		} {
			t.Run(c.name, func(t *testing.T) {
				r := d.NewRecorder()
				for i, s := range c.steps {
					r.Dispatch(copyOp(t, d, strconv.Itoa(i), []Range{s.reads}, []Range{s.writes}))
				}
				l := build(t, r, "list", false)
				if l.Barriers() != c.want {
					t.Errorf("%d barriers, want %d", l.Barriers(), c.want)
				}
				if l.Len() != len(c.steps) || l.Submissions() != 1 {
					t.Errorf("%d operations in %d submissions, want %d in 1", l.Len(), l.Submissions(), len(c.steps))
				}
			})
		}
	})
}

func TestRandomOrdersKeepEveryDependency(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	b := &block{}
	var buffers []*Buffer
	for i := range 6 {
		buffers = append(buffers, &Buffer{block: b, offset: uint64(256 * i), size: 256})
	}
	moved := 0
	for range 200 {
		r := &Recorder{}
		for range 30 {
			r.ops = append(r.ops, Op{
				Reads:  []Range{buffers[random.IntN(6)].Part(uint64(64*random.IntN(4)), 64)},
				Writes: []Range{buffers[random.IntN(6)].Part(uint64(64*random.IntN(4)), 64)},
			})
		}
		order := r.order(random.IntN)
		if sorted := slices.Sorted(slices.Values(order)); !slices.Equal(sorted, r.order(nil)) {
			t.Fatalf("%v is no order of 30 operations", order)
		}
		place := make([]int, len(order))
		for k, i := range order {
			place[i] = k
			if i != k {
				moved++
			}
		}
		for i := range r.ops {
			for j := range i {
				if r.ops[i].depends(&r.ops[j]) && place[i] < place[j] {
					t.Fatalf("operation %d comes before %d, on which it depends", i, j)
				}
			}
		}
	}
	if moved < 200*30/2 {
		t.Errorf("%d operations moved: the orders are not random", moved)
	}
}

// chains records operations on three pairs of buffers, each a chain of x += a y, y += a x whose order shows in the bits.
// spoil may change the ranges of an operation.
func chains(t *testing.T, d *Device, spoil func(*Op)) (bits []float32, order []string) {
	var buffers [3][2]*Buffer
	for i := range buffers {
		for j := range 2 {
			buffers[i][j] = newFloats(t, d, fmt.Sprintf("chain %d.%d", i, j), repeat(20, float32(1+i+j))...)
		}
	}
	r := d.NewRecorder()
	for k := range 12 {
		pair := buffers[k%3]
		op := axpy(t, d, strconv.Itoa(k), float32(k)/7, pair[(k/3)%2], pair[(k/3+1)%2])
		spoil(&op)
		r.Dispatch(op)
	}
	l := build(t, r, "chains", false)
	run(t, l)
	for _, op := range l.ops {
		order = append(order, op.Name)
	}
	for _, pair := range buffers {
		bits = append(bits, floats(t, pair[0])...)
		bits = append(bits, floats(t, pair[1])...)
	}
	return bits, order
}

func TestShuffledOrdersGiveTheSameBits(t *testing.T) {
	onEveryDevice(t, func(t *testing.T, d *Device) {
		right := func(*Op) {}
		want, program := chains(t, d, right)
		orders := map[string]bool{}
		for seed := range 20 {
			t.Setenv("DVNVK_SHUFFLE", strconv.Itoa(seed))
			got, order := chains(t, d, right)
			wantFloats(t, "seed "+strconv.Itoa(seed), got, want)
			orders[fmt.Sprint(order)] = true
		}
		delete(orders, fmt.Sprint(program))
		if len(orders) < 10 {
			t.Errorf("20 seeds gave %d orders beside the program's", len(orders))
		}
	})
}

func TestWrongRangeShowsAsDifferentBits(t *testing.T) {
	onEveryDevice(t, func(t *testing.T, d *Device) {
		scratch := newFloats(t, d, "scratch", 0)
		wrong := func(op *Op) { // operation 6 keeps silent about what it reads and writes
			if op.Name == "6" {
				op.Reads, op.Writes = nil, []Range{scratch.All()}
			}
		}
		want, _ := chains(t, d, wrong)
		for seed := range 20 {
			t.Setenv("DVNVK_SHUFFLE", strconv.Itoa(seed))
			if got, _ := chains(t, d, wrong); !slices.Equal(got, want) {
				return
			}
		}
		t.Error("20 seeds gave the same bits in spite of a wrong range")
	})
}

func TestShuffleSeedMustBeANumber(t *testing.T) {
	t.Setenv("DVNVK_SHUFFLE", "yes")
	onEveryDevice(t, func(t *testing.T, d *Device) {
		x := newFloats(t, d, "x", 1)
		r := d.NewRecorder()
		r.Dispatch(axpy(t, d, "axpy", 1, x, x))
		_, err := r.Build("list", false)
		wantError(t, err, nil, "DVNVK_SHUFFLE", `"yes"`)
	})
}

func TestMistakesInAnOperationAreReportedByBuild(t *testing.T) {
	onEveryDevice(t, func(t *testing.T, d *Device) {
		x, y := newFloats(t, d, "x", 1, 2), newFloats(t, d, "y", 1, 2)
		freed := newBuffer(t, d, "gone", Weights, 8)
		freed.Free()
		for _, c := range []struct {
			name  string
			spoil func(*Op)
			words []string
		}{
			{"no pipeline", func(op *Op) { op.Pipeline = nil }, []string{"no pipeline"}},
			{"too few push constants", func(op *Op) { op.Push = op.Push[:20] }, []string{"20 bytes of push constants, axpy takes 24"}},
			{"too many push constants", func(op *Op) { op.Push = append(op.Push, 0) }, []string{"25 bytes of push constants"}},
			{"no workgroups", func(op *Op) { op.Workgroups = 0 }, []string{"0 workgroups"}},
			{"negative workgroups", func(op *Op) { op.Workgroups = -1 }, []string{"-1 workgroups"}},
			{"more workgroups than two axes hold", func(op *Op) { op.Workgroups = maxWorkgroups + 1 }, []string{"4294836226 workgroups"}},
			{"nothing written", func(op *Op) { op.Writes = nil }, []string{"it writes nothing"}},
			{"a read past the end", func(op *Op) { op.Reads = append(op.Reads, x.Part(4, 8)) }, []string{"on x", "8 bytes at 4 do not fit a buffer of 8"}},
			{"a write past the end", func(op *Op) { op.Writes[0] = y.Part(9, 0) }, []string{"on y", "0 bytes at 9"}},
			{"a freed buffer", func(op *Op) { op.Reads[0] = freed.All() }, []string{"on gone", "was freed"}},
		} {
			t.Run(c.name, func(t *testing.T) {
				op := axpy(t, d, "the operation", 1, x, y)
				c.spoil(&op)
				r := d.NewRecorder()
				r.Dispatch(op)
				r.Dispatch(axpy(t, d, "a good one behind", 1, x, y))
				_, err := r.Build("list", false)
				wantError(t, err, nil, append(c.words, "record the operation")...)
			})
		}
		_, err := d.NewRecorder().Build("nothing to do", false)
		wantError(t, err, nil, "nothing to do", "an empty list")
	})
}

func TestGroupsCoverEveryWorkgroupOnTwoAxes(t *testing.T) {
	for _, n := range []int{1, 2, 65534, 65535, 65536, 70000, 131070, 131071, 1 << 20, maxWorkgroups} {
		x, y := Groups(n)
		if x < 1 || y < 1 || x > workgroupsPerAxis || y > workgroupsPerAxis {
			t.Errorf("Groups(%d) = %d, %d: beyond what devices allow", n, x, y)
		}
		if surplus := int(x)*int(y) - n; surplus < 0 || surplus >= int(y) {
			t.Errorf("Groups(%d) = %d, %d: %d workgroups too many", n, x, y, surplus)
		}
	}
}
