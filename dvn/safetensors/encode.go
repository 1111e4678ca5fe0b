package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// Encode writes f to w: the tensors' bytes in the order of f.Tensors, the same bytes for the same f.
// It returns an error, and writes nothing, for names or metadata that are not UTF-8, a name that comes twice, and a
// tensor whose dtype, shape and data disagree.
func Encode(w io.Writer, f *File) error {
	if err := f.check(); err != nil {
		return err
	}
	header, err := encodeHeader(f)
	if err != nil {
		return err
	}
	if _, err := w.Write(header); err != nil {
		return err
	}
	for _, t := range f.Tensors {
		if _, err := w.Write(t.Data); err != nil {
			return err
		}
	}
	return nil
}

func (f *File) check() error {
	for key, value := range f.Metadata {
		if !utf8.ValidString(key) || !utf8.ValidString(value) {
			return fmt.Errorf("metadata %s: not valid UTF-8", quote(key))
		}
	}
	taken := map[string]bool{metadataKey: true}
	for _, t := range f.Tensors {
		if taken[t.Name] {
			return fmt.Errorf("tensor %s: the name is taken", quote(t.Name))
		}
		taken[t.Name] = true
		if !utf8.ValidString(t.Name) {
			return fmt.Errorf("tensor %s: the name is not valid UTF-8", quote(t.Name))
		}
		if err := t.check(); err != nil {
			return err
		}
	}
	return nil
}

// encodeHeader returns the header with its length before it, filled with spaces so that the data begins at a
// multiple of 8 bytes: a reader may then use it in place.
func encodeHeader(f *File) ([]byte, error) {
	var b bytes.Buffer
	b.Write(make([]byte, prefixBytes))
	b.WriteByte('{')
	if len(f.Metadata) > 0 {
		if err := member(&b, metadataKey, f.Metadata); err != nil {
			return nil, err
		}
	}
	at := 0
	for _, t := range f.Tensors {
		err := member(&b, t.Name, struct {
			DType   DType  `json:"dtype"`
			Shape   []int  `json:"shape"`
			Offsets [2]int `json:"data_offsets"`
		}{t.DType, append([]int{}, t.Shape...), [2]int{at, at + len(t.Data)}})
		if err != nil {
			return nil, err
		}
		at += len(t.Data)
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	n := b.Len() - prefixBytes
	if n > maxHeaderBytes {
		return nil, fmt.Errorf("the header would have %d bytes, the format allows %d: write fewer tensors or less metadata", n, maxHeaderBytes)
	}
	binary.LittleEndian.PutUint64(b.Bytes(), uint64(n))
	return b.Bytes(), nil
}

// member appends one key and value to the JSON object that b has begun.
func member(b *bytes.Buffer, key string, value any) error {
	k, keyErr := json.Marshal(key)
	v, valueErr := json.Marshal(value)
	if err := errors.Join(keyErr, valueErr); err != nil {
		return err
	}
	if b.Len() > prefixBytes+1 {
		b.WriteByte(',')
	}
	b.Write(k)
	b.WriteByte(':')
	b.Write(v)
	return nil
}
