package data

import (
	"archive/zip"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// Tiny-ImageNet-200 is JPEG files of 64x64, some of them gray: train/ID/images/*.JPEG by class, and val/images with
// val/val_annotations.txt, whose lines hold file, class and box, separated by tabs. wnids.txt lists the classes in
// their order, words.txt names them (Stanford CS231n, after ImageNet).
const tinySize = 64

const (
	maxListBytes  = 64 << 20 // the longest list, words.txt, has 2.7 MB
	maxImageBytes = 64 << 20
)

func officialTinyImageNet() official {
	return official{kind: "tiny-imagenet", folder: "tiny-imagenet-200", archive: "tiny-imagenet-200.zip"}
}

// imageFile is a file that holds an image, and the class of that image.
type imageFile struct {
	name  string
	label int32
}

func loadTinyImageNet(dir string, _ Source, split Split) (*Set, error) {
	o := officialTinyImageNet()
	found, isArchive, err := o.find(dir)
	if err != nil {
		return nil, err
	}
	var set *Set
	if isArchive {
		set, err = readTinyZip(found, o.folder, split)
	} else {
		set, err = readTiny(os.DirFS(found), split)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", found, err)
	}
	return set, nil
}

func readTinyZip(archive, folder string, split Split) (*Set, error) {
	r, err := zip.OpenReader(archive)
	if err != nil {
		return nil, archiveError(err)
	}
	defer r.Close()
	if err := checkZip(&r.Reader); err != nil {
		return nil, err
	}
	inside, err := fs.Sub(r, folder)
	if err != nil {
		return nil, err
	}
	return readTiny(inside, split)
}

func readTiny(folder fs.FS, split Split) (*Set, error) {
	ids, err := readTinyIDs(folder)
	if err != nil {
		return nil, err
	}
	classes, err := readTinyClasses(folder, ids)
	if err != nil {
		return nil, err
	}
	list := listTinyTrain
	if split == Test {
		list = listTinyVal
	}
	images, err := list(folder, ids)
	if err != nil {
		return nil, err
	}
	set, err := newSet("tiny-imagenet", tinySize, 3, classes, len(images))
	if err != nil {
		return nil, err
	}
	return set, inParallel(len(images), func(i int) error {
		set.Labels[i] = images[i].label
		content, err := readFile(folder, images[i].name, maxImageBytes)
		if err != nil {
			return archiveError(err)
		}
		if err := decodeExactly(set.Image(i), content, tinySize); err != nil {
			return fmt.Errorf("%s: %w", images[i].name, err)
		}
		return nil
	})
}

// readTinyIDs returns the WordNet ids of the classes, in their order.
func readTinyIDs(folder fs.FS) ([]string, error) {
	const name = "wnids.txt"
	list, err := readFile(folder, name, maxListBytes)
	if err != nil {
		return nil, archiveError(err)
	}
	ids := lines(list)
	if len(ids) == 0 {
		return nil, fmt.Errorf("%s lists no class", name)
	}
	for i, id := range ids {
		if strings.ContainsAny(id, `/\`) || !fs.ValidPath(id) {
			return nil, fmt.Errorf("%s: class %d: %q is not the name of a folder", name, i+1, id)
		}
	}
	if len(classOf(ids)) < len(ids) {
		return nil, fmt.Errorf("%s lists a class twice", name)
	}
	return ids, nil
}

// classOf returns the class number of each id.
func classOf(ids []string) map[string]int32 {
	class := make(map[string]int32, len(ids))
	for i, id := range ids {
		class[id] = int32(i)
	}
	return class
}

// readTinyClasses returns the names of the classes; a class that words.txt does not name is called by its id.
func readTinyClasses(folder fs.FS, ids []string) ([]string, error) {
	list, err := readFile(folder, "words.txt", maxListBytes)
	if err != nil {
		return nil, archiveError(err)
	}
	class := classOf(ids)
	classes := slices.Clone(ids)
	for _, line := range lines(list) {
		id, words, _ := strings.Cut(line, "\t")
		if class, ok := class[id]; ok && words != "" {
			classes[class] = words
		}
	}
	return classes, nil
}

// listTinyTrain lists the training images of the listed classes, turn by turn, so that the first n hold all classes.
func listTinyTrain(folder fs.FS, ids []string) ([]imageFile, error) {
	perClass := make([][]imageFile, len(ids))
	for class, id := range ids {
		images := path.Join("train", id, "images")
		entries, err := fs.ReadDir(folder, images)
		if err != nil {
			return nil, fmt.Errorf("class %s of wnids.txt: %w", id, err)
		}
		for _, entry := range entries {
			if strings.HasPrefix(entry.Name(), ".") {
				continue
			}
			perClass[class] = append(perClass[class], imageFile{path.Join(images, entry.Name()), int32(class)})
		}
		if len(perClass[class]) == 0 {
			return nil, fmt.Errorf("%s holds no image", images)
		}
	}
	return takeTurns(perClass), nil
}

// takeTurns returns the first image of every class, then the second of every class, and so on.
func takeTurns(perClass [][]imageFile) []imageFile {
	var all []imageFile
	for turn, left := 0, true; left; turn++ {
		left = false
		for _, images := range perClass {
			if turn < len(images) {
				all = append(all, images[turn])
				left = true
			}
		}
	}
	return all
}

// listTinyVal lists the validation images of the listed classes, turn by turn, each class in the order of the
// annotations.
func listTinyVal(folder fs.FS, ids []string) ([]imageFile, error) {
	const name = "val/val_annotations.txt"
	list, err := readFile(folder, name, maxListBytes)
	if err != nil {
		return nil, archiveError(err)
	}
	perClass, err := parseTinyAnnotations(list, ids)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	images := takeTurns(perClass)
	if len(images) == 0 {
		return nil, fmt.Errorf("%s names no image of the classes in wnids.txt", name)
	}
	return images, nil
}

// parseTinyAnnotations returns the images of each class; those of classes that are not listed are left out.
func parseTinyAnnotations(list []byte, ids []string) ([][]imageFile, error) {
	classOf := classOf(ids)
	perClass := make([][]imageFile, len(ids))
	seen := make(map[string]bool)
	for i, line := range lines(list) {
		fields := strings.Split(line, "\t")
		if len(fields) < 2 {
			return nil, fmt.Errorf("record %d: %q: there must be a file and a class, separated by a tab", i+1, line)
		}
		file, id := fields[0], fields[1]
		if !fs.ValidPath(file) || strings.ContainsAny(file, `/\`) {
			return nil, fmt.Errorf("record %d: %q is not the name of a file in val/images", i+1, file)
		}
		if seen[file] {
			return nil, fmt.Errorf("record %d: %q is listed twice", i+1, file)
		}
		seen[file] = true
		if class, ok := classOf[id]; ok {
			perClass[class] = append(perClass[class], imageFile{path.Join("val/images", file), class})
		}
	}
	return perClass, nil
}
