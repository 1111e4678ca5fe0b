package data

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// loadFolder reads people's own images: train/CLASS/* and test/CLASS/*, PNG, JPEG or WebP files of any size. The
// classes are the folders of train by name; test may lack some of them and have no others. Files whose names begin
// with a dot are left out. Images come class by class in turns, so that the first n hold all classes. Each is scaled
// and cropped as decodeCentre says; a camera's note of how it was turned is not obeyed.
func loadFolder(dir string, src Source, split Split) (*Set, error) {
	if err := src.checkShape(); err != nil {
		return nil, err
	}
	where := src.Path
	if !filepath.IsAbs(where) {
		where = filepath.Join(dir, where)
	}
	set, err := readImageFolder(os.DirFS(where), src, split)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Clean(where), err)
	}
	return set, nil
}

func readImageFolder(folder fs.FS, src Source, split Split) (*Set, error) {
	classes, err := listClasses(folder, Train)
	if err != nil {
		return nil, err
	}
	present := classes
	if split == Test {
		if present, err = listClasses(folder, Test); err != nil {
			return nil, err
		}
	}
	perClass := make([][]imageFile, len(classes))
	for _, class := range present {
		label := slices.Index(classes, class)
		if label < 0 {
			return nil, fmt.Errorf("test/%s: train has no such class: remove it or add train/%s", class, class)
		}
		if perClass[label], err = listImages(folder, path.Join(split.String(), class), int32(label)); err != nil {
			return nil, err
		}
	}
	return readImages(folder, takeTurns(perClass), classes, src)
}

// listClasses returns the names of the folders in a split's folder, sorted.
func listClasses(folder fs.FS, split Split) ([]string, error) {
	entries, err := fs.ReadDir(folder, split.String())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no folder %s: images must lie in %s/CLASS", split, split)
	}
	if err != nil {
		return nil, err
	}
	var classes []string
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		name := path.Join(split.String(), entry.Name())
		info, err := fs.Stat(folder, name)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			return nil, fmt.Errorf("%s is not a folder: images must lie in %s/CLASS", name, split)
		}
		classes = append(classes, entry.Name())
	}
	if len(classes) == 0 {
		return nil, fmt.Errorf("%s holds no class: images must lie in %s/CLASS", split, split)
	}
	return classes, nil
}

// listImages returns the files of one class, sorted by name.
func listImages(folder fs.FS, class string, label int32) ([]imageFile, error) {
	entries, err := fs.ReadDir(folder, class)
	if err != nil {
		return nil, err
	}
	var images []imageFile
	for _, entry := range entries {
		name := path.Join(class, entry.Name())
		if strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		if entry.IsDir() {
			return nil, fmt.Errorf("%s is a folder: images must lie in %s itself", name, class)
		}
		images = append(images, imageFile{name, label})
	}
	if len(images) == 0 {
		return nil, fmt.Errorf("%s holds no image: add some or remove the folder", class)
	}
	return images, nil
}

// readImages decodes all files, and leaves out those that are broken where the source allows it.
func readImages(folder fs.FS, images []imageFile, classes []string, src Source) (*Set, error) {
	set, err := newSet("folder", src.Size, src.Channels, classes, len(images))
	if err != nil {
		return nil, err
	}
	broken := make([]error, len(images))
	err = inParallel(len(images), func(i int) error {
		set.Labels[i] = images[i].label
		err := readImage(folder, images[i].name, set.Image(i), src)
		if err != nil && !src.SkipBroken {
			return fmt.Errorf("%w: replace or remove it, or use --skip-broken", err)
		}
		broken[i] = err
		return nil
	})
	if err != nil {
		return nil, err
	}
	return set.without(broken)
}

func readImage(folder fs.FS, name string, pixels []byte, src Source) error {
	content, err := readFile(folder, name, maxImageBytes)
	if err != nil {
		return err
	}
	if err := decodeCentre(pixels, content, src.Size, src.Channels); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// without closes the gaps that broken images leave and notes them in Skipped.
func (s *Set) without(broken []error) (*Set, error) {
	kept := 0
	for i, err := range broken {
		if err != nil {
			s.Skipped = append(s.Skipped, err.Error())
			continue
		}
		copy(s.Image(kept), s.Image(i))
		s.Labels[kept] = s.Labels[i]
		kept++
	}
	if kept == 0 {
		return nil, fmt.Errorf("none of its %d images can be read; the first: %s", len(broken), s.Skipped[0])
	}
	s.Pixels, s.Labels = s.Pixels[:kept*s.imageLen()], s.Labels[:kept]
	return s, nil
}
