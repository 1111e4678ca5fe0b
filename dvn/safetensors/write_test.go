package safetensors

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func sample() *File {
	return &File{
		Metadata: map[string]string{"name": "sample", "text": "quotes \" and <lines>\n\u2028 stay"},
		Tensors: []Tensor{
			F32("group1.block1.conv1.weight", []int{2, 1, 1, 2}, []float32{1, -0.5, float32(math.Pi), math.MaxFloat32}),
			{Name: "flags", DType: "U8", Shape: []int{3}, Data: []byte{1, 2, 3}},
			I32("step1/task1/labels", []int{2}, []int32{math.MinInt32, math.MaxInt32}),
			F32("empty", []int{0, 4}, nil),
			F32("scalar", nil, []float32{42}),
			F32("odd", []int{1}, []float32{float32(math.Inf(-1))}),
		},
	}
}

func encoded(t *testing.T, f *File) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Encode(&b, f); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func write(t *testing.T, path string, f *File) {
	t.Helper()
	if err := Write(path, f); err != nil {
		t.Fatal(err)
	}
}

// only fails the test unless the folder of path holds nothing but path.
func only(t *testing.T, path string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{path}, names); diff != "" {
		t.Errorf("the folder holds other files: %s", diff)
	}
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.safetensors")
	write(t, path, sample())
	got, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample(), got, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	only(t, path)
}

func TestTheDataBeginsAtAMultipleOf8Bytes(t *testing.T) {
	for _, name := range []string{"a", "ab", "abc", "abcd", "abcde", "abcdef", "abcdefg", "abcdefgh"} {
		if n := len(encoded(t, &File{Tensors: []Tensor{{Name: name, DType: "U8", Shape: []int{8}, Data: make([]byte, 8)}}})); n%8 != 0 {
			t.Errorf("name %q: the file has %d bytes, not a multiple of 8", name, n)
		}
	}
}

func TestTheSameFileEncodesToTheSameBytes(t *testing.T) {
	want := encoded(t, sample())
	for range 20 {
		if !bytes.Equal(want, encoded(t, sample())) {
			t.Fatal("two encodings differ")
		}
	}
}

func TestFilesThatCouldNotBeReadAreNotWritten(t *testing.T) {
	for _, c := range []struct {
		name string
		file File
		want string
	}{
		{"fewer values than the shape", File{Tensors: []Tensor{F32("a", []int{3}, []float32{1, 2})}}, `tensor "a": F32 [3] takes 12 bytes, its data has 8`},
		{"a negative size", File{Tensors: []Tensor{F32("a", []int{-1, -1}, []float32{1})}}, `tensor "a": shape [-1 -1] has a negative size`},
		{"a size that overflows", File{Tensors: []Tensor{F32("a", []int{math.MaxInt, math.MaxInt, 16}, nil)}}, `tensor "a": shape`},
		{"an unknown dtype", File{Tensors: []Tensor{{Name: "a", DType: "X", Data: nil}}}, `tensor "a": dtype "X" is unknown`},
		{"a name twice", File{Tensors: []Tensor{F32("a", nil, []float32{1}), F32("a", nil, []float32{1})}}, `tensor "a": the name is taken`},
		{"the metadata's name", File{Tensors: []Tensor{F32("__metadata__", nil, []float32{1})}}, `the name is taken`},
		{"a name that is not UTF-8", File{Tensors: []Tensor{F32("\xff", nil, []float32{1})}}, "UTF-8"},
		{"metadata that is not UTF-8", File{Metadata: map[string]string{"k": "\xff"}}, `metadata "k"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.safetensors")
			write(t, path, sample())
			err := Write(path, &c.file)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want an error with %q and the path", err, c.want)
			}
			if _, err := Read(path); err != nil {
				t.Errorf("the old file is gone: %v", err)
			}
			only(t, path)
		})
	}
}

func TestAnErrorWhileWritingLeavesTheOldFileAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.safetensors")
	write(t, path, sample())
	full := errors.New("no space left")
	err := writeAtomic(path, func(w io.Writer) error {
		_, err := w.Write(make([]byte, 1<<21))
		return errors.Join(err, full)
	})
	if !errors.Is(err, full) {
		t.Errorf("got %v, want %v", err, full)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, encoded(t, sample())) {
		t.Errorf("the old file changed: %v", err)
	}
	only(t, path)
}

func TestAnErrorWhileRenamingRemovesTheTemporaryFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.safetensors")
	if err := os.MkdirAll(filepath.Join(path, "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, sample()); err == nil {
		t.Error("a folder was replaced by a file")
	}
	only(t, path)
}

func TestAMissingFolderIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "absent", "a.safetensors")
	if err := Write(path, sample()); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want an error that names %s", err, path)
	}
}

// The state that a process leaves which is killed between writing and renaming: half a temporary file, the old file.
func TestACrashBeforeTheRenameLeavesTheOldFileLoadable(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "a.safetensors")
	if err := WriteChecked(path, sample()); err != nil {
		t.Fatal(err)
	}
	var left string
	_ = writeAtomic(path, func(w io.Writer) error {
		_, err := w.Write(encoded(t, sample())[:100])
		names, globErr := filepath.Glob(path + ".*")
		if err != nil || globErr != nil || len(names) != 1 {
			t.Fatalf("temporary files %v, %v, %v, want one", names, err, globErr)
		}
		left = names[0]
		return errors.New("killed")
	})
	if err := os.WriteFile(left, encoded(t, sample())[:100], 0o600); err != nil {
		t.Fatal(err)
	}
	if filepath.Ext(left) == ".safetensors" {
		t.Errorf("the temporary file %s looks like a checkpoint", left)
	}
	if _, err := ReadChecked(path); err != nil {
		t.Errorf("the old file is not loadable: %v", err)
	}
	newer := &File{Tensors: []Tensor{F32("newer", nil, []float32{1})}}
	if err := WriteChecked(path, newer); err != nil {
		t.Fatalf("the file left by the crash is in the way: %v", err)
	}
	if f, err := ReadChecked(path); err != nil || f.Tensors[0].Name != "newer" {
		t.Errorf("got %+v, %v, want the newer file", f, err)
	}
}

func TestAChecksumCoversEveryByte(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.safetensors")
	given := sample()
	if err := WriteChecked(path, given); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample(), given, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("WriteChecked changed what it was given: %s", diff)
	}
	if _, err := ReadChecked(path); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	padding := bytes.LastIndexByte(b, '}') // spaces behind the header carry nothing
	for i := range b {
		if i > padding && b[i] == ' ' {
			continue
		}
		b[i] ^= 1
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadChecked(path); err == nil {
			t.Errorf("a changed bit in byte %d of %d is not noticed", i, len(b))
		}
		b[i] ^= 1
	}
}

func TestAFileWithoutAChecksumIsRefusedAsACheckpoint(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.safetensors")
	write(t, path, sample())
	if _, err := ReadChecked(path); err == nil || !strings.Contains(err.Error(), ChecksumKey) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want an error that names the path and %q", err, ChecksumKey)
	}
}

func TestACheckedFileMayBeWrittenAgainAsItWasRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.safetensors")
	if err := WriteChecked(path, sample()); err != nil {
		t.Fatal(err)
	}
	first, err := ReadChecked(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := WriteChecked(path, first); err != nil {
		t.Fatal(err)
	}
	second, err := ReadChecked(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, second, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}
