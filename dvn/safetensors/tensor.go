package safetensors

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"unicode/utf8"
)

// DType is the element type of a tensor, by the format's own name.
type DType string

// The element types of this project's files. Others of the format are carried as bytes.
const (
	Float32 DType = "F32"
	Int32   DType = "I32"
)

// bitSize is the size of one element in bits, 0 for a dtype that the format does not know.
func (d DType) bitSize() int {
	switch d {
	case "F4":
		return 4
	case "F6_E2M3", "F6_E3M2":
		return 6
	case "BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ":
		return 8
	case "I16", "U16", "F16", "BF16":
		return 16
	case Int32, "U32", Float32:
		return 32
	case "I64", "U64", "F64", "C64":
		return 64
	}
	return 0
}

// Tensor is one named array of a file.
type Tensor struct {
	Name  string
	DType DType
	Shape []int  // empty for a scalar
	Data  []byte // little-endian, row-major
}

// F32 makes a tensor of a copy of values, row-major in shape. That their number is the shape's is checked when the
// tensor is written.
func F32(name string, shape []int, values []float32) Tensor {
	data := make([]byte, 4*len(values))
	for i, v := range values {
		binary.LittleEndian.PutUint32(data[4*i:], math.Float32bits(v))
	}
	return Tensor{Name: name, DType: Float32, Shape: slices.Clone(shape), Data: data}
}

// I32 makes a tensor of a copy of values, row-major in shape. That their number is the shape's is checked when the
// tensor is written.
func I32(name string, shape []int, values []int32) Tensor {
	data := make([]byte, 4*len(values))
	for i, v := range values {
		binary.LittleEndian.PutUint32(data[4*i:], uint32(v))
	}
	return Tensor{Name: name, DType: Int32, Shape: slices.Clone(shape), Data: data}
}

// Len is the number of elements that the shape asks for.
func (t Tensor) Len() int {
	n := 1
	for _, size := range t.Shape {
		n *= size
	}
	return n
}

// Float32s copies the elements of an F32 tensor, row-major. It returns an error for any other dtype.
func (t Tensor) Float32s() ([]float32, error) {
	if err := t.holds(Float32); err != nil {
		return nil, err
	}
	values := make([]float32, t.Len())
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(t.Data[4*i:]))
	}
	return values, nil
}

// Int32s copies the elements of an I32 tensor, row-major. It returns an error for any other dtype.
func (t Tensor) Int32s() ([]int32, error) {
	if err := t.holds(Int32); err != nil {
		return nil, err
	}
	values := make([]int32, t.Len())
	for i := range values {
		values[i] = int32(binary.LittleEndian.Uint32(t.Data[4*i:]))
	}
	return values, nil
}

// Finite returns an error that names the first element of an F32 tensor that is NaN or infinite, with its index
// along each dimension from 0. It returns an error for any other dtype.
func (t Tensor) Finite() error {
	if err := t.holds(Float32); err != nil {
		return err
	}
	const exponent = 0x7f800000
	for i := range t.Len() {
		if b := binary.LittleEndian.Uint32(t.Data[4*i:]); b&exponent == exponent {
			return fmt.Errorf("tensor %s: element %v is %v, not a finite number", quote(t.Name), t.index(i), math.Float32frombits(b))
		}
	}
	return nil
}

// index is the place along each dimension of the element at a row-major position.
func (t Tensor) index(position int) []int {
	index := make([]int, len(t.Shape))
	for d, size := range slices.Backward(t.Shape) {
		index[d] = position % size
		position /= size
	}
	return index
}

func (t Tensor) holds(want DType) error {
	if t.DType != want {
		return fmt.Errorf("tensor %s: dtype is %s, %s is needed", quote(t.Name), t.DType, want)
	}
	return t.check()
}

// check returns an error unless dtype, shape and the length of the data agree.
func (t Tensor) check() error { return t.takes(len(t.Data)) }

// takes returns an error unless dtype and shape ask for so many bytes.
func (t Tensor) takes(dataBytes int) error {
	size, err := t.sizeBytes()
	if err != nil {
		return err
	}
	if size != dataBytes {
		return fmt.Errorf("tensor %s: %s %v takes %d bytes, its data has %d", quote(t.Name), t.DType, t.Shape, size, dataBytes)
	}
	return nil
}

// sizeBytes is the number of bytes that dtype and shape ask for; every multiplication is checked.
func (t Tensor) sizeBytes() (int, error) {
	elementBits := t.DType.bitSize()
	if elementBits == 0 {
		return 0, fmt.Errorf("tensor %s: dtype %s is unknown", quote(t.Name), quote(string(t.DType)))
	}
	product := uint64(elementBits)
	for _, size := range t.Shape {
		if size < 0 {
			return 0, fmt.Errorf("tensor %s: shape %v has a negative size", quote(t.Name), t.Shape)
		}
		var overflow uint64
		if overflow, product = bits.Mul64(product, uint64(size)); overflow != 0 {
			return 0, fmt.Errorf("tensor %s: shape %v is larger than any memory", quote(t.Name), t.Shape)
		}
	}
	if product%8 != 0 {
		return 0, fmt.Errorf("tensor %s: %s %v does not fill whole bytes", quote(t.Name), t.DType, t.Shape)
	}
	if product/8 > math.MaxInt {
		return 0, fmt.Errorf("tensor %s: shape %v is larger than any memory", quote(t.Name), t.Shape)
	}
	return int(product / 8), nil
}

// quote writes a name from a file so that control characters and endless names do no harm in a message.
func quote(name string) string {
	const most = 100
	if utf8.RuneCountInString(name) > most {
		return fmt.Sprintf("%.*q...", most, name)
	}
	return strconv.Quote(name)
}
