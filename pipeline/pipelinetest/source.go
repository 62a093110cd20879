package pipelinetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/datelinenews/dateline/pipeline"
)

// SourceTest is a source whose contract TestSource tests.
type SourceTest struct {
	// Put makes the values, each a raw article as JSON, available to a source of their own. What it
	// returns opens a source over them; opening another, after the last is closed, is a restart. A
	// source that is an io.Closer is closed by the suite.
	Put func(t *testing.T, values [][]byte) (open func(t *testing.T) pipeline.Source)
	// Endless is a source that waits for more where others return io.EOF.
	Endless bool
	// Resumes is a source that begins after what was last committed; others begin anew.
	Resumes bool
	// Timeout bounds each step. Default: 60 s.
	Timeout time.Duration
}

// TestSource tests the contract of pipeline.Source.
func TestSource(t *testing.T, s SourceTest) {
	if s.Timeout == 0 {
		s.Timeout = time.Minute
	}
	values := articles(40)
	t.Run("everything comes, in order", func(t *testing.T) {
		src := s.start(t, s.Put(t, values))
		got := src.read(t, len(values))
		sameValues(t, got, values)
		inOrder(t, got)
		if !s.Endless {
			for range 2 {
				if b, err := src.Read(t.Context()); !errors.Is(err, io.EOF) {
					t.Fatalf("at the end Read returned %v, %v, want io.EOF", b, err)
				}
			}
		}
	})
	t.Run("read ends with its context", func(t *testing.T) {
		src := s.start(t, s.Put(t, values))
		if s.Endless {
			src.read(t, len(values))
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, cancel)
		done := make(chan error, 1)
		go func() {
			<-ctx.Done()
			for { // what was there already may still come
				if _, err := src.Read(ctx); err != nil {
					done <- err
					return
				}
			}
		}()
		select {
		case err := <-done:
			if !errors.Is(err, context.Canceled) && !errors.Is(err, io.EOF) {
				t.Errorf("Read returned %v, want the context's error", err)
			}
		case <-time.After(s.Timeout):
			t.Fatal("Read went on after its context was done")
		}
	})
	t.Run("commit while reading", func(t *testing.T) {
		src := s.start(t, s.Put(t, values))
		batches := make(chan *pipeline.Batch, len(values))
		done := make(chan error, 1)
		go func() {
			for b := range batches {
				if err := src.Commit(t.Context(), b); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
		n := 0
		for n < len(values) {
			b := src.batch(t)
			n += len(b.Messages)
			batches <- b
		}
		close(batches)
		if err := <-done; err != nil {
			t.Errorf("commit: %v", err)
		}
	})
	t.Run("uncommitted comes again", func(t *testing.T) {
		open := s.Put(t, values)
		src := s.start(t, open)
		src.read(t, len(values))
		src.close(t)
		sameValues(t, s.start(t, open).read(t, len(values)), values)
	})
	if s.Resumes {
		t.Run("committed comes no more", func(t *testing.T) { s.testResume(t, values) })
	}
}

// testResume commits one batch after half of the values, and restarts twice.
func (s SourceTest) testResume(t *testing.T, values [][]byte) {
	open := s.Put(t, values)
	src := s.start(t, open)
	var done [][]byte
	for len(done) < len(values)/2 {
		b := src.batch(t)
		for _, m := range b.Messages {
			done = append(done, m.Value)
		}
		if len(done) >= len(values)/2 { // this commit covers the batches before
			if err := src.Commit(t.Context(), &pipeline.Batch{Token: b.Token}); err != nil {
				t.Fatalf("commit: %v", err)
			}
		}
	}
	src.close(t)
	src = s.start(t, open)
	if len(done) < len(values) {
		var rest [][]byte
		for len(rest)+len(done) < len(values) {
			b := src.batch(t)
			for _, m := range b.Messages {
				rest = append(rest, m.Value)
			}
			if err := src.Commit(t.Context(), b); err != nil {
				t.Fatalf("commit: %v", err)
			}
		}
		sameValues(t, messagesOf(append(done, rest...)), values)
	}
	src.close(t)

	src = s.start(t, open)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if b, err := src.Read(ctx); err == nil {
		t.Errorf("after all was committed, %s came again", b.Messages[0].Origin)
	}
}

// source is a source with the suite's checks.
type source struct {
	pipeline.Source
	timeout time.Duration
	closed  bool
}

func (s SourceTest) start(t *testing.T, open func(t *testing.T) pipeline.Source) *source {
	t.Helper()
	src := &source{Source: open(t), timeout: s.Timeout}
	t.Cleanup(func() { src.close(t) })
	return src
}

func (s *source) close(t *testing.T) {
	t.Helper()
	if c, ok := s.Source.(io.Closer); ok && !s.closed {
		s.closed = true
		if err := c.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
}

func (s *source) batch(t *testing.T) *pipeline.Batch {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), s.timeout)
	defer cancel()
	b, err := s.Read(ctx)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	if len(b.Messages) == 0 {
		t.Fatal("read returned a batch without messages")
	}
	return b
}

func (s *source) read(t *testing.T, n int) []pipeline.Message {
	t.Helper()
	var got []pipeline.Message
	for len(got) < n {
		got = append(got, s.batch(t).Messages...)
	}
	return got
}

// articles are n raw articles.
func articles(n int) [][]byte {
	var all [][]byte
	for i := range n {
		all = append(all, fmt.Appendf(nil, `{"id":"a-%03d","title":"Article %d","text":"The ferry “Ada” left Port %d at noon."}`, i, i, i))
	}
	return all
}

func messagesOf(values [][]byte) []pipeline.Message {
	var ms []pipeline.Message
	for _, v := range values {
		ms = append(ms, pipeline.Message{Value: v})
	}
	return ms
}

// sameValues compares without the order, which is only kept within a partition.
func sameValues(t *testing.T, got []pipeline.Message, want [][]byte) {
	t.Helper()
	var g, w []string
	for _, m := range got {
		if m.Err != nil {
			t.Errorf("%s: %v", m.Origin, m.Err)
		}
		g = append(g, string(m.Value))
	}
	for _, v := range want {
		w = append(w, string(v))
	}
	slices.Sort(g)
	slices.Sort(w)
	if !slices.Equal(g, w) {
		t.Fatalf("%d messages came for %d that were put, or others:\n%q\nwant\n%q", len(g), len(w), g, w)
	}
}

// inOrder checks offsets and lines within a partition or file.
func inOrder(t *testing.T, got []pipeline.Message) {
	t.Helper()
	last := map[string]pipeline.Origin{}
	for _, m := range got {
		o := m.Origin
		if o.Topic == "" && o.Path == "" {
			t.Fatalf("message without an origin: %q", m.Value)
		}
		key := fmt.Sprint(o.Topic, o.Partition, o.Path)
		if before, ok := last[key]; ok && (o.Offset < before.Offset || o.Line < before.Line || o.Offset == before.Offset && o.Line == before.Line) {
			t.Errorf("%s came after %s", o, before)
		}
		last[key] = o
	}
}
