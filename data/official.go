package data

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// official is a data set as it is published: an archive, and the folder that the archive unpacks to.
type official struct {
	kind    string // the name that `dvn-vk data get` knows
	folder  string
	archive string
}

// find returns the path of the unpacked folder or, where there is none, of the archive.
func (o official) find(dir string) (found string, isArchive bool, err error) {
	folder, archive := filepath.Join(dir, o.folder), filepath.Join(dir, o.archive)
	info, err := os.Stat(folder)
	if err == nil && !info.IsDir() {
		return "", false, fmt.Errorf("%s is not a folder: move it away", folder)
	}
	if err == nil {
		return folder, false, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", false, err
	}
	info, err = os.Stat(archive)
	if err == nil && !info.Mode().IsRegular() {
		return "", false, fmt.Errorf("%s is not a file: move it away", archive)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return "", false, fmt.Errorf("%s holds neither %s nor %s: name the right folder with --data, or fetch the archive with `dvn-vk data get %s --dir %s`",
			dirName(dir), o.folder, o.archive, o.kind, dirName(dir))
	}
	return archive, true, err
}

// dirName is how messages call a directory that was left empty.
func dirName(dir string) string { return filepath.Clean(dir) }

// maxFileBytes bounds the files that are read whole. The largest of an official set has 222 MB.
const maxFileBytes = 1 << 30

// files are the contents of some files of a data set, by their names inside its folder.
type files struct {
	where    string // folder or archive they were found in
	contents map[string][]byte
}

// errorf returns an error about the named file.
func (f files) errorf(name, format string, args ...any) error {
	return fmt.Errorf("%s: %s: %w", f.where, name, fmt.Errorf(format, args...))
}

// read returns the named files of the data set in dir. All of them must be there.
func (o official) read(dir string, names ...string) (files, error) {
	found, isArchive, err := o.find(dir)
	if err != nil {
		return files{}, err
	}
	f := files{where: found}
	if isArchive {
		f.contents, err = o.readArchive(found, names)
	} else {
		f.contents, err = readFolder(os.DirFS(found), names)
	}
	if err != nil {
		return files{}, fmt.Errorf("%s: %w", found, err)
	}
	return f, nil
}

func readFolder(folder fs.FS, names []string) (map[string][]byte, error) {
	contents := make(map[string][]byte)
	for _, name := range names {
		content, err := readFile(folder, name, maxFileBytes)
		if err != nil {
			return nil, err
		}
		contents[name] = content
	}
	return contents, nil
}

func (o official) readArchive(archive string, names []string) (map[string][]byte, error) {
	f, err := os.Open(archive)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	wanted := make([]string, len(names))
	for i, name := range names {
		wanted[i] = path.Join(o.folder, name)
	}
	members, err := readTarGzip(f, info.Size(), wanted)
	if err != nil {
		return nil, err
	}
	contents := make(map[string][]byte)
	for i, name := range names {
		content, ok := members[wanted[i]]
		if !ok {
			return nil, fmt.Errorf("there is no %s in the archive: fetch it again", wanted[i])
		}
		contents[name] = content
	}
	return contents, nil
}

// readFile reads one file of at most limit bytes, whatever size it claims to have.
func readFile(folder fs.FS, name string, limit int64) ([]byte, error) {
	f, err := folder.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is missing", name)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if int64(len(content)) > limit {
		return nil, fmt.Errorf("%s: more than %d bytes: this is not a file of the data set", name, limit)
	}
	return content, nil
}
