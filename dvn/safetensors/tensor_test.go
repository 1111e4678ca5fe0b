package safetensors

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestValuesSurviveToTheBit(t *testing.T) {
	nan := math.Float32frombits(0x7fc12345)
	values := []float32{0, float32(math.Copysign(0, -1)), math.SmallestNonzeroFloat32, nan}
	got, err := F32("a", []int{2, 2}, values).Float32s()
	if err != nil {
		t.Fatal(err)
	}
	for i := range values {
		if g, w := math.Float32bits(got[i]), math.Float32bits(values[i]); g != w {
			t.Errorf("element %d: bits %08x, want %08x", i, g, w)
		}
	}
	numbers := []int32{0, -1, math.MinInt32, math.MaxInt32}
	if got, err := I32("a", []int{4}, numbers).Int32s(); err != nil || !slices.Equal(got, numbers) {
		t.Errorf("got %v, %v, want %v", got, err, numbers)
	}
}

func TestTensorsAreCopiesOfWhatTheyWereMadeFrom(t *testing.T) {
	shape, values := []int{1}, []float32{1}
	a := F32("a", shape, values)
	shape[0], values[0] = 2, 2
	if got, err := a.Float32s(); err != nil || got[0] != 1 {
		t.Errorf("got %v, %v, want [1]", got, err)
	}
}

func TestAWrongDTypeIsNamed(t *testing.T) {
	_, floatErr := I32("a", nil, []int32{1}).Float32s()
	_, intErr := F32("a", nil, []float32{1}).Int32s()
	finiteErr := I32("a", nil, []int32{1}).Finite()
	for want, err := range map[string]error{
		`tensor "a": dtype is I32, F32 is needed`: floatErr,
		`tensor "a": dtype is F32, I32 is needed`: intErr,
	} {
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if finiteErr == nil {
		t.Error("an I32 tensor passes as finite floats")
	}
}

func TestDataThatDoesNotFitTheShapeGivesAnErrorNotAPanic(t *testing.T) {
	for _, shape := range [][]int{{3}, {1}, {-2}, {math.MaxInt, math.MaxInt}} {
		if _, err := F32("a", shape, []float32{1, 2}).Float32s(); err == nil {
			t.Errorf("shape %v with 2 values is accepted", shape)
		}
	}
}

func TestTheFirstElementThatIsNotFiniteIsNamed(t *testing.T) {
	values := make([]float32, 24)
	if err := F32("a", []int{2, 3, 4}, values).Finite(); err != nil {
		t.Errorf("zeros: %v", err)
	}
	for _, c := range []struct {
		value float32
		want  string
	}{
		{float32(math.NaN()), "element [1 0 2] is NaN"},
		{float32(math.Inf(1)), "element [1 0 2] is +Inf"},
		{float32(math.Inf(-1)), "element [1 0 2] is -Inf"},
	} {
		values[14], values[20] = c.value, float32(math.NaN())
		err := F32("a", []int{2, 3, 4}, values).Finite()
		if err == nil || !strings.Contains(err.Error(), `tensor "a": `+c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}

func TestLookupFindsATensorByItsName(t *testing.T) {
	f := sample()
	if got, ok := f.Lookup("scalar"); !ok || got.Name != "scalar" || got.Len() != 1 {
		t.Errorf("got %+v, %v, want the tensor scalar", got, ok)
	}
	if got, ok := f.Lookup("absent"); ok {
		t.Errorf("got %+v for a name that the file lacks", got)
	}
}
