package gpu

import "testing"

// redZoned runs a test with NaN around every buffer.
func redZoned(t *testing.T, test func(t *testing.T, d *Device)) {
	t.Helper()
	t.Setenv("DVNVK_RED_ZONES", "1")
	mappedAndStaged(t, test)
}

func TestUnwrittenMemoryIsNaN(t *testing.T) {
	redZoned(t, func(t *testing.T, d *Device) {
		for i, f := range floats(t, newBuffer(t, d, "b", Weights, 400)) {
			if f == f {
				t.Fatalf("[%d] = %v, want NaN", i, f)
			}
		}
	})
}

func TestRedZonesTellWhoWroteBesideABuffer(t *testing.T) {
	for _, c := range []struct {
		name         string
		size         uint64 // of the buffer y
		first, count int    // what the shader writes, in floats from the start of y
		want         string // "" for no complaint
	}{
		{"inside", 40, 0, 10, ""},
		{"one before", 40, -1, 1, "byte -4 of 40 was written"},
		{"one behind", 40, 0, 11, "byte 40 of 40 was written"},
		{"one behind a full 256 bytes", 256, 0, 65, "byte 256 of 256 was written"},
		{"the last of the zone behind", 256, 127, 1, "byte 508 of 256 was written"},
		{"the first of the zone before", 256, -64, 1, "byte -256 of 256 was written"},
		{"half a word behind", 38, 9, 1, "byte 38 of 38 was written"},
	} {
		t.Run(c.name, func(t *testing.T) {
			redZoned(t, func(t *testing.T, d *Device) {
				newBuffer(t, d, "before", Weights, 40)
				y := newBuffer(t, d, "y", Weights, c.size)
				newBuffer(t, d, "behind", Weights, 40)
				x := newFloats(t, d, "x", repeat(128, 1)...)
				if err := y.Write(0, make([]byte, c.size)); err != nil {
					t.Fatal(err)
				}
				if err := d.CheckRedZones(); err != nil {
					t.Fatal(err)
				}
				op := axpy(t, d, "axpy", 1, x, y)
				op.Push = axpyPush(x.Address(), y.Address()+uint64(4*c.first), 1, c.count)
				op.Workgroups = (c.count + 7) / 8
				r := d.NewRecorder()
				r.Dispatch(op)
				run(t, build(t, r, "list", false))
				switch err := d.CheckRedZones(); {
				case c.want != "":
					wantError(t, err, nil, "check red zones y", c.want)
				case err != nil:
					t.Error(err)
				}
			})
		})
	}
}

func TestLookingForRedZonesWhereThereAreNoneIsAnError(t *testing.T) {
	t.Setenv("DVNVK_RED_ZONES", "0")
	onEveryDevice(t, func(t *testing.T, d *Device) {
		wantError(t, d.CheckRedZones(), nil, "set DVNVK_RED_ZONES=1")
	})
}
