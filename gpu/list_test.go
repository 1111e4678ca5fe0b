package gpu

import (
	"strconv"
	"testing"
)

func TestListRunsManyTimes(t *testing.T) {
	onEveryDevice(t, func(t *testing.T, d *Device) {
		x, y := newFloats(t, d, "x", 1, 2, 3), newFloats(t, d, "y", 0, 0, 0)
		r := d.NewRecorder()
		r.Dispatch(axpy(t, d, "first", 1, x, y))
		r.Dispatch(axpy(t, d, "second", 1, x, y))
		l := build(t, r, "list", false)
		for range 10 {
			run(t, l)
		}
		wantFloats(t, "y", floats(t, y), []float32{20, 40, 60})
	})
}

func TestNothingElseRunsBetweenStartAndWait(t *testing.T) {
	onEveryDevice(t, func(t *testing.T, d *Device) {
		for _, profile := range []bool{false, true} {
			x, y := newFloats(t, d, "x", 1, 2, 3), newFloats(t, d, "y", 0, 0, 0)
			r := d.NewRecorder()
			r.Dispatch(axpy(t, d, "axpy", 1, x, y))
			l := build(t, r, "list", profile)
			if err := l.Start(); err != nil {
				t.Fatal(err)
			}
			if !l.clock.perOp() { // else it has run
				wantError(t, l.Run(), nil, "run list", "list is still running")
			}
			if err := l.Wait(); err != nil {
				t.Fatal(err)
			}
			run(t, l)
			wantFloats(t, "y", floats(t, y), []float32{2, 4, 6})
		}
	})
}

func TestMoreWorkgroupsThanAnAxisHolds(t *testing.T) {
	onEveryDevice(t, func(t *testing.T, d *Device) {
		const n = 70001 // workgroups of one element, which two rows of 35001 hold
		x, y := newFloats(t, d, "x", repeat(n, 3)...), newFloats(t, d, "y", repeat(n, 1)...)
		op := axpy(t, d, "axpy", 2, x, y)
		op.Pipeline, op.Workgroups = axpyPipeline(t, d, 1, 1), n
		r := d.NewRecorder()
		r.Dispatch(op)
		run(t, build(t, r, "list", false))
		wantFloats(t, "y", floats(t, y), repeat(n, 7))
	})
}

func TestLongListsAreCutIntoSubmissions(t *testing.T) {
	onEveryDevice(t, func(t *testing.T, d *Device) {
		limit := flopsPerSubmission(d.Info.Type)
		for _, c := range []struct {
			name         string
			ops          int
			flops, bytes float64 // of one operation
			want         int
		}{
			{"as many as one holds", opsPerSubmission, 1, 1, 1},
			{"one more", opsPerSubmission + 1, 1, 1, 2},
			{"many", 10*opsPerSubmission + 1, 0, 0, 11},
			{"work that fills one", 4, limit / 4, 0, 1},
			{"work for two", 5, limit / 4, 0, 2},
			{"memory traffic for two", 5, 0, limit / bytesAsFLOPs / 4, 2},
			{"operations larger than a submission", 3, 2 * limit, 0, 3},
		} {
			t.Run(c.name, func(t *testing.T) {
				x, y := newFloats(t, d, "x", 1, 2), newFloats(t, d, "y", 0, 0)
				r := d.NewRecorder()
				for k := range c.ops {
					op := axpy(t, d, strconv.Itoa(k), 1, x, y)
					op.FLOPs, op.Bytes = c.flops, c.bytes
					r.Dispatch(op)
				}
				l := build(t, r, "list", false)
				if l.Submissions() != c.want {
					t.Errorf("%d submissions, want %d", l.Submissions(), c.want)
				}
				run(t, l) // each operation needs the one before, in whichever submission that is
				wantFloats(t, "y", floats(t, y), []float32{float32(c.ops), float32(2 * c.ops)})
			})
		}
	})
}

func TestProfileNamesEveryOperation(t *testing.T) {
	for _, c := range []struct {
		name, disabled string
	}{{"with timestamps", "0"}, {"with the host's clock", "1"}} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("DVNVK_DISABLE_TIMESTAMPS", c.disabled)
			onEveryDevice(t, func(t *testing.T, d *Device) {
				const n = 150 // more than a submission holds
				x, y := newFloats(t, d, "x", repeat(4096, 1)...), newFloats(t, d, "y", repeat(4096, 0)...)
				r := d.NewRecorder()
				for k := range n {
					r.Dispatch(axpy(t, d, "axpy "+strconv.Itoa(k), 1, x, y))
				}
				l := build(t, r, "profiled", true)
				_, _, err := l.Samples()
				wantError(t, err, nil, "profiled", "has not run yet")
				run(t, l)
				run(t, l)
				wantFloats(t, "y", floats(t, y), repeat(4096, 2*n))
				samples, wall, err := l.Samples()
				if err != nil {
					t.Fatal(err)
				}
				if want := !d.Info.Features.Timestamps; wall != want {
					t.Errorf("wall clock %v, want %v", wall, want)
				}
				if len(samples) != n {
					t.Fatalf("%d samples, want %d", len(samples), n)
				}
				took := 0
				for k, s := range samples {
					if s.Name != "axpy "+strconv.Itoa(k) || s.Kind != "axpy" || s.FLOPs != 8192 || s.Bytes != 3*16384 {
						t.Errorf("sample %d is %+v", k, s)
					}
					if s.Duration < 0 || s.Duration.Hours() > 1 {
						t.Errorf("%s took %v", s.Name, s.Duration)
					}
					if s.Duration > 0 {
						took++
					}
				}
				if took == 0 {
					t.Error("nothing took any time")
				}
			})
		})
	}
}

func TestSamplesOfAListWithoutProfileAreAnError(t *testing.T) {
	onEveryDevice(t, func(t *testing.T, d *Device) {
		x := newFloats(t, d, "x", 1)
		r := d.NewRecorder()
		r.Dispatch(axpy(t, d, "axpy", 1, x, x))
		l := build(t, r, "plain", false)
		run(t, l)
		_, _, err := l.Samples()
		wantError(t, err, nil, "plain", "built without one")
		l.Close()
		l.Close() // harmless
		(*List)(nil).Close()
	})
}

func TestElapsedSurvivesAWrapOfTheValidBits(t *testing.T) {
	for _, c := range []struct {
		name     string
		from, to uint64
		bits     int
		want     uint64
	}{
		{"no wrap", 10, 25, 64, 15},
		{"wrap at 64 bits", ^uint64(0), 4, 64, 5},
		{"wrap at 36 bits", 1<<36 - 1, 4, 36, 5},
		{"nothing elapsed", 7, 7, 36, 0},
		{"noise above the valid bits", 0xabc<<36 | 3, 0x123<<36 | 9, 36, 6},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := elapsed(c.from, c.to, c.bits); got != c.want {
				t.Errorf("%d, want %d", got, c.want)
			}
		})
	}
}
