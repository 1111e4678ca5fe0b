package data

import (
	"image/color"
	"path"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLoadReadsTinyImageNetFolderAndArchiveAlike(t *testing.T) {
	folder, archive := t.TempDir(), t.TempDir()
	writeFolder(t, folder, "tiny-imagenet-200", tinyEntries(t))
	writeFile(t, filepath.Join(archive, "tiny-imagenet-200.zip"), zipBytes(t, "tiny-imagenet-200", tinyEntries(t)))
	for form, dir := range map[string]string{"folder": folder, "archive": archive} {
		for _, split := range []Split{Train, Test} {
			t.Run(form+" "+split.String(), func(t *testing.T) {
				s, err := Load(dir, Source{Kind: "tiny-imagenet"}, split)
				if err != nil {
					t.Fatal(err)
				}
				// Classes in the order of wnids.txt, images in turns: a boat, then the apples.
				if diff := cmp.Diff([]string{"boat", "apple, fruit"}, s.Classes); diff != "" {
					t.Errorf("classes (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff([]int32{0, 1, 1}, s.Labels); diff != "" {
					t.Errorf("labels (-want +got):\n%s", diff)
				}
				wantPixel(t, s, 0, 90, 90, 90) // a gray file
				wantPixel(t, s, 1, 200, 30, 40)
				wantPixel(t, s, 2, 200, 30, 40)
			})
		}
	}
}

// wantPixel fails the test unless all pixels of an image have about that colour.
func wantPixel(t *testing.T, s *Set, image int, rgb ...byte) {
	t.Helper()
	for i, got := range s.Image(image) {
		if want := rgb[i%len(rgb)]; max(got, want)-min(got, want) > 2 {
			t.Fatalf("image %d, byte %d: got %d, want about %d", image, i, got, want)
		}
	}
}

func TestLoadNamesWhatIsWrongWithTinyImageNet(t *testing.T) {
	good := jpegOf(t, 64, 64, color.White)
	for _, c := range []struct {
		name    string
		file    string
		content []byte
		split   Split
		says    []string
	}{
		{"no list of classes", "wnids.txt", nil, Train, []string{"wnids.txt", "missing"}},
		{"an empty list of classes", "wnids.txt", []byte("\n"), Train, []string{"wnids.txt", "no class"}},
		{"a class twice", "wnids.txt", []byte("n01\nn01\n"), Train, []string{"wnids.txt", "twice"}},
		{"a class that escapes", "wnids.txt", []byte("n01\n../..\n"), Train, []string{"wnids.txt", "class 2", "../.."}},
		{"a class without images", "wnids.txt", []byte("n01\nn04\n"), Train, []string{"n04"}},
		{"no names", "words.txt", nil, Train, []string{"words.txt"}},
		{"a broken file", "train/n01/images/n01_1.JPEG", []byte("no image"), Train, []string{"train/n01/images/n01_1.JPEG", "not an image"}},
		{"half a file", "train/n01/images/n01_1.JPEG", good[:len(good)*2/3], Train, []string{"train/n01/images/n01_1.JPEG"}},
		{"an image of another size", "train/n01/images/n01_1.JPEG", jpegOf(t, 64, 63, color.White), Train, []string{"train/n01/images/n01_1.JPEG", "64x63", "64x64"}},
		{"no annotations", "val/val_annotations.txt", nil, Test, []string{"val/val_annotations.txt"}},
		{"annotations of other classes", "val/val_annotations.txt", []byte("val_0.JPEG\tn09\t0\t0\t0\t0\n"), Test, []string{"val/val_annotations.txt", "no image"}},
		{"an annotation without a class", "val/val_annotations.txt", []byte("val_0.JPEG\tn01\nval_1.JPEG\n"), Test, []string{"val/val_annotations.txt", "record 2", "tab"}},
		{"an annotation that escapes", "val/val_annotations.txt", []byte("../../x\tn01\n"), Test, []string{"val/val_annotations.txt", "record 1", "../../x"}},
		{"an annotation twice", "val/val_annotations.txt", []byte("val_0.JPEG\tn01\nval_0.JPEG\tn02\n"), Test, []string{"val/val_annotations.txt", "record 2", "twice"}},
		{"an annotated file that is missing", "val/images/val_1.JPEG", nil, Test, []string{"val/images/val_1.JPEG", "missing"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			entries := replace(tinyEntries(t), c.file, c.content)
			folder, archive := t.TempDir(), t.TempDir()
			writeFolder(t, folder, "tiny-imagenet-200", entries)
			writeFile(t, filepath.Join(archive, "tiny-imagenet-200.zip"), zipBytes(t, "tiny-imagenet-200", entries))
			for _, dir := range []string{folder, archive} {
				_, err := Load(dir, Source{Kind: "tiny-imagenet"}, c.split)
				wantError(t, err, append(c.says, dir)...)
			}
		})
	}
}

func FuzzTinyAnnotations(f *testing.F) {
	f.Add([]byte("val_0.JPEG\tn01\t0\t0\t9\t9\nval_1.JPEG\tn02\t0\t0\t9\t9\n"))
	f.Add([]byte("a\r\n\tb\t\n"))
	f.Fuzz(func(t *testing.T, list []byte) {
		perClass, err := parseTinyAnnotations(list, []string{"n01", "n02"})
		if err != nil {
			return
		}
		for class, images := range perClass {
			for _, image := range images {
				if int(image.label) != class || path.Dir(image.name) != "val/images" {
					t.Errorf("class %d has %+v", class, image)
				}
			}
		}
	})
}
