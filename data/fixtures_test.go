package data

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// entry is a file of a data set that a test makes.
type entry struct {
	name    string
	content []byte
}

// pixelByte is a byte that depends on everything that a reader could confuse.
func pixelByte(image, channel, y, x int) byte { return byte(image*89 + channel*101 + y*7 + x*3) }

// planes returns three planes of size x size bytes, row by row or column by column.
func planes(image, size int, byColumn bool) []byte {
	var out []byte
	for c := range 3 {
		for a := range size {
			for b := range size {
				if byColumn {
					a, b := b, a
					out = append(out, pixelByte(image, c, a, b))
				} else {
					out = append(out, pixelByte(image, c, a, b))
				}
			}
		}
	}
	return out
}

// nameList returns n names, one a line, and a blank line as the official files have.
func nameList(prefix string, n int) []byte {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%s%d\n", prefix, i)
	}
	return []byte(b.String() + "\n")
}

// cifarRecords returns records whose label bytes are given image by image, counted on from image first.
func cifarRecords(first int, labels ...[]byte) []byte {
	var out []byte
	for i, label := range labels {
		out = append(append(out, label...), planes(first+i, cifarSize, false)...)
	}
	return out
}

// cifar10Entries is a CIFAR-10 of 7 training and 2 test images, in an order that is not the batches'.
func cifar10Entries() []entry {
	return []entry{
		{"data_batch_3.bin", cifarRecords(3, []byte{3}, []byte{9})},
		{"batches.meta.txt", nameList("class", 10)},
		{"data_batch_1.bin", cifarRecords(0, []byte{7}, []byte{1})},
		{"data_batch_2.bin", cifarRecords(2, []byte{2})},
		{"data_batch_5.bin", cifarRecords(6, []byte{0})},
		{"data_batch_4.bin", cifarRecords(5, []byte{4})},
		{"readme.html", []byte("text")},
		{"test_batch.bin", cifarRecords(7, []byte{5}, []byte{6})},
	}
}

// cifar100Entries is a CIFAR-100 of 3 training and 1 test images.
func cifar100Entries() []entry {
	return []entry{
		{"coarse_label_names.txt", nameList("coarse", 20)},
		{"fine_label_names.txt", nameList("fine", 100)},
		{"train.bin", cifarRecords(0, []byte{19, 99}, []byte{0, 50}, []byte{7, 0})},
		{"test.bin", cifarRecords(3, []byte{1, 2})},
	}
}

// stl10Entries is an STL-10 of 2 training images and 1 test image.
func stl10Entries() []entry {
	return []entry{
		{"class_names.txt", nameList("class", 10)},
		{"train_X.bin", append(planes(0, stlSize, true), planes(1, stlSize, true)...)},
		{"train_y.bin", []byte{10, 1}},
		{"test_X.bin", planes(2, stlSize, true)},
		{"test_y.bin", []byte{3}},
		{"unlabeled_X.bin", []byte("not read")},
	}
}

// tinyEntries is a Tiny-ImageNet of three classes, one of which is not listed: its images are not even JPEG.
func tinyEntries(t testing.TB) []entry {
	red, gray := jpegOf(t, 64, 64, color.RGBA{200, 30, 40, 255}), grayJPEG(t, 64, 90)
	return []entry{
		{"wnids.txt", []byte("n02\nn01\n")},
		{"words.txt", []byte("n00\tnothing\nn01\tapple, fruit\nn02\tboat\n")},
		{"train/n01/images/n01_0.JPEG", red},
		{"train/n01/images/n01_1.JPEG", red},
		{"train/n01/n01_boxes.txt", []byte("n01_0.JPEG\t0\t0\t1\t1\n")},
		{"train/n02/images/n02_0.JPEG", gray},
		{"train/n03/images/n03_0.JPEG", []byte("no image")},
		{"val/val_annotations.txt", []byte("val_0.JPEG\tn01\t0\t0\t9\t9\nval_1.JPEG\tn01\t0\t0\t9\t9\nval_2.JPEG\tn03\t0\t0\t9\t9\nval_3.JPEG\tn02\t0\t0\t9\t9\n")},
		{"val/images/val_0.JPEG", red},
		{"val/images/val_1.JPEG", red},
		{"val/images/val_2.JPEG", []byte("no image")},
		{"val/images/val_3.JPEG", gray},
	}
}

// replace returns the entries with another content for one of them; nil leaves it out.
func replace(entries []entry, name string, content []byte) []entry {
	var out []entry
	for _, e := range entries {
		if e.name == name {
			e.content = content
		}
		if e.content != nil {
			out = append(out, e)
		}
	}
	return out
}

// writeFolder writes the entries into a folder of dir.
func writeFolder(t testing.TB, dir, folder string, entries []entry) {
	t.Helper()
	for _, e := range entries {
		writeFile(t, filepath.Join(dir, folder, filepath.FromSlash(e.name)), e.content)
	}
}

func writeFile(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
}

// tarHeaders turns entries into headers of files in a folder.
func tarHeaders(folder string, entries []entry) (headers []tar.Header, contents [][]byte) {
	headers, contents = []tar.Header{{Name: folder + "/", Typeflag: tar.TypeDir, Mode: 0o755}}, [][]byte{nil}
	for _, e := range entries {
		headers = append(headers, tar.Header{Name: folder + "/" + e.name, Typeflag: tar.TypeReg, Size: int64(len(e.content)), Mode: 0o644})
		contents = append(contents, e.content)
	}
	return headers, contents
}

func tarBytes(t testing.TB, headers []tar.Header, contents [][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := range headers {
		if err := w.WriteHeader(&headers[i]); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(contents[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipBytes(t testing.TB, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// tarGzip packs entries below a folder.
func tarGzip(t testing.TB, folder string, entries []entry) []byte {
	t.Helper()
	headers, contents := tarHeaders(folder, entries)
	return gzipBytes(t, tarBytes(t, headers, contents))
}

// zipBytes packs entries below a folder.
func zipBytes(t testing.TB, folder string, entries []entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		f, err := w.Create(folder + "/" + e.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(e.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jpegOf(t testing.TB, width, height int, c color.Color) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, filled(width, height, c), &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func grayJPEG(t testing.TB, size int, value byte) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, size, size))
	for i := range img.Pix {
		img.Pix[i] = value
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func filled(width, height int, c color.Color) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.Set(x, y, c)
		}
	}
	return img
}

// wantError fails the test unless err says all of the given parts.
func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("got no error, want one that says %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("got error %q, want it to say %q", err, part)
		}
	}
}
