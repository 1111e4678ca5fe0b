package gpu

import (
	"fmt"
	"math"
	"math/bits"
	"unsafe"
)

// Product multiplies sizes and refuses negative factors and what 63 bits cannot hold: size arithmetic goes through it.
func Product(factors ...int) (uint64, error) {
	product := uint64(1)
	for _, f := range factors {
		if f < 0 {
			return 0, &Error{Op: "multiply sizes", Err: fmt.Errorf("%v: a factor is negative", factors)}
		}
		high, low := bits.Mul64(product, uint64(f))
		if high != 0 || low > math.MaxInt64 {
			return 0, &Error{Op: "multiply sizes", Err: fmt.Errorf("%v: the product is too large", factors)}
		}
		product = low
	}
	return product, nil
}

// roundUp rounds size up to a multiple of the power of two align.
func roundUp(size, align uint64) uint64 { return (size + align - 1) &^ (align - 1) }

// Bytes prints a size for people.
func Bytes(n uint64) string {
	const units = "KMGT"
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n)/1024, 0
	for value >= 1024 && unit < len(units)-1 {
		value /= 1024
		unit++
	}
	return fmt.Sprintf("%.1f %ciB", value, units[unit])
}

// bytesOf looks at numbers as bytes: host and device are little-endian on every system with Vulkan.
func bytesOf[T float32 | uint32](values []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), 4*len(values))
}

func bytesPointer(b []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b)) }

func wordsPointer(w []uint64) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(w)) }
