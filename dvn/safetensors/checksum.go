package safetensors

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"slices"
)

// ChecksumKey is the metadata key under which WriteChecked stores the checksum.
const ChecksumKey = "checksum"

// WriteChecked is Write with a checksum under ChecksumKey in the file's metadata; f itself is not changed.
//
// The checksum is the SHA-256, in hexadecimal digits, of everything that the file says: the number of metadata keys
// (ChecksumKey left out), each key in ascending order and its value, then of each tensor in the order of their bytes the
// name, dtype, number of dimensions, sizes and bytes. Numbers are little-endian uint64; before every text and before
// every tensor's bytes stands their length as such a number.
func WriteChecked(path string, f *File) error {
	metadata := map[string]string{}
	maps.Copy(metadata, f.Metadata)
	metadata[ChecksumKey] = checksum(f)
	return Write(path, &File{Metadata: metadata, Tensors: f.Tensors})
}

// ReadChecked is Read for what WriteChecked wrote: it refuses a file without a checksum, or whose checksum is wrong.
// The checksum stays in the metadata.
func ReadChecked(path string) (*File, error) {
	f, err := Read(path)
	if err != nil {
		return nil, err
	}
	stored, ok := f.Metadata[ChecksumKey]
	if !ok {
		return nil, fmt.Errorf("read %s: no %q in its metadata: it was not written as a checkpoint", path, ChecksumKey)
	}
	if stored != checksum(f) {
		return nil, fmt.Errorf("read %s: its content does not agree with its checksum: the file is damaged, take an older one", path)
	}
	return f, nil
}

func checksum(f *File) string {
	d := digest{sha256.New()}
	keys := slices.DeleteFunc(slices.Sorted(maps.Keys(f.Metadata)), func(key string) bool { return key == ChecksumKey })
	d.number(len(keys))
	for _, key := range keys {
		d.bytes([]byte(key))
		d.bytes([]byte(f.Metadata[key]))
	}
	for _, t := range f.Tensors {
		d.bytes([]byte(t.Name))
		d.bytes([]byte(t.DType))
		d.number(len(t.Shape))
		for _, size := range t.Shape {
			d.number(size)
		}
		d.bytes(t.Data)
	}
	return hex.EncodeToString(d.hash.Sum(nil))
}

type digest struct{ hash hash.Hash }

func (d digest) number(n int) {
	d.hash.Write(binary.LittleEndian.AppendUint64(nil, uint64(n)))
}

func (d digest) bytes(b []byte) {
	d.number(len(b))
	d.hash.Write(b)
}
