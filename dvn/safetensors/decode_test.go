package safetensors

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// raw puts a header's length before a header and data behind it, whatever they are.
func raw(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	b = append(b, header...)
	return append(b, make([]byte, data)...)
}

// one is a header with a single F32 tensor "a".
func one(shape, offsets string) string {
	return fmt.Sprintf(`{"a":{"dtype":"F32","shape":%s,"data_offsets":%s}}`, shape, offsets)
}

// two is a header with the F32 vectors "a" and "b", whose bytes have the given ranges.
func two(a, b [2]int) string {
	return fmt.Sprintf(`{"a":{"dtype":"F32","shape":[%d],"data_offsets":[%d,%d]},"b":{"dtype":"F32","shape":[%d],"data_offsets":[%d,%d]}}`,
		(a[1]-a[0])/4, a[0], a[1], (b[1]-b[0])/4, b[0], b[1])
}

func TestAHandMadeFileIsReadInTheOrderOfItsBytes(t *testing.T) {
	header := `{"__metadata__":{"kind":"hand made"},` +
		`"late":{"dtype":"I32","shape":[2],"data_offsets":[4,12]},` +
		`"none":{"data_offsets":[4,4],"shape":[3,0],"dtype":"BF16"},` +
		`"early":{"shape":[],"dtype":"F32","data_offsets":[0,4]}}   `
	b := append(raw(header, 0), 0, 0, 0xc0, 0x3f, 7, 0, 0, 0, 0xff, 0xff, 0xff, 0xff)
	got, err := Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	want := &File{
		Metadata: map[string]string{"kind": "hand made"},
		Tensors: []Tensor{
			F32("early", nil, []float32{1.5}),
			{Name: "none", DType: "BF16", Shape: []int{3, 0}},
			I32("late", []int{2}, []int32{7, -1}),
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

// hostile are files that Decode must refuse, with what the error has to name.
var hostile = []struct {
	name string
	file []byte
	want string
}{
	{"an empty file", nil, "not a safetensors file"},
	{"a file shorter than the header's length", []byte("1234567"), "not a safetensors file"},
	{"a header longer than the file", raw("{}", 0)[:9], "truncated"},
	{"a header of more than 100 MB", binary.LittleEndian.AppendUint64(nil, maxHeaderBytes+1), "100000001 bytes"},
	{"a header of 2^64-1 bytes", bytes.Repeat([]byte{0xff}, 64), "18446744073709551615 bytes"},
	{"no header", raw("", 0), "does not begin with {"},
	{"space before the header", raw(" {}", 0), "does not begin with {"},
	{"a header that is no object", raw("[]", 0), "does not begin with {"},
	{"a header that ends too early", raw(`{"a":`, 0), "ends too early"},
	{"a header with a comma too many", raw(`{"__metadata__":{},}`, 0), "not valid JSON"},
	{"a second object behind the header", raw(`{}{}`, 0), "more than spaces"},
	{"a zero byte behind the header", raw("{}\x00", 0), "more than spaces"},
	{"a header that is not UTF-8", raw("{\"a\xff\":1}", 0), "UTF-8"},
	{"a tensor name twice", raw(`{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}`, 0), `"a" is there twice`},
	{"the same name in another spelling", raw(`{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"\u0061":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}`, 0), `"a" is there twice`},
	{"a metadata key twice", raw(`{"__metadata__":{"k":"1","k":"2"}}`, 0), `"k" is there twice`},
	{"metadata twice", raw(`{"__metadata__":{},"__metadata__":{}}`, 0), "there twice"},
	{"metadata that is no text", raw(`{"__metadata__":{"k":1}}`, 0), `"k"`},
	{"metadata that is null", raw(`{"__metadata__":null}`, 0), "__metadata__"},
	{"a tensor that is null", raw(`{"a":null}`, 0), `tensor "a"`},
	{"a tensor that is a list", raw(`{"a":[]}`, 0), `tensor "a"`},
	{"an unknown dtype", raw(`{"a":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}}`, 4), `tensor "a": dtype "F31" is unknown`},
	{"a dtype in lower case", raw(`{"a":{"dtype":"f32","shape":[1],"data_offsets":[0,4]}}`, 4), `tensor "a": dtype "f32"`},
	{"a missing dtype", raw(`{"a":{"shape":[1],"data_offsets":[0,4]}}`, 4), `tensor "a": dtype, shape or data_offsets is missing`},
	{"a missing shape", raw(`{"a":{"dtype":"F32","data_offsets":[0,4]}}`, 4), `tensor "a": dtype, shape or data_offsets is missing`},
	{"missing offsets", raw(`{"a":{"dtype":"F32","shape":[1]}}`, 4), `tensor "a": dtype, shape or data_offsets is missing`},
	{"an unknown key of a tensor", raw(`{"a":{"DType":"F32","shape":[1],"data_offsets":[0,4]}}`, 4), `tensor "a": "DType"`},
	{"a dtype twice", raw(`{"a":{"dtype":"F32","dtype":"I32","shape":[1],"data_offsets":[0,4]}}`, 4), `tensor "a": "dtype" is there twice`},
	{"a negative size", raw(one("[-1]", "[0,4]"), 4), `tensor "a": "shape": "-1"`},
	{"a size that is no whole number", raw(one("[1.5]", "[0,4]"), 4), `tensor "a": "shape": "1.5"`},
	{"a size with an exponent", raw(one("[1e0]", "[0,4]"), 4), `tensor "a": "shape": "1e0"`},
	{"a size in quotes", raw(one(`["1"]`, "[0,4]"), 4), `tensor "a": "shape": "1"`},
	{"a size beyond 64 bits", raw(one("[18446744073709551617]", "[0,4]"), 4), `tensor "a": "shape": "18446744073709551617"`},
	{"a shape that is null", raw(one("null", "[0,4]"), 4), `tensor "a": "shape"`},
	{"sizes whose product overflows to the right length", raw(one("[4294967296,4294967296,1]", "[0,0]"), 0), `tensor "a": shape`},
	{"bytes whose number overflows", raw(one("[4611686018427387904]", "[0,0]"), 0), `tensor "a": shape`},
	{"offsets of one number", raw(one("[1]", "[0]"), 4), `tensor "a": data_offsets holds 1`},
	{"offsets of three numbers", raw(one("[1]", "[0,4,8]"), 4), `tensor "a": data_offsets holds 3`},
	{"a negative offset", raw(one("[1]", "[-4,0]"), 4), `tensor "a": "data_offsets": "-4"`},
	{"offsets in the wrong order", raw(one("[1]", "[4,0]"), 4), `tensor "a"`},
	{"an end before the begin at the end of the data", raw(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[0],"data_offsets":[4,0]}}`, 4), `tensor "b": its bytes end at 0, before they begin at 4`},
	{"bytes beyond the file", raw(one("[2]", "[0,8]"), 4), `tensor "a": its bytes end at 8, the file has 4 bytes of data: it is truncated`},
	{"more bytes than the shape", raw(one("[1]", "[0,8]"), 8), `tensor "a": F32 [1] takes 4 bytes, its data has 8`},
	{"fewer bytes than the shape", raw(one("[3]", "[0,8]"), 8), `tensor "a": F32 [3] takes 12 bytes, its data has 8`},
	{"a sub-byte tensor that ends inside a byte", raw(`{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,1]}}`, 1), `tensor "a": F4 [3] does not fill whole bytes`},
	{"overlapping tensors", raw(two([2]int{0, 8}, [2]int{4, 12}), 12), `tensor "b": its bytes from 4 overlap those of "a"`},
	{"the same bytes for two tensors", raw(two([2]int{0, 8}, [2]int{0, 8}), 8), `tensor "b": its bytes from 0 overlap those of "a"`},
	{"a hole before the first tensor", raw(one("[1]", "[4,8]"), 8), `tensor "a": its bytes begin at 4 and leave a hole of 4`},
	{"a hole between tensors", raw(two([2]int{0, 4}, [2]int{8, 12}), 12), `tensor "b": its bytes begin at 8 and leave a hole of 4`},
	{"bytes behind the last tensor", raw(one("[1]", "[0,4]"), 5), "1 bytes follow the last tensor"},
	{"bytes without a tensor", raw("{}", 1), "1 bytes follow"},
	{"an endless name", raw(`{"`+strings.Repeat("n", 5000)+`":null}`, 0), `nnn"...`},
}

func TestDamagedAndHostileFilesGetOneSentence(t *testing.T) {
	for _, c := range hostile {
		t.Run(c.name, func(t *testing.T) {
			f, err := Decode(c.file)
			if err == nil {
				t.Fatalf("accepted as %+v", f)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %q, want it to contain %q", err, c.want)
			}
			if strings.Contains(err.Error(), "\n") || len(err.Error()) > 400 {
				t.Errorf("got %q, want one sentence of reasonable length", err)
			}
			path := filepath.Join(t.TempDir(), "x.safetensors")
			if err := os.WriteFile(path, c.file, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := Read(path); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("Read: got %v, want it to contain %q and the path", err, c.want)
			}
		})
	}
}

func TestEveryTruncationOfAFileIsRefused(t *testing.T) {
	b := encoded(t, sample())
	for n := range len(b) {
		if _, err := Decode(b[:n]); err == nil {
			t.Errorf("the first %d of %d bytes are accepted", n, len(b))
		}
	}
}

func TestReadingAFolderOrNothingNamesThePath(t *testing.T) {
	folder := t.TempDir()
	for _, path := range []string{folder, filepath.Join(folder, "absent.safetensors")} {
		if _, err := Read(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("got %v, want an error that names %s", err, path)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, c := range hostile {
		f.Add(c.file)
	}
	var b bytes.Buffer
	if err := Encode(&b, sample()); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := Decode(b)
		if err != nil {
			return
		}
		total := 0
		for _, tensor := range file.Tensors {
			total += len(tensor.Data)
			if tensor.DType == Float32 {
				if values, err := tensor.Float32s(); err != nil || 4*len(values) != len(tensor.Data) {
					t.Errorf("tensor %q: %d values of %d bytes, %v", tensor.Name, len(values), len(tensor.Data), err)
				}
			}
		}
		if total > len(b) {
			t.Errorf("the tensors hold %d bytes, the file has %d", total, len(b))
		}
		again, err := Decode(encoded(t, file))
		if err != nil {
			t.Fatalf("what was read cannot be read again after writing: %v", err)
		}
		if diff := cmp.Diff(file, again, cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
	})
}
