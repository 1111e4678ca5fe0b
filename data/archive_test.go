package data

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestATarArchiveIsRefusedForWhatItMustNotHold(t *testing.T) {
	batch := cifar10Entries()[0].content
	for _, c := range []struct {
		name    string
		header  tar.Header
		content []byte
		says    []string
	}{
		{"a path that escapes", tar.Header{Name: "cifar-10-batches-bin/../../evil", Typeflag: tar.TypeReg}, nil, []string{"evil", "outside"}},
		{"an absolute path", tar.Header{Name: "/etc/evil", Typeflag: tar.TypeReg}, nil, []string{"/etc/evil", "outside"}},
		{"a path of Windows", tar.Header{Name: `C:\evil`, Typeflag: tar.TypeReg}, nil, []string{"evil", "outside"}},
		{"a symbolic link", tar.Header{Name: "cifar-10-batches-bin/x", Linkname: "/etc/passwd", Typeflag: tar.TypeSymlink}, nil, []string{"cifar-10-batches-bin/x", "link"}},
		{"a hard link", tar.Header{Name: "cifar-10-batches-bin/x", Linkname: "y", Typeflag: tar.TypeLink}, nil, []string{"cifar-10-batches-bin/x", "link"}},
		{"a device", tar.Header{Name: "cifar-10-batches-bin/x", Typeflag: tar.TypeChar}, nil, []string{"cifar-10-batches-bin/x", "neither"}},
		{"a file twice", tar.Header{Name: "cifar-10-batches-bin/data_batch_3.bin", Typeflag: tar.TypeReg, Size: int64(len(batch))}, batch, []string{"data_batch_3.bin", "twice"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			headers, contents := tarHeaders("cifar-10-batches-bin", cifar10Entries())
			headers, contents = append(headers, c.header), append(contents, c.content)
			wantError(t, loadArchive(t, gzipBytes(t, tarBytes(t, headers, contents))), append(c.says, "cifar-10-binary.tar.gz")...)
		})
	}
}

func TestAMemberThatClaimsAnAbsurdSizeIsRefusedBeforeItIsAllocated(t *testing.T) {
	for name, size := range map[string]int64{"more than all files": 1 << 40, "more than the archive can hold": 900 << 20} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			header := tar.Header{Name: "cifar-10-batches-bin/data_batch_1.bin", Typeflag: tar.TypeReg, Size: size}
			if err := tar.NewWriter(&b).WriteHeader(&header); err != nil {
				t.Fatal(err)
			}
			wantError(t, loadArchive(t, gzipBytes(t, b.Bytes())), "data_batch_1.bin", "cannot be")
		})
	}
}

func TestATruncatedTarArchiveIsRefusedWhereverItEnds(t *testing.T) {
	whole := tarGzip(t, "cifar-10-batches-bin", cifar10Entries())
	if err := loadArchive(t, whole); err != nil {
		t.Fatal(err)
	}
	for end := 0; end < len(whole); end += 1 + len(whole)/97 {
		wantError(t, loadArchive(t, whole[:end]), "cifar-10-binary.tar.gz", "cut short")
	}
	wantError(t, loadArchive(t, whole[:len(whole)-1]), "cifar-10-binary.tar.gz", "cut short")
	wantError(t, loadArchive(t, whole[:len(whole)/2]), "data_batch_")
}

func TestADamagedTarArchiveIsRefused(t *testing.T) {
	whole := tarGzip(t, "cifar-10-batches-bin", cifar10Entries())
	for at := 10; at < len(whole); at += 1 + len(whole)/61 {
		damaged := bytes.Clone(whole)
		damaged[at] ^= 0x10
		wantError(t, loadArchive(t, damaged), "cifar-10-binary.tar.gz")
	}
	wantError(t, loadArchive(t, []byte("<html>404</html>")), "damaged or of another format")
	wantError(t, loadArchive(t, gzipBytes(t, []byte("no tar"))), "cifar-10-binary.tar.gz")
}

// loadArchive returns the error of loading CIFAR-10's training images from an archive.
func loadArchive(t *testing.T, archive []byte) error {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "cifar-10-binary.tar.gz"), archive)
	_, err := Load(dir, Source{Kind: "cifar10"}, Train)
	return err
}

func TestAZipArchiveIsRefusedForWhatItMustNotHold(t *testing.T) {
	link := zip.FileHeader{Name: "tiny-imagenet-200/x"}
	link.SetMode(os.ModeSymlink | 0o777)
	for _, c := range []struct {
		name    string
		header  zip.FileHeader
		content string
		says    []string
	}{
		{"a path that escapes", zip.FileHeader{Name: "../evil"}, "", []string{"../evil", "outside"}},
		{"an absolute path", zip.FileHeader{Name: "/etc/evil"}, "", []string{"/etc/evil", "outside"}},
		{"a path of Windows", zip.FileHeader{Name: `tiny-imagenet-200\evil`}, "", []string{"evil", "outside"}},
		{"a link", link, "/etc/passwd", []string{"tiny-imagenet-200/x", "link"}},
		{"a file twice", zip.FileHeader{Name: "tiny-imagenet-200/wnids.txt"}, "n01\n", []string{"wnids.txt", "twice"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantError(t, loadZip(t, extendZip(t, c.header, c.content)), append(c.says, "tiny-imagenet-200.zip")...)
		})
	}
}

// extendZip returns an archive of Tiny-ImageNet with one more member.
func extendZip(t *testing.T, header zip.FileHeader, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range tinyEntries(t) {
		f, err := w.Create("tiny-imagenet-200/" + e.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(e.content); err != nil {
			t.Fatal(err)
		}
	}
	f, err := w.CreateHeader(&header)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestADamagedZipArchiveIsRefused(t *testing.T) {
	whole := zipBytes(t, "tiny-imagenet-200", tinyEntries(t))
	if err := loadZip(t, whole); err != nil {
		t.Fatal(err)
	}
	for end := 0; end < len(whole); end += 1 + len(whole)/97 {
		wantError(t, loadZip(t, whole[:end]), "tiny-imagenet-200.zip")
	}
	absurd := bytes.Clone(whole)
	central := bytes.LastIndex(absurd, []byte("tiny-imagenet-200/wnids.txt")) - 46
	copy(absurd[central+24:], []byte{0, 0, 0, 0x70}) // the size of wnids.txt: 1.8 GB
	wantError(t, loadZip(t, absurd), "wnids.txt", "cannot be")
}

// loadZip returns the error of loading Tiny-ImageNet's training images from an archive.
func loadZip(t *testing.T, archive []byte) error {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "tiny-imagenet-200.zip"), archive)
	_, err := Load(dir, Source{Kind: "tiny-imagenet"}, Train)
	return err
}

func FuzzTarGzip(f *testing.F) {
	f.Add(tarGzip(f, "d", []entry{{"a", []byte("text")}}))
	f.Add([]byte{0x1f, 0x8b, 8, 0})
	f.Fuzz(func(t *testing.T, archive []byte) {
		members, err := readTarGzip(bytes.NewReader(archive), int64(len(archive)), []string{"d/a"})
		if err == nil && len(members) > 1 {
			t.Errorf("%d members for one wanted", len(members))
		}
	})
}

func FuzzTar(f *testing.F) {
	headers, contents := tarHeaders("d", []entry{{"a", []byte("text")}, {"b", bytes.Repeat([]byte("x"), 600)}})
	f.Add(tarBytes(f, headers, contents))
	f.Fuzz(func(t *testing.T, archive []byte) {
		members, err := readTar(tar.NewReader(bytes.NewReader(archive)), 1<<20, []string{"d/a"})
		if err != nil {
			return
		}
		for name, content := range members {
			if name != "d/a" || len(content) > 1<<20 {
				t.Errorf("member %q of %d bytes", name, len(content))
			}
		}
	})
}

func FuzzZip(f *testing.F) {
	f.Add(zipBytes(f, "tiny-imagenet-200", tinyEntries(f)), 10, byte(1))
	f.Add(zipBytes(f, "tiny-imagenet-200", tinyEntries(f)), 9000, byte(255))
	f.Fuzz(func(t *testing.T, archive []byte, at int, flip byte) {
		if at >= 0 && at < len(archive) {
			archive = bytes.Clone(archive)
			archive[at] ^= flip
		}
		path := filepath.Join(t.TempDir(), "t.zip")
		if err := os.WriteFile(path, archive, 0o666); err != nil {
			t.Fatal(err)
		}
		for _, split := range []Split{Train, Test} {
			if s, err := readTinyZip(path, "tiny-imagenet-200", split); err == nil {
				checkSet(t, s)
			}
		}
	})
}
