package data

import (
	"archive/tar"
	"archive/zip"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

const (
	// maxUnpackedBytes bounds a whole unpacked archive. The largest official one, STL-10's, has 3.1 GB.
	maxUnpackedBytes = 8 << 30
	// maxDeflateRatio is the most that deflate can shrink anything: a member that claims more is a lie.
	maxDeflateRatio = 1032
)

// readTarGzip returns the wanted members of a .tar.gz of archiveBytes bytes, by name. It reads to the end of the
// archive, refuses it if any member is a link or would lie outside, and leaves out wanted members it does not hold.
func readTarGzip(archive io.Reader, archiveBytes int64, wanted []string) (map[string][]byte, error) {
	unzipped, err := gzip.NewReader(archive)
	if err != nil {
		return nil, archiveError(err)
	}
	bounded := &io.LimitedReader{R: unzipped, N: maxUnpackedBytes}
	members, err := readTar(tar.NewReader(bounded), min(maxFileBytes, maxDeflateRatio*archiveBytes), wanted)
	if err == nil {
		// The gzip checksum stands behind the last member.
		_, err = io.Copy(io.Discard, bounded)
	}
	if bounded.N == 0 {
		return nil, fmt.Errorf("it unpacks to more than %d GiB: this is not the official archive", maxUnpackedBytes>>30)
	}
	if err != nil {
		return nil, archiveError(err)
	}
	return members, nil
}

func readTar(archive *tar.Reader, maxMemberBytes int64, wanted []string) (map[string][]byte, error) {
	members := make(map[string][]byte)
	before := "the beginning"
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return members, nil
		}
		if err != nil {
			return nil, fmt.Errorf("after %s: %w", before, err)
		}
		name, err := tarMemberName(header)
		if err != nil {
			return nil, err
		}
		before = name
		if !slices.Contains(wanted, name) || header.Typeflag != tar.TypeReg {
			continue
		}
		if _, twice := members[name]; twice {
			return nil, fmt.Errorf("%s: the archive holds it twice", name)
		}
		if header.Size > maxMemberBytes {
			return nil, fmt.Errorf("%s: a size of %d bytes cannot be: this is not the official archive", name, header.Size)
		}
		content := make([]byte, header.Size)
		if n, err := io.ReadFull(archive, content); err != nil {
			return nil, fmt.Errorf("%s: byte %d of %d: %w", name, n, header.Size, err)
		}
		members[name] = content
	}
}

// tarMemberName returns the clean name of a member that is a file or folder inside the archive.
func tarMemberName(header *tar.Header) (string, error) {
	switch header.Typeflag {
	case tar.TypeXGlobalHeader:
		return "", nil
	case tar.TypeReg, tar.TypeDir:
		return memberName(header.Name)
	case tar.TypeLink, tar.TypeSymlink:
		return "", fmt.Errorf("%q is a link: official archives have none", header.Name)
	default:
		return "", fmt.Errorf("%q is neither file nor folder: official archives have none such", header.Name)
	}
}

// memberName returns the clean form of a member's name, and an error where it does not lie inside the archive.
func memberName(name string) (string, error) {
	clean := path.Clean(name)
	if !fs.ValidPath(clean) || strings.ContainsAny(name, `\:`) {
		return "", fmt.Errorf("%q would lie outside of the folder: this is not the official archive", name)
	}
	return clean, nil
}

// checkZip refuses an archive with a member that is a link, would lie outside, is there twice, or has a size that
// cannot be.
func checkZip(archive *zip.Reader) error {
	var total uint64
	seen := make(map[string]bool)
	for _, member := range archive.File {
		name, err := memberName(member.Name)
		if err != nil {
			return err
		}
		if seen[name] {
			return fmt.Errorf("%s: the archive holds it twice", name)
		}
		seen[name] = true
		if mode := member.Mode(); !mode.IsRegular() && !mode.IsDir() {
			return fmt.Errorf("%q is a link or a device: official archives have none", member.Name)
		}
		size := member.UncompressedSize64
		total += min(size, maxUnpackedBytes)
		if size > maxDeflateRatio*max(member.CompressedSize64, 1) || total > maxUnpackedBytes {
			return fmt.Errorf("%s: a size of %d bytes cannot be: this is not the official archive", member.Name, size)
		}
	}
	return nil
}

// archiveError says in words what an unpacker's error means; other errors pass as they are.
func archiveError(err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fmt.Errorf("the archive is cut short (%w): fetch it again", err)
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, tar.ErrHeader), errors.Is(err, zip.ErrFormat):
		return fmt.Errorf("the archive is damaged or of another format (%w): fetch it again", err)
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, zip.ErrChecksum), errors.As(err, &corrupt):
		return fmt.Errorf("the archive is damaged (%w): fetch it again", err)
	}
	return err
}
