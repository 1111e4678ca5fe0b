package gpu

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// mappedAndStaged runs a test as the device is and with every transfer as a copy.
func mappedAndStaged(t *testing.T, test func(t *testing.T, d *Device)) {
	t.Helper()
	for _, c := range []struct{ name, staging string }{{"as it is", "0"}, {"staged", "1"}} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("DVNVK_FORCE_STAGING", c.staging)
			onEveryDevice(t, func(t *testing.T, d *Device) {
				b := newBuffer(t, d, "probe", Staging, 4)
				if c.staging == "1" && b.Host() != nil {
					t.Error("the host reaches a buffer in spite of DVNVK_FORCE_STAGING")
				}
				test(t, d)
			})
		})
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	mappedAndStaged(t, func(t *testing.T, d *Device) {
		random := rand.NewChaCha8([32]byte{1})
		for _, size := range []int{1, 3, 4, 4096, transferChunk - 1, transferChunk, transferChunk + 1, 2*transferChunk + 5} {
			b := newBuffer(t, d, "b", Activations, uint64(size))
			want, got := make([]byte, size), make([]byte, size)
			if _, err := random.Read(want); err != nil {
				t.Fatal(err)
			}
			if err := b.Write(0, want); err != nil {
				t.Fatal(err)
			}
			if err := b.Read(0, got); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%d bytes come back changed", size)
			}
			b.Free()
		}
	})
}

func TestPartsAreWrittenAndReadInPlace(t *testing.T) {
	mappedAndStaged(t, func(t *testing.T, d *Device) {
		b := newFloats(t, d, "b", 0, 1, 2, 3, 4, 5)
		if err := b.WriteFloats(2, []float32{20, 30}); err != nil {
			t.Fatal(err)
		}
		if err := b.WriteFloats(6, nil); err != nil {
			t.Errorf("writing nothing at the end: %v", err)
		}
		wantFloats(t, "all", floats(t, b), []float32{0, 1, 20, 30, 4, 5})
		part := make([]float32, 2)
		if err := b.ReadFloats(3, part); err != nil {
			t.Fatal(err)
		}
		wantFloats(t, "part", part, []float32{30, 4})
	})
}

func TestFillSetsTheRangeAndNothingElse(t *testing.T) {
	mappedAndStaged(t, func(t *testing.T, d *Device) {
		b := newFloats(t, d, "b", 1, 2, 3, 4, 5, 6)
		if err := b.Part(8, 12).Fill(0); err != nil {
			t.Fatal(err)
		}
		wantFloats(t, "b", floats(t, b), []float32{1, 2, 0, 0, 0, 6})
		for _, r := range []Range{b.Part(2, 4), b.Part(0, 5)} {
			wantError(t, r.Fill(0), nil, "fill b", "not whole words")
		}
	})
}

func TestWhatDoesNotFitABufferIsRefused(t *testing.T) {
	onEveryDevice(t, func(t *testing.T, d *Device) {
		b := newBuffer(t, d, "b", Weights, 8)
		freed := newBuffer(t, d, "gone", Weights, 8)
		freed.Free()
		for name, c := range map[string]struct {
			err   error
			words []string
		}{
			"write past the end":          {b.Write(4, make([]byte, 5)), []string{"write b", "5 bytes at 4 do not fit a buffer of 8"}},
			"read past the end":           {b.Read(9, nil), []string{"read b", "0 bytes at 9 do not fit a buffer of 8"}},
			"fill past the end":           {b.Part(8, 4).Fill(0), []string{"fill b", "4 bytes at 8 do not fit"}},
			"offset and size overflow":    {b.Part(1<<64-4, 8).Fill(0), []string{"do not fit"}},
			"write to what was freed":     {freed.Write(0, nil), []string{"write gone", "was freed"}},
			"fill a range without buffer": {Range{}.Fill(0), []string{"there is no buffer"}},
		} {
			t.Run(name, func(t *testing.T) { wantError(t, c.err, nil, c.words...) })
		}
	})
}

func TestExchangeCarriesBothWays(t *testing.T) {
	mappedAndStaged(t, func(t *testing.T, d *Device) {
		e, err := d.NewExchange("numbers", 32)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(e.Free)
		x := newFloats(t, d, "x", 1, 2, 3, 4, 5, 6, 7, 8)
		r := d.NewRecorder()
		r.Upload(e, 0, 32)
		r.Dispatch(axpy(t, d, "axpy", 1, x, e.Buffer()))
		r.Download(e, 0, 32)
		l := build(t, r, "exchange", false)
		for _, start := range []float32{100, 200} { // a list is submitted many times with other data
			copy(e.Host(), bytesOf(repeat(8, start)))
			run(t, l)
			got := make([]float32, 8)
			copy(bytesOf(got), e.Host())
			wantFloats(t, "host", got, []float32{start + 1, start + 2, start + 3, start + 4, start + 5, start + 6, start + 7, start + 8})
		}
		if want := map[bool]int{true: 1, false: 3}[d.Info.Features.Unified]; l.Len() != want {
			t.Errorf("%d operations, want %d: copies only where memory is apart", l.Len(), want)
		}
	})
}

func TestExchangeRefusesWhatDoesNotFit(t *testing.T) {
	t.Setenv("DVNVK_FORCE_STAGING", "1")
	onEveryDevice(t, func(t *testing.T, d *Device) {
		e, err := d.NewExchange("numbers", 32)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(e.Free)
		r := d.NewRecorder()
		r.Upload(e, 16, 17)
		_, err = r.Build("list", false)
		wantError(t, err, nil, "upload numbers", "17 bytes at 16")
		e.Free()
		e.Free() // harmless
		(*Exchange)(nil).Free()
	})
}
