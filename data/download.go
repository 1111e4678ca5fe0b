package data

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// archive is a file that the authors of a data set publish.
type archive struct {
	kind string
	file string
	url  string // the folder it lies in
	md5  string
}

// archives lists what Downloader can fetch.
func archives() []archive {
	return []archive{
		{"cifar10", officialCIFAR10().archive, "https://www.cs.toronto.edu/~kriz", "c32a1d4ab5d03f1284b67883e8d87530"},
		{"cifar100", officialCIFAR100().archive, "https://www.cs.toronto.edu/~kriz", "03b5dce01913d631647c71ecec9e9cb8"},
		{"stl10", officialSTL10().archive, "http://ai.stanford.edu/~acoates/stl10", "91f7769df0f17e558f3565bffb0c7dfb"},
		{"tiny-imagenet", officialTinyImageNet().archive, "http://cs231n.stanford.edu", "90528d7ca1a48142e341f4ef8d21d0de"},
	}
}

// Downloadable returns the kinds whose archives Downloader.Get can fetch.
func Downloadable() []string {
	var names []string
	for _, a := range archives() {
		names = append(names, a.kind)
	}
	return names
}

// ErrNoNetwork is what Downloader.Get returns where the server cannot be reached at all.
var ErrNoNetwork = errors.New("no network")

// Downloader fetches official archives. Its zero value fetches them from their authors.
type Downloader struct {
	// Mirror is the address of a folder that holds the archives under their official names; empty: the authors'.
	Mirror string
	// Client makes the requests; nil: http.DefaultClient.
	Client *http.Client
	// Progress is told how many bytes are there, and how many there will be (-1: not known); may be nil.
	Progress func(done, total int64)
	// Stall is how long a transfer may stand still before it is tried again; 0: one minute.
	Stall time.Duration
	// Pause is how long to wait before the first retry, and twice as long before each further one; 0: one second.
	Pause time.Duration
}

// Get fetches the archive of a kind into dir, creating it where needed, and returns the archive's path. What was
// fetched lies in a file with the ending .part until it is complete and its MD5 is right; then it is renamed. A
// broken transfer is taken up where it ended, in this call a few times and in the next call of Get. An archive that is there
// already is checked and not fetched. Errors wrap ErrNoNetwork where the server cannot be reached.
func (d Downloader) Get(ctx context.Context, kind, dir string) (string, error) {
	for _, a := range archives() {
		if a.kind == kind {
			path, err := d.get(ctx, a, dir)
			if err != nil {
				return "", fmt.Errorf("get %s: %w", kind, err)
			}
			return path, nil
		}
	}
	return "", fmt.Errorf("get %q: there is no such archive: choose one of %s", kind, strings.Join(Downloadable(), ", "))
}

func (d Downloader) get(ctx context.Context, a archive, dir string) (string, error) {
	path := filepath.Join(dir, a.file)
	_, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if err == nil {
		if err := checkMD5(path, a.md5); err != nil {
			return "", fmt.Errorf("%w: remove it to fetch it again", err)
		}
		return path, nil
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	part := path + ".part"
	if err := d.transfer(ctx, d.address(a), part); err != nil {
		return "", err
	}
	if err := checkMD5(part, a.md5); err != nil {
		// Going on from a wrong beginning would never come right.
		if err := os.Remove(part); err != nil {
			return "", err
		}
		return "", fmt.Errorf("%w: it has been removed, try again", err)
	}
	return path, os.Rename(part, path)
}

// address returns where an archive is fetched from.
func (d Downloader) address(a archive) string {
	folder := a.url
	if d.Mirror != "" {
		folder = strings.TrimRight(d.Mirror, "/")
	}
	return folder + "/" + a.file
}

// checkMD5 returns an error that names the file if its contents are not the published ones.
func checkMD5(path, want string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	sum := md5.New()
	if _, err := io.Copy(sum, file); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != want {
		return fmt.Errorf("%s is damaged or not the official archive (MD5 %s, published %s)", path, got, want)
	}
	return nil
}
