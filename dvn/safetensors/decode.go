package safetensors

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
)

// Read reads the file at path. Its errors name the path and, where one is at fault, the tensor.
// The header's length is looked at first: a large file of another format is refused after its first 8 bytes.
func Read(path string) (*File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	b, err := readAll(file)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	f, err := Decode(b)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return f, nil
}

func readAll(file *os.File) ([]byte, error) {
	prefix, size, err := readPrefix(file)
	if err != nil {
		return nil, err
	}
	b := append(make([]byte, 0, size), prefix...)[:size]
	_, err = io.ReadFull(file, b[prefixBytes:])
	return b, err
}

// readPrefix reads the first bytes of a file, which announce the header, and tells the file's size.
func readPrefix(file *os.File) (prefix []byte, size int, err error) {
	info, err := file.Stat()
	if err != nil {
		return nil, 0, err
	}
	switch size := info.Size(); {
	case !info.Mode().IsRegular():
		return nil, 0, errors.New("not a regular file")
	case size < prefixBytes:
		return nil, 0, errTooShort
	case size > math.MaxInt:
		return nil, 0, fmt.Errorf("%d bytes are more than this machine can address", size)
	}
	prefix = make([]byte, prefixBytes)
	if _, err := io.ReadFull(file, prefix); err != nil {
		return nil, 0, err
	}
	_, err = headerLength(prefix, info.Size())
	return prefix, int(info.Size()), err
}

// Decode reads a file from memory. The tensors' Data are parts of b, not copies.
// It refuses whatever is not exactly the format: every byte of b is accounted for by the header or by one tensor.
func Decode(b []byte) (*File, error) {
	if len(b) < prefixBytes {
		return nil, errTooShort
	}
	n, err := headerLength(b, int64(len(b)))
	if err != nil {
		return nil, err
	}
	header, data := b[prefixBytes:prefixBytes+n], b[prefixBytes+n:]
	metadata, entries, err := parseHeader(header)
	if err != nil {
		return nil, err
	}
	if err := arrange(entries, len(data)); err != nil {
		return nil, err
	}
	tensors := make([]Tensor, 0, len(entries))
	for _, e := range entries {
		e.tensor.Data = data[e.begin:e.end:e.end]
		tensors = append(tensors, e.tensor)
	}
	return &File{Metadata: metadata, Tensors: tensors}, nil
}

var errTooShort = fmt.Errorf("not a safetensors file: it has less than %d bytes", prefixBytes)

// headerLength reads the header's length from the first 8 bytes of a file of sizeBytes.
func headerLength(prefix []byte, sizeBytes int64) (int, error) {
	n := binary.LittleEndian.Uint64(prefix)
	if n > maxHeaderBytes {
		return 0, fmt.Errorf("not a safetensors file: its first %d bytes announce a header of %d bytes, the format allows %d", prefixBytes, n, maxHeaderBytes)
	}
	if rest := sizeBytes - prefixBytes; int64(n) > rest {
		return 0, fmt.Errorf("truncated, or not a safetensors file: its header should have %d bytes, only %d follow", n, rest)
	}
	return int(n), nil
}

// arrange sorts entries by their bytes and checks that these agree with dtype and shape, and follow one another from the first
// to the last of dataBytes.
func arrange(entries []entry, dataBytes int) error {
	slices.SortStableFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end))
	})
	at, before := 0, ""
	for _, e := range entries {
		t := e.tensor
		switch {
		case e.begin > e.end:
			return fmt.Errorf("tensor %s: its bytes end at %d, before they begin at %d", quote(t.Name), e.end, e.begin)
		case e.begin < at:
			return fmt.Errorf("tensor %s: its bytes from %d overlap those of %s, which end at %d", quote(t.Name), e.begin, quote(before), at)
		case e.begin > at:
			return fmt.Errorf("tensor %s: its bytes begin at %d and leave a hole of %d bytes before them", quote(t.Name), e.begin, e.begin-at)
		case e.end > dataBytes:
			return fmt.Errorf("tensor %s: its bytes end at %d, the file has %d bytes of data: it is truncated", quote(t.Name), e.end, dataBytes)
		}
		if err := t.takes(e.end - e.begin); err != nil {
			return err
		}
		at, before = e.end, t.Name
	}
	if at < dataBytes {
		return fmt.Errorf("%d bytes follow the last tensor: the file is damaged", dataBytes-at)
	}
	return nil
}
