// Package pipelinetest has the contracts that every source and sink must keep, as test suites, and
// sources and sinks in memory: well-behaved ones, and one that fails at random.
package pipelinetest

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/datelinenews/dateline/pipeline"
)

// Log is a log of messages in memory with a committed position, as one Kafka partition has it. A
// Source of it begins where the last commit was, so that opening another is a restart.
type Log struct {
	mu        sync.Mutex
	messages  []pipeline.Message
	committed int
	// BatchMessages is the number of messages a Read returns. Default: 7.
	BatchMessages int
}

// NewLog is a log of the values, as JSON messages of the topic "log".
func NewLog(values ...[]byte) *Log {
	l := &Log{}
	for i, v := range values {
		l.messages = append(l.messages, pipeline.Message{
			Value: v, Format: pipeline.JSON, Origin: pipeline.Origin{Topic: "log", Offset: int64(i)},
		})
	}
	return l
}

// Committed is the number of messages that are committed.
func (l *Log) Committed() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.committed
}

// Source reads the log from its committed position.
func (l *Log) Source() *LogSource { return &LogSource{log: l, next: l.Committed()} }

// LogSource is one reader of a Log.
type LogSource struct {
	log  *Log
	next int
	// Endless makes Read wait for ctx at the log's end, where it else returns io.EOF.
	Endless bool
	// OnRead, where set, is called with each batch before Read returns it.
	OnRead func(*pipeline.Batch)
	// CommitError, where set, is asked before each commit.
	CommitError func() error
}

// Read returns the next messages.
func (s *LogSource) Read(ctx context.Context) (*pipeline.Batch, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.log.mu.Lock()
	n := s.log.BatchMessages
	if n == 0 {
		n = 7
	}
	end := min(s.next+n, len(s.log.messages))
	messages := slices.Clone(s.log.messages[s.next:end])
	s.log.mu.Unlock()
	if len(messages) == 0 {
		if s.Endless {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return nil, io.EOF
	}
	s.next = end
	b := &pipeline.Batch{Messages: messages, Token: end}
	if s.OnRead != nil {
		s.OnRead(b)
	}
	return b, nil
}

// Commit moves the log's position, forwards only.
func (s *LogSource) Commit(ctx context.Context, b *pipeline.Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.CommitError != nil {
		if err := s.CommitError(); err != nil {
			return err
		}
	}
	end, ok := b.Token.(int)
	if !ok {
		return fmt.Errorf("commit: a batch of another source")
	}
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.committed = max(s.log.committed, end)
	return nil
}

// MemorySink keeps records in memory. Safe for concurrent use.
type MemorySink struct {
	mu      sync.Mutex
	records map[string]pipeline.Record
	writes  int
	total   int
	// Reject, where set, gives the reason why a record can never be stored, else "".
	Reject func(pipeline.Record) string
}

// Write stores records by the contract of pipeline.Sink.
func (m *MemorySink) Write(ctx context.Context, recs []pipeline.Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.records == nil {
		m.records = map[string]pipeline.Record{}
	}
	m.writes++
	seen := map[string]bool{}
	rejected := map[int]string{}
	for i, r := range recs {
		if seen[r.ID] {
			return fmt.Errorf("record %q is twice in one write", r.ID)
		}
		seen[r.ID] = true
		if m.Reject != nil {
			if reason := m.Reject(r); reason != "" {
				rejected[i] = reason
				continue
			}
		}
		m.total++
		if old, ok := m.records[r.ID]; !ok || r.Revision >= old.Revision {
			m.records[r.ID] = r
		}
	}
	if len(rejected) > 0 {
		return &pipeline.RejectError{Reasons: rejected}
	}
	return nil
}

// Get is the record with the ID, nil where there is none.
func (m *MemorySink) Get(id string) *pipeline.Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.records[id]
	if !ok {
		return nil
	}
	return &r
}

// IDs are those of all records, sorted.
func (m *MemorySink) IDs() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.records))
}

// Records counts the records of all writes, each time they were written.
func (m *MemorySink) Records() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.total
}

// MemoryDead keeps dead letters in memory. Safe for concurrent use.
type MemoryDead struct {
	mu      sync.Mutex
	letters []pipeline.DeadLetter
	// Fail, where set, is asked before each Bury.
	Fail func() error
}

// Bury keeps the letters.
func (d *MemoryDead) Bury(ctx context.Context, letters []pipeline.DeadLetter) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.Fail != nil {
		if err := d.Fail(); err != nil {
			return err
		}
	}
	d.letters = append(d.letters, letters...)
	return nil
}

// Letters are all letters, in the order of burial.
func (d *MemoryDead) Letters() []pipeline.DeadLetter {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.letters)
}

// sleep waits, and reports whether ctx is still alive.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
