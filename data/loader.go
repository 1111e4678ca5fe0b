package data

import (
	"context"
	"errors"
	"sync"
)

// ErrLoaderClosed is what Next returns after Close.
var ErrLoaderClosed = errors.New("the loader is closed")

// Loader prepares the next steps in the background: a step is one batch of each stream. Its streams belong to it
// until it is closed, and stand ahead of what has been used by then: Batch.After of the last step says where to
// restore them.
type Loader struct {
	ready chan []Batch
	free  chan []Batch
	inUse []Batch // what the last Next returned
	ctx   context.Context
	stop  context.CancelCauseFunc
	done  sync.WaitGroup
}

// NewLoader starts to prepare up to ahead steps (at least 1) in advance. It stops when ctx ends or at Close.
func NewLoader(ctx context.Context, streams []*Stream, ahead int) *Loader {
	ahead = max(ahead, 1)
	l := &Loader{ready: make(chan []Batch, ahead+1), free: make(chan []Batch, ahead+1)}
	l.ctx, l.stop = context.WithCancelCause(ctx)
	for range ahead + 1 {
		l.free <- make([]Batch, len(streams))
	}
	l.done.Go(func() { l.prepare(streams) })
	return l
}

// prepare fills free steps until the loader stops. There are no more steps than ready has room for, so handing over
// never waits.
func (l *Loader) prepare(streams []*Stream) {
	for {
		select {
		case <-l.ctx.Done():
			return
		case step := <-l.free:
			for i, stream := range streams {
				stream.Next(&step[i])
			}
			l.ready <- step
		}
	}
}

// Next returns the batches of the next step, one a stream and in the streams' order. They are valid until the
// following call of Next or Close. It returns the context's error once that has ended, and ErrLoaderClosed after
// Close. Only one goroutine may call it.
func (l *Loader) Next() ([]Batch, error) {
	if l.ctx.Err() != nil {
		return nil, context.Cause(l.ctx)
	}
	if l.inUse != nil {
		l.free <- l.inUse
		l.inUse = nil
	}
	select {
	case <-l.ctx.Done():
		return nil, context.Cause(l.ctx)
	case l.inUse = <-l.ready:
		return l.inUse, nil
	}
}

// Close stops the loader and waits until it no longer uses its streams. Further calls do nothing.
func (l *Loader) Close() {
	l.stop(ErrLoaderClosed)
	l.done.Wait()
}
