package safetensors

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
)

// Reader reads parts of the tensors of a file; only the header is in memory. No checksum is compared, since that would read
// the whole file: ReadChecked does.
type Reader struct {
	Metadata map[string]string
	file     *os.File
	begin    int64 // of the tensors' bytes in the file
	entries  map[string]entry
}

// Open reads the header of the file at path and checks it against the file's size. Its errors name the path and, where one is
// at fault, the tensor.
func Open(path string) (*Reader, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r := &Reader{file: file, entries: map[string]entry{}}
	if err := r.readHeader(); err != nil {
		return nil, errors.Join(fmt.Errorf("read %s: %w", path, err), file.Close())
	}
	return r, nil
}

func (r *Reader) readHeader() error {
	prefix, size, err := readPrefix(r.file)
	if err != nil {
		return err
	}
	n, err := headerLength(prefix, int64(size))
	if err != nil {
		return err
	}
	header := make([]byte, n)
	if _, err := io.ReadFull(r.file, header); err != nil {
		return err
	}
	metadata, entries, err := parseHeader(header)
	if err != nil {
		return err
	}
	if err := arrange(entries, size-prefixBytes-n); err != nil {
		return err
	}
	r.Metadata, r.begin = metadata, int64(prefixBytes+n)
	for _, e := range entries {
		r.entries[e.tensor.Name] = e
	}
	return nil
}

// Lookup finds a tensor by name; it has no Data.
func (r *Reader) Lookup(name string) (t Tensor, ok bool) {
	e, ok := r.entries[name]
	return e.tensor, ok
}

// ReadFloats reads len(values) elements of an F32 tensor, row-major, from the index at on.
func (r *Reader) ReadFloats(name string, at int, values []float32) error {
	e, ok := r.entries[name]
	switch {
	case !ok:
		return fmt.Errorf("tensor %s: there is none of that name", quote(name))
	case e.tensor.DType != Float32:
		return fmt.Errorf("tensor %s: dtype is %s, %s is needed", quote(name), e.tensor.DType, Float32)
	case at < 0 || at > e.tensor.Len()-len(values):
		return fmt.Errorf("tensor %s: %d elements from %d are asked for, it has %d", quote(name), len(values), at, e.tensor.Len())
	}
	data := make([]byte, 4*len(values))
	if _, err := r.file.ReadAt(data, r.begin+int64(e.begin)+4*int64(at)); err != nil {
		return fmt.Errorf("tensor %s: %w", quote(name), err)
	}
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return nil
}

// Close closes the file.
func (r *Reader) Close() error { return r.file.Close() }
