package data

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// published is an official data set that a test makes, and what must come out of it.
type published struct {
	src     Source
	where   official
	entries []entry
	size    int
	labels  map[Split][]int32
	first   map[Split]int // the number of the first image in pixelByte
	classes []string      // first and last
}

func publishedSets() map[string]published {
	return map[string]published{
		"cifar10": {Source{Kind: "cifar10"}, officialCIFAR10(), cifar10Entries(), 32,
			map[Split][]int32{Train: {7, 1, 2, 3, 9, 4, 0}, Test: {5, 6}}, map[Split]int{Train: 0, Test: 7}, []string{"class0", "class9"}},
		"cifar100 fine": {Source{Kind: "cifar100"}, officialCIFAR100(), cifar100Entries(), 32,
			map[Split][]int32{Train: {99, 50, 0}, Test: {2}}, map[Split]int{Train: 0, Test: 3}, []string{"fine0", "fine99"}},
		"cifar100 coarse": {Source{Kind: "cifar100", Labels: "coarse"}, officialCIFAR100(), cifar100Entries(), 32,
			map[Split][]int32{Train: {19, 0, 7}, Test: {1}}, map[Split]int{Train: 0, Test: 3}, []string{"coarse0", "coarse19"}},
		"stl10": {Source{Kind: "stl10"}, officialSTL10(), stl10Entries(), 96,
			map[Split][]int32{Train: {9, 0}, Test: {2}}, map[Split]int{Train: 0, Test: 2}, []string{"class0", "class9"}},
	}
}

func TestLoadReadsOfficialFoldersAndArchivesAlike(t *testing.T) {
	for name, p := range publishedSets() {
		folder, archive := t.TempDir(), t.TempDir()
		writeFolder(t, folder, p.where.folder, p.entries)
		writeFile(t, filepath.Join(archive, p.where.archive), tarGzip(t, p.where.folder, p.entries))
		for form, dir := range map[string]string{"folder": folder, "archive": archive} {
			for _, split := range []Split{Train, Test} {
				t.Run(name+" "+form+" "+split.String(), func(t *testing.T) {
					s, err := Load(dir, p.src, split)
					if err != nil {
						t.Fatal(err)
					}
					checkPublished(t, s, p, split)
				})
			}
		}
	}
}

func checkPublished(t *testing.T, s *Set, p published, split Split) {
	t.Helper()
	if diff := cmp.Diff(p.labels[split], s.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	if got := []string{s.Classes[0], s.Classes[len(s.Classes)-1]}; !cmp.Equal(got, p.classes) {
		t.Errorf("got first and last class %v, want %v", got, p.classes)
	}
	if s.Size != p.size || s.Channels != 3 {
		t.Fatalf("got images %dx%dx%d, want %dx%dx3", s.Size, s.Size, s.Channels, p.size, p.size)
	}
	for i := range s.Len() {
		for at, got := range s.Image(i) {
			y, x, c := at/3/s.Size, at/3%s.Size, at%3
			if want := pixelByte(p.first[split]+i, c, y, x); got != want {
				t.Fatalf("image %d, row %d, column %d, channel %d: got %d, want %d", i, y, x, c, got, want)
			}
		}
	}
}

func TestTheFolderWinsOverTheArchive(t *testing.T) {
	dir := t.TempDir()
	o := officialCIFAR10()
	writeFolder(t, dir, o.folder, cifar10Entries())
	writeFile(t, filepath.Join(dir, o.archive), []byte("not an archive"))
	if _, err := Load(dir, Source{Kind: "cifar10"}, Train); err != nil {
		t.Error(err)
	}
}

func TestLoadNamesWhatIsWrongWithAnOfficialSet(t *testing.T) {
	badLabel := cifarRecords(3, []byte{3}, []byte{10})
	for _, c := range []struct {
		name    string
		set     string
		file    string
		content []byte
		says    []string
	}{
		{"a missing batch", "cifar10", "data_batch_3.bin", nil, []string{"data_batch_3.bin"}},
		{"an empty batch", "cifar10", "data_batch_3.bin", []byte{}, []string{"data_batch_3.bin", "record 1"}},
		{"half a record", "cifar10", "data_batch_3.bin", badLabel[:4000], []string{"data_batch_3.bin", "record 2", "4000 bytes", "3073"}},
		{"a wrong label", "cifar10", "data_batch_3.bin", badLabel, []string{"data_batch_3.bin", "record 2", "label 10", "0 to 9"}},
		{"a missing name", "cifar10", "batches.meta.txt", nameList("class", 9), []string{"batches.meta.txt", "9 class names", "10"}},
		{"a wrong coarse label", "cifar100 fine", "train.bin", cifarRecords(0, []byte{20, 1}), []string{"train.bin", "record 1", "coarse label 20"}},
		{"a wrong fine label", "cifar100 coarse", "train.bin", cifarRecords(0, []byte{1, 100}), []string{"train.bin", "record 1", "fine label 100"}},
		{"records of CIFAR-10", "cifar100 fine", "train.bin", cifarRecords(0, []byte{1}, []byte{1}), []string{"train.bin", "record 2", "3074"}},
		{"no images", "stl10", "train_X.bin", []byte{}, []string{"train_X.bin", "record 1"}},
		{"half an image", "stl10", "train_X.bin", make([]byte, 3*96*96+5), []string{"train_X.bin", "record 2", "27653 bytes"}},
		{"more labels than images", "stl10", "train_y.bin", []byte{1, 2, 3}, []string{"train_y.bin", "3 labels", "2 images"}},
		{"a label of 0", "stl10", "train_y.bin", []byte{1, 0}, []string{"train_y.bin", "record 2", "label 0", "1 to 10"}},
		{"a label of 11", "stl10", "train_y.bin", []byte{11, 1}, []string{"train_y.bin", "record 1", "label 11"}},
	} {
		p := publishedSets()[c.set]
		entries := replace(p.entries, c.file, c.content)
		folder, archive := t.TempDir(), t.TempDir()
		writeFolder(t, folder, p.where.folder, entries)
		writeFile(t, filepath.Join(archive, p.where.archive), tarGzip(t, p.where.folder, entries))
		for form, dir := range map[string]string{"folder": folder, "archive": archive} {
			t.Run(c.set+" with "+c.name+" in a "+form, func(t *testing.T) {
				_, err := Load(dir, p.src, Train)
				wantError(t, err, append(c.says, dir)...)
			})
		}
	}
}

func TestLoadSaysWhatItNeeds(t *testing.T) {
	empty, blocked := t.TempDir(), t.TempDir()
	writeFile(t, filepath.Join(blocked, "stl10_binary"), []byte("a file"))
	for _, c := range []struct {
		name string
		dir  string
		src  Source
		says []string
	}{
		{"nothing there", empty, Source{Kind: "cifar10"}, []string{empty, "cifar-10-batches-bin", "cifar-10-binary.tar.gz", "data get cifar10"}},
		{"a file in the folder's place", blocked, Source{Kind: "stl10"}, []string{"stl10_binary", "not a folder"}},
		{"an unknown kind", empty, Source{Kind: "mnist"}, []string{`"mnist"`, "cifar10", "textures"}},
		{"unknown labels", empty, Source{Kind: "cifar100", Labels: "medium"}, []string{`"medium"`, "fine", "coarse"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Load(c.dir, c.src, Train)
			wantError(t, err, c.says...)
		})
	}
}

func FuzzCIFARRecords(f *testing.F) {
	f.Add(cifarRecords(0, []byte{1}, []byte{9}))
	f.Add([]byte{})
	f.Add(make([]byte, 5000))
	classes := make([]string, 10)
	f.Fuzz(func(t *testing.T, content []byte) {
		in := files{contents: map[string][]byte{"b": content}}
		s, err := parseCIFAR("fuzz", in, []string{"b"}, []cifarLabel{{"label", classes}}, 0)
		if err == nil {
			checkSet(t, s)
			if 3073*s.Len() != len(content) {
				t.Errorf("%d images from %d bytes", s.Len(), len(content))
			}
		}
	})
}

func FuzzSTLRecords(f *testing.F) {
	f.Add(planes(0, stlSize, true), []byte{10})
	f.Add([]byte{}, []byte{})
	f.Add(make([]byte, 30000), []byte{1, 2})
	classes := make([]string, 10)
	f.Fuzz(func(t *testing.T, images, labels []byte) {
		in := files{contents: map[string][]byte{"X": images, "y": labels}}
		s, err := parseSTL(in, "X", "y", classes)
		if err == nil {
			checkSet(t, s)
			if s.Len() != len(labels) {
				t.Errorf("%d images for %d labels", s.Len(), len(labels))
			}
		}
	})
}

// checkSet fails the test if what a set promises does not hold.
func checkSet(t *testing.T, s *Set) {
	t.Helper()
	if s.Len() == 0 || len(s.Pixels) != s.Len()*s.imageLen() {
		t.Fatalf("%d images in %d bytes", s.Len(), len(s.Pixels))
	}
	for i, label := range s.Labels {
		if label < 0 || int(label) >= len(s.Classes) {
			t.Fatalf("image %d has label %d of %d", i, label, len(s.Classes))
		}
	}
	if bytes.Equal(s.Image(0), nil) {
		t.Fatal("an image without pixels")
	}
}
