package data

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// webp is a lossless WebP file of 1x1 pixels, red.
const webp = "RIFF\x1c\x00\x00\x00WEBPVP8L\x0f\x00\x00\x00/\x00\x00\x00\x00\x07\x10\xfd\x8f\xfe\x07\x22\xa2\xff\x01\x00"

// folderEntries holds three files of class cat and one of class dog for training, and one of class dog for the test.
func folderEntries(t testing.TB) []entry {
	return []entry{
		{"train/cat/a.png", pngOf(t, filled(8, 8, color.RGBA{10, 20, 30, 255}))},
		{"train/cat/b.jpg", jpegOf(t, 16, 16, color.RGBA{100, 110, 120, 255})},
		{"train/cat/c.webp", []byte(webp)},
		{"train/cat/.hidden", []byte("not read")},
		{"train/dog/a.png", pngOf(t, filled(9, 9, color.Gray{77}))},
		{"test/dog/z.png", pngOf(t, filled(8, 8, color.White))},
	}
}

func folderSource() Source { return Source{Kind: "folder", Path: "pets", Size: 8, Channels: 3} }

// loadEntries loads a split of a folder of people's own images.
func loadEntries(t *testing.T, entries []entry, src Source, split Split) (*Set, error) {
	t.Helper()
	dir := t.TempDir()
	writeFolder(t, dir, "pets", entries)
	return Load(dir, src, split)
}

func TestAFolderOfImagesBecomesASet(t *testing.T) {
	train, err := loadEntries(t, folderEntries(t), folderSource(), Train)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"cat", "dog"}, train.Classes); diff != "" {
		t.Errorf("classes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int32{0, 1, 0, 0}, train.Labels); diff != "" {
		t.Errorf("labels, in turns (-want +got):\n%s", diff)
	}
	wantPixel(t, train, 0, 10, 20, 30)
	wantPixel(t, train, 1, 77, 77, 77)
	wantPixel(t, train, 2, 100, 110, 120)
	wantPixel(t, train, 3, 255, 0, 0)
	test, err := loadEntries(t, folderEntries(t), folderSource(), Test)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int32{1}, test.Labels); diff != "" || len(test.Classes) != 2 {
		t.Errorf("the test split has %d classes, want those of train; labels (-want +got):\n%s", len(test.Classes), diff)
	}
}

func TestAFolderMayHaveAnAbsolutePath(t *testing.T) {
	dir := t.TempDir()
	writeFolder(t, dir, "pets", folderEntries(t))
	src := folderSource()
	src.Path = filepath.Join(dir, "pets")
	if _, err := Load("elsewhere", src, Train); err != nil {
		t.Error(err)
	}
}

func TestImagesAreScaledByTheShorterSideAndCroppedToTheCentre(t *testing.T) {
	for _, size := range []image.Point{{48, 16}, {16, 48}} {
		// Red ends, and a centre that is green in its first half and blue in its second half, along the width.
		img := filled(size.X, size.Y, color.RGBA{255, 0, 0, 255})
		middle := image.Pt((size.X-16)/2, (size.Y-16)/2)
		for y := range 16 {
			for x := range 16 {
				c := color.RGBA{0, 255, 0, 255}
				if x >= 8 {
					c = color.RGBA{0, 0, 255, 255}
				}
				img.Set(middle.X+x, middle.Y+y, c)
			}
		}
		pixels := make([]byte, 8*8*3)
		if err := decodeCentre(pixels, pngOf(t, img), 8, 3); err != nil {
			t.Fatal(err)
		}
		for _, x := range []int{1, 6} {
			for y := 1; y < 7; y++ {
				got, want := pixels[(y*8+x)*3:][:3], []byte{0, 255, 0}
				if x == 6 {
					want = []byte{0, 0, 255}
				}
				if !bytes.Equal(got, want) {
					t.Errorf("%v: row %d, column %d: got %v, want %v", size, y, x, got, want)
				}
			}
		}
	}
}

func TestAFolderCanBeReadInGray(t *testing.T) {
	src := folderSource()
	src.Channels = 1
	s, err := loadEntries(t, folderEntries(t), src, Train)
	if err != nil {
		t.Fatal(err)
	}
	wantPixel(t, s, 0, 18) // 0.299*10 + 0.587*20 + 0.114*30
	wantPixel(t, s, 3, 76)
}

func TestLoadNamesWhatIsWrongWithAFolder(t *testing.T) {
	with := func(name string, content []byte) []entry { return append(folderEntries(t), entry{name, content}) }
	small, gray := folderSource(), folderSource()
	small.Size, gray.Channels = 0, 2
	for _, c := range []struct {
		name    string
		entries []entry
		src     Source
		split   Split
		says    []string
	}{
		{"no train", nil, folderSource(), Train, []string{"pets", "no folder train"}},
		{"no test", replace(folderEntries(t), "test/dog/z.png", nil), folderSource(), Test, []string{"pets", "no folder test"}},
		{"a file among the classes", with("train/readme", []byte("x")), folderSource(), Train, []string{"train/readme", "not a folder"}},
		{"a folder among the images", with("train/dog/more/x.png", []byte("x")), folderSource(), Train, []string{"train/dog/more", "is a folder"}},
		{"a class without images", with("train/bird/.keep", []byte("x")), folderSource(), Train, []string{"train/bird", "no image"}},
		{"a class that only the test has", with("test/bird/x.png", []byte("x")), folderSource(), Test, []string{"test/bird", "train"}},
		{"a broken file", with("train/dog/x.png", []byte("x")), folderSource(), Train, []string{"train/dog/x.png", "not an image", "--skip-broken"}},
		{"half a file", with("train/dog/x.webp", []byte(webp[:30])), folderSource(), Train, []string{"train/dog/x.webp", "cut short"}},
		{"a bomb", with("train/dog/x.png", absurdPNG()), folderSource(), Train, []string{"train/dog/x.png", "100000x100000"}},
		{"no size", folderEntries(t), small, Train, []string{"size 0"}},
		{"two channels", folderEntries(t), gray, Train, []string{"channels 2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := loadEntries(t, c.entries, c.src, c.split)
			wantError(t, err, c.says...)
		})
	}
}

// absurdPNG is the beginning of a PNG file whose header claims ten thousand million pixels.
func absurdPNG() []byte {
	header := []byte("IHDR")
	header = binary.BigEndian.AppendUint32(header, 100_000)
	header = binary.BigEndian.AppendUint32(header, 100_000)
	header = append(header, 8, 2, 0, 0, 0)
	out := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d")
	return binary.BigEndian.AppendUint32(append(out, header...), crc32.ChecksumIEEE(header))
}

func TestBrokenFilesCanBeSkippedAndAreNamed(t *testing.T) {
	entries := append(folderEntries(t), entry{"train/cat/0.png", []byte("x")}, entry{"train/dog/a.jpg", []byte("y")})
	src := folderSource()
	src.SkipBroken = true
	s, err := loadEntries(t, entries, src, Train)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int32{0, 1, 0, 0}, s.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	checkSet(t, s)
	wantPixel(t, s, 0, 10, 20, 30)
	wantPixel(t, s, 1, 77, 77, 77)
	if len(s.Skipped) != 2 {
		t.Fatalf("got %q, want two skipped files", s.Skipped)
	}
	for i, name := range []string{"train/cat/0.png", "train/dog/a.jpg"} {
		if !bytes.Contains([]byte(s.Skipped[i]), []byte(name)) {
			t.Errorf("got %q, want it to name %s", s.Skipped[i], name)
		}
	}
	_, err = loadEntries(t, []entry{{"train/cat/0.png", []byte("x")}}, src, Train)
	wantError(t, err, "none of its 1 images", "train/cat/0.png")
}
