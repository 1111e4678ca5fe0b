package data

import (
	"bytes"
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// mirror is a server that breaks its answers as a test asks for.
type mirror struct {
	content    []byte
	breakAfter []int // how many bytes each answer carries before the connection breaks; beyond the list none breaks
	noRange    bool  // answers ranges with the whole
	noLength   bool  // does not say how long its answers are
	status     int   // answers that, where not 0
	requests   []string
}

func (m *mirror) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.requests = append(m.requests, r.Header.Get("Range"))
	if m.status != 0 {
		w.WriteHeader(m.status)
		return
	}
	var start int
	if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &start); err == nil && !m.noRange {
		if start >= len(m.content) {
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
			return
		}
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", start, len(m.content)-1, len(m.content)))
	} else {
		start = 0
	}
	rest := m.content[start:]
	if !m.noLength {
		w.Header().Set("Content-Length", fmt.Sprint(len(rest)))
	}
	if start > 0 {
		w.WriteHeader(http.StatusPartialContent)
	}
	if n := len(m.requests); n <= len(m.breakAfter) {
		send(w, rest[:min(m.breakAfter[n-1], len(rest))])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	send(w, rest)
}

// send writes to a client, which may have hung up.
func send(w http.ResponseWriter, b []byte) { _, _ = w.Write(b) }

// text is the content of the archive in these tests, long enough to come in several parts.
func text() []byte { return bytes.Repeat([]byte("deep virtual networks\n"), 10_000) }

// testArchive is an archive of that content, and the downloader that gets it from a mirror.
func testArchive(t *testing.T, m *mirror) (archive, Downloader) {
	server := httptest.NewServer(m)
	t.Cleanup(server.Close)
	a := archive{kind: "test", file: "test.tar.gz", md5: fmt.Sprintf("%x", md5.Sum(text()))}
	return a, Downloader{Mirror: server.URL + "/", Client: server.Client(), Pause: time.Nanosecond}
}

func TestADownloadGoesOnWhereItBroke(t *testing.T) {
	size := len(text())
	for _, c := range []struct {
		name     string
		mirror   mirror
		part     []byte // what an earlier try has left
		requests []string
	}{
		{"nothing breaks", mirror{}, nil, []string{""}},
		{"no length is given", mirror{noLength: true}, nil, []string{""}},
		{"two breaks", mirror{breakAfter: []int{70_000, 30_000}}, nil, []string{"", "bytes=70000-", "bytes=100000-"}},
		{"breaks without a byte", mirror{breakAfter: []int{0, 0, 0, 0, 0}}, nil, []string{"", "", "", "", "", ""}},
		{"a part of an earlier try", mirror{}, text()[:5000], []string{"bytes=5000-"}},
		{"the whole of an earlier try", mirror{}, text(), []string{fmt.Sprintf("bytes=%d-", size)}},
		{"a server without ranges", mirror{noRange: true, breakAfter: []int{70_000}}, []byte("something else"), []string{"bytes=14-", "bytes=70000-"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := c.mirror
			m.content = text()
			a, d := testArchive(t, &m)
			dir := filepath.Join(t.TempDir(), "new")
			part := filepath.Join(dir, a.file+".part")
			if c.part != nil {
				writeFile(t, part, c.part)
			}
			var last, total int64
			d.Progress = func(done, of int64) { last, total = done, of }
			path, err := d.get(t.Context(), a, dir)
			if err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(path)
			if err != nil || !bytes.Equal(got, text()) {
				t.Errorf("got %d bytes, error %v; want the %d of the archive", len(got), err, size)
			}
			if fmt.Sprint(m.requests) != fmt.Sprint(c.requests) {
				t.Errorf("got requests %q, want %q", m.requests, c.requests)
			}
			if c.name != "the whole of an earlier try" && last != int64(size) {
				t.Errorf("progress ended at %d, want %d", last, size)
			}
			if !c.mirror.noLength && last != 0 && total != int64(size) {
				t.Errorf("progress expected %d bytes, want %d", total, size)
			}
			if _, err := os.Stat(part); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the part is still there: %v", err)
			}
		})
	}
}

func TestADownloadThatFailsSaysWhyAndWhatStays(t *testing.T) {
	for _, c := range []struct {
		name   string
		mirror mirror
		says   []string
		stays  int
	}{
		{"breaks again and again", mirror{content: text(), breakAfter: []int{9, 0, 0, 0, 0, 0, 0}}, []string{"broke after 9 bytes", ".part"}, 9},
		{"another content", mirror{content: []byte("an error page")}, []string{"MD5", "not the official archive", "try again"}, -1},
		{"not found", mirror{status: 404}, []string{"404", "--mirror"}, 0},
		{"a server in trouble", mirror{status: 503}, []string{"503", ".part"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, d := testArchive(t, &c.mirror)
			dir := t.TempDir()
			_, err := d.get(t.Context(), a, dir)
			wantError(t, err, c.says...)
			if _, err := os.Stat(filepath.Join(dir, a.file)); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the archive is there: %v", err)
			}
			info, err := os.Stat(filepath.Join(dir, a.file+".part"))
			if c.stays < 0 {
				if !errors.Is(err, os.ErrNotExist) {
					t.Errorf("the wrong part is still there: %v", err)
				}
				return
			}
			if err != nil || info.Size() != int64(c.stays) {
				t.Errorf("got a part %v, error %v; want %d bytes", info, err, c.stays)
			}
		})
	}
}

func TestADownloadThatStandsStillIsTriedAgain(t *testing.T) {
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		if requests == 1 {
			send(w, text()[:100])
			w.(http.Flusher).Flush()
			<-r.Context().Done() // until the other side hangs up
			return
		}
		send(w, text())
	}))
	defer server.Close()
	a := archive{file: "test.tar.gz", md5: fmt.Sprintf("%x", md5.Sum(text()))}
	d := Downloader{Mirror: server.URL, Client: server.Client(), Pause: time.Nanosecond, Stall: 200 * time.Millisecond}
	if _, err := d.get(t.Context(), a, t.TempDir()); err != nil {
		t.Error(err)
	}
	if requests != 2 {
		t.Errorf("got %d requests, want 2", requests)
	}
}

func TestADownloadCanBeInterruptedAndTakenUp(t *testing.T) {
	m := mirror{content: text(), breakAfter: []int{60_000}}
	a, d := testArchive(t, &m)
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	d.Progress = func(_, _ int64) { cancel() }
	_, err := d.get(ctx, a, dir)
	wantError(t, err, ".part")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	d.Progress = nil
	if _, err := d.get(t.Context(), a, dir); err != nil {
		t.Error(err)
	}
}

func TestAnArchiveThatIsThereIsCheckedAndNotFetched(t *testing.T) {
	m := mirror{content: text()}
	a, d := testArchive(t, &m)
	dir := t.TempDir()
	path := filepath.Join(dir, a.file)
	writeFile(t, path, text())
	if got, err := d.get(t.Context(), a, dir); err != nil || got != path {
		t.Errorf("got %q, %v; want %q", got, err, path)
	}
	writeFile(t, path, []byte("damaged"))
	_, err := d.get(t.Context(), a, dir)
	wantError(t, err, path, "MD5", "remove it")
	if len(m.requests) != 0 {
		t.Errorf("got requests %q, want none", m.requests)
	}
}

// offline is a transport without a network.
type offline struct{}

func (offline) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("no route to host")
}

func TestWithoutANetworkGetSaysSo(t *testing.T) {
	for _, a := range archives() {
		d := Downloader{Client: &http.Client{Transport: offline{}}}
		_, err := d.Get(t.Context(), a.kind, t.TempDir())
		wantError(t, err, a.kind, "no network", "cannot be reached", a.url+"/"+a.file, "by hand")
		if !errors.Is(err, ErrNoNetwork) || strings.Count(err.Error(), a.url) != 1 {
			t.Errorf("got %v, want ErrNoNetwork and the address once", err)
		}
	}
}

func TestGetRefusesArchivesThatItDoesNotKnow(t *testing.T) {
	_, err := Downloader{}.Get(t.Context(), "mnist", t.TempDir())
	wantError(t, err, `"mnist"`, "cifar10, cifar100, stl10, tiny-imagenet")
}
