package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

const (
	// maxArchiveBytes bounds a download. The largest official archive has 2.6 GB.
	maxArchiveBytes = 4 << 30
	// maxRetries is how many transfers in a row may end without a byte before the last one's error is returned.
	maxRetries = 5
)

// brokenError is a failure after which a transfer may be taken up again.
type brokenError struct{ err error }

func (e *brokenError) Error() string { return e.err.Error() }
func (e *brokenError) Unwrap() error { return e.err }

// transfer fetches an address into the file part, behind what that holds already, and goes on when it breaks. A
// server that cannot be reached in the first place is not tried again.
func (d Downloader) transfer(ctx context.Context, address, part string) error {
	file, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	defer file.Close()
	moved := false
	for retries := 0; ; retries++ {
		have, err := file.Seek(0, io.SeekEnd)
		if err != nil {
			return err
		}
		received, err := d.fetch(ctx, address, file, have)
		if err == nil {
			return file.Sync()
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%w: the next try goes on from %s", context.Cause(ctx), part)
		}
		if received > 0 {
			moved, retries = true, 0
		}
		if !errors.As(err, new(*brokenError)) || errors.Is(err, ErrNoNetwork) && !moved {
			return err
		}
		if retries == maxRetries {
			return fmt.Errorf("%w: the next try goes on from %s", err, part)
		}
		if err := d.rest(ctx, retries); err != nil {
			return err
		}
	}
}

// rest waits before a retry.
func (d Downloader) rest(ctx context.Context, retries int) error {
	pause := d.Pause
	if pause == 0 {
		pause = time.Second
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(pause << retries):
		return nil
	}
}

// fetch makes one request for what lies behind the first have bytes, appends the answer to file and returns how many
// bytes came.
func (d Downloader) fetch(ctx context.Context, address string, file *os.File, have int64) (int64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stall := d.Stall
	if stall == 0 {
		stall = time.Minute
	}
	watch := time.AfterFunc(stall, func() { cancel(fmt.Errorf("nothing came for %s", stall)) })
	defer watch.Stop()

	answer, err := d.request(ctx, address, have)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	switch {
	case answer.StatusCode == http.StatusPartialContent && rangeStart(answer) == have:
	case answer.StatusCode == http.StatusRequestedRangeNotSatisfiable && have > 0:
		return 0, nil // all of it is here already: the checksum decides
	case answer.StatusCode == http.StatusOK:
		have = 0
		if err := restart(file); err != nil {
			return 0, err
		}
	case answer.StatusCode >= 500:
		return 0, &brokenError{fmt.Errorf("%s: the server answers %q", address, answer.Status)}
	default:
		return 0, fmt.Errorf("%s: the server answers %q: name another one with --mirror, or put the archive in its place by hand",
			address, answer.Status)
	}
	body := &progressReader{from: answer.Body, done: have, total: -1, report: d.Progress,
		moved: func() { watch.Reset(stall) }, cause: func() error { return context.Cause(ctx) }}
	if answer.ContentLength >= 0 {
		body.total = have + answer.ContentLength
	}
	n, err := io.Copy(file, io.LimitReader(body, maxArchiveBytes+1-have))
	if have+n > maxArchiveBytes {
		return n, fmt.Errorf("%s: more than %d GiB: this is not the official archive", address, maxArchiveBytes>>30)
	}
	return n, err
}

// request asks for what lies behind the first have bytes.
func (d Downloader) request(ctx context.Context, address string, have int64) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	// The archive's own bytes are wanted, not a form that the client would unpack on the way.
	request.Header.Set("Accept-Encoding", "identity")
	if have > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	client := d.Client
	if client == nil {
		client = http.DefaultClient
	}
	answer, err := client.Do(request)
	if err == nil {
		return answer, nil
	}
	reason := errors.Unwrap(err) // without the address, which url.Error repeats
	if cause := context.Cause(ctx); cause != nil {
		reason = cause
	}
	return nil, &brokenError{fmt.Errorf("%w: %s cannot be reached (%w): connect, or fetch %s elsewhere and put it in its place by hand",
		ErrNoNetwork, request.URL.Host, reason, address)}
}

// rangeStart returns where a partial answer begins, -1 if it does not say.
func rangeStart(answer *http.Response) int64 {
	var start int64
	if _, err := fmt.Sscanf(answer.Header.Get("Content-Range"), "bytes %d-", &start); err != nil {
		return -1
	}
	return start
}

// restart empties a file.
func restart(file *os.File) error {
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := file.Seek(0, io.SeekStart)
	return err
}

// progressReader reports what is read and marks failures to read as ones that may be mended by another request.
type progressReader struct {
	from        io.Reader
	done, total int64
	report      func(done, total int64)
	moved       func()
	cause       func() error // why the transfer was given up, if it was
}

func (r *progressReader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	if n > 0 {
		r.done += int64(n)
		r.moved()
		if r.report != nil {
			r.report(r.done, r.total)
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		if cause := r.cause(); cause != nil {
			err = cause
		}
		err = &brokenError{fmt.Errorf("the transfer broke after %d bytes (%w)", r.done, err)}
	}
	return n, err
}
