package kafka

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/datelinenews/dateline/extractor"
	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/pipelinetest"
)

// The runner between a real source and real dead letters: poisoned messages end in the dead topic,
// and block nothing.
func TestRunner(t *testing.T) {
	t.Parallel()
	c, dead := newTopic(t, 3, nil), newTopic(t, 1, nil)
	const n = 300
	var ms []pipeline.Message
	poisoned := map[string]bool{}
	for i := range n {
		m := pipeline.Message{Key: fmt.Appendf(nil, "a%d", i), Value: fmt.Appendf(nil, `{"id":"a%d","title":"Port %d","text":"The ferry left."}`, i, i)}
		switch i % 50 {
		case 7:
			m.Value = []byte(`{"id":"cut`)
		case 8:
			m.Value = []byte{0xff, 0xfe, 0x00}
		case 9:
			m.Value = nil
		}
		if i%50 >= 7 && i%50 <= 9 {
			poisoned[string(m.Key)] = true
		}
		ms = append(ms, m)
	}
	if err := c.producer(t, nil).Produce(t.Context(), ms); err != nil {
		t.Fatal(err)
	}
	letters, err := NewDeadLetters(ProducerConfig{Connection: dead.connection(), Topic: dead.topic})
	if err != nil {
		t.Fatal(err)
	}
	defer letters.Close()
	sink := &pipelinetest.MemorySink{}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := pipeline.Runner{
		Source: c.source(t, c.config(t)), Sink: sink, Dead: letters, BatchAge: 50 * time.Millisecond,
		Extract: func(*extractor.Article) *extractor.Analysis { return &extractor.Analysis{} },
	}
	done := make(chan error, 1)
	go func() {
		_, err := r.Run(ctx)
		done <- err
	}()
	deadline := time.Now().Add(30 * time.Second)
	for c.committed(t) < n && time.Now().Before(deadline) {
		time.Sleep(50 * time.Millisecond)
	}
	cancel()
	if err := <-done; err != nil && ctx.Err() == nil {
		t.Error(err)
	}
	if got := c.committed(t); got != n {
		t.Errorf("%d of %d are committed", got, n)
	}
	if got := len(sink.IDs()); got != n-len(poisoned) {
		t.Errorf("%d articles are stored, want %d", got, n-len(poisoned))
	}
	s := dead.snapshot(t)
	for range len(poisoned) {
		b, err := s.Read(t.Context())
		if err != nil {
			break // the check below says what is missing
		}
		for _, m := range b.Messages {
			var l pipeline.DeadLetter
			if err := l.UnmarshalJSON(m.Value); err != nil {
				t.Fatal(err)
			}
			if !poisoned[string(l.Key)] || l.Origin.Topic != c.topic || l.Reason == "" {
				t.Errorf("dead letter %+v", l)
			}
			delete(poisoned, string(l.Key))
		}
	}
	if len(poisoned) != 0 {
		t.Errorf("%d poisoned messages have no dead letter", len(poisoned))
	}
}
