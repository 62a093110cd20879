package kafka

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/pipelinetest/servers"
	"github.com/segmentio/kafka-go"
)

func TestCompression(t *testing.T) {
	t.Parallel()
	for _, codec := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		for _, topic := range []string{"producer", "gzip"} {
			t.Run(codec+" to "+topic, func(t *testing.T) {
				t.Parallel()
				c := newTopic(t, 1, map[string]string{"compression.type": topic})
				ms := messages(0, 100)
				for i := range ms {
					ms[i].Value = fmt.Appendf(nil, "%s %s", ms[i].Value, strings.Repeat("the ferry left ", 200))
				}
				p := c.producer(t, func(cfg *ProducerConfig) { cfg.Compression = codec; cfg.BatchBytes = 40 << 10 })
				if err := p.Produce(t.Context(), ms); err != nil {
					t.Fatal(err)
				}
				s := c.snapshot(t)
				for i := 0; i < len(ms); {
					b, err := s.Read(t.Context())
					if err != nil {
						t.Fatalf("after %d: %v", i, err)
					}
					for _, m := range b.Messages {
						if !bytes.Equal(m.Value, ms[i].Value) || m.Origin.Offset != int64(i) {
							t.Fatalf("message %d is %.20q at %s", i, m.Value, m.Origin)
						}
						i++
					}
				}
			})
		}
	}
}

func TestTooLarge(t *testing.T) {
	t.Parallel()
	c := newTopic(t, 1, map[string]string{"max.message.bytes": "20000"})
	ms := messages(0, 30)
	for i := range ms {
		ms[i].Value = bytes.Repeat([]byte{byte('a' + i%20)}, 2000)
	}
	ms[7].Value = make([]byte, 30000)  // over the topic's limit
	ms[11].Value = make([]byte, 50000) // over the producer's
	p := c.producer(t, func(cfg *ProducerConfig) { cfg.MaxMessageBytes = 40000; cfg.Compression = "none" })
	var rejected *pipeline.RejectError
	if err := p.Produce(t.Context(), ms); !errors.As(err, &rejected) {
		t.Fatalf("error %v, want a RejectError", err)
	}
	if len(rejected.Reasons) != 2 || !strings.Contains(rejected.Reasons[7], "max.message.bytes") || !strings.Contains(rejected.Reasons[11], "limit of 40000") {
		t.Errorf("reasons %v", rejected.Reasons)
	}
	values, _ := read(t, c.snapshot(t), 28)
	if len(values) != 28 || values[7] != string(ms[8].Value) {
		t.Errorf("%d values were written, want the 28 others in order", len(values))
	}
}

func TestPartitioning(t *testing.T) {
	t.Parallel()
	c := newTopic(t, 6, nil)
	p := c.producer(t, nil)
	for range 3 {
		if err := p.Produce(t.Context(), messages(0, 100)); err != nil {
			t.Fatal(err)
		}
	}
	where := map[string]int{}
	used := map[int]bool{}
	s := c.snapshot(t)
	for n := 0; n < 300; {
		b, err := s.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n += len(b.Messages)
		for _, m := range b.Messages {
			used[m.Origin.Partition] = true
			if at, ok := where[string(m.Key)]; ok && at != m.Origin.Partition {
				t.Errorf("key %s is in partitions %d and %d", m.Key, at, m.Origin.Partition)
			}
			where[string(m.Key)] = m.Origin.Partition
		}
	}
	if len(used) != 6 {
		t.Errorf("50 keys use partitions %v of 6", used)
	}
	if _, err := s.Read(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
}

func TestProduceErrors(t *testing.T) {
	t.Parallel()
	c := cluster{addr: servers.Kafka(t), topic: servers.Name("none")}
	p := c.producer(t, func(cfg *ProducerConfig) { cfg.Attempts = 2 })
	if err := p.Produce(t.Context(), messages(0, 1)); !errors.Is(err, kafka.UnknownTopicOrPartition) {
		t.Errorf("a missing topic gave %v", err)
	}
	c.addr = "127.0.0.1:1"
	p = c.producer(t, func(cfg *ProducerConfig) { cfg.Attempts = 1 })
	if err := p.Produce(t.Context(), messages(0, 1)); err == nil || !strings.Contains(err.Error(), "is Kafka running") {
		t.Errorf("no broker gave %v", err)
	}
	if err := p.Produce(t.Context(), nil); err != nil {
		t.Errorf("nothing to produce gave %v", err)
	}
}

func TestDeadLetters(t *testing.T) {
	t.Parallel()
	c := newTopic(t, 1, map[string]string{"max.message.bytes": "400000"})
	d, err := NewDeadLetters(ProducerConfig{Connection: c.connection(), Topic: c.topic, Compression: "none"})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	letters := []pipeline.DeadLetter{
		{Value: []byte("not JSON"), Key: []byte("k"), Stage: pipeline.StageDecode, Reason: "no JSON", Origin: pipeline.Origin{Topic: "raw", Partition: 2, Offset: 7}},
		{Value: []byte{0xff, 0xfe, 0}, Stage: pipeline.StageDecode, Reason: "not UTF-8"},
		{Value: bytes.Repeat([]byte("x"), 500000), Stage: pipeline.StageValidate, Reason: "too long"},
	}
	if err := d.Bury(t.Context(), letters); err != nil {
		t.Fatal(err)
	}
	s := c.snapshot(t)
	b, err := s.Read(t.Context())
	if err != nil || len(b.Messages) != 3 {
		t.Fatalf("%v, %v", b, err)
	}
	// A rejected letter is written after the others, in part.
	for i, m := range b.Messages {
		var got pipeline.DeadLetter
		if err := got.UnmarshalJSON(m.Value); err != nil {
			t.Fatal(err)
		}
		want := letters[i]
		if got.Partial != (i == 2) || got.Reason != want.Reason || got.Origin != want.Origin || !bytes.Equal(got.Key, want.Key) || !bytes.HasPrefix(want.Value, got.Value) {
			t.Errorf("letter %d came back as %.80v", i, got)
		}
		if i < 2 && !bytes.Equal(got.Value, want.Value) || len(got.Value) == 0 {
			t.Errorf("letter %d has %d bytes of %d", i, len(got.Value), len(want.Value))
		}
	}
	if err := s.Commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if err := d.Bury(t.Context(), letters[:1]); err != nil { // comes after the snapshot
		t.Fatal(err)
	}
	if _, err := s.Read(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("the snapshot goes on: %v", err)
	}
	second := c.snapshot(t)
	if second.Len() != 1 {
		t.Errorf("the second replay has %d letters, want the new one", second.Len())
	}
	all, err := OpenSnapshot(t.Context(), SnapshotConfig{Connection: c.connection(), Topic: c.topic, Group: c.group, All: true})
	if err != nil {
		t.Fatal(err)
	}
	defer all.Close()
	if values, _ := read(t, all, 4); slices.Contains(values, "") {
		t.Error("an empty letter")
	}
}

// A record's trace goes with its message, and with what is made of that.
func TestTrace(t *testing.T) {
	t.Parallel()
	c := newTopic(t, 1, nil)
	const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	c.produce(t, 0,
		kafka.Record{Value: kafka.NewBytes([]byte("a")), Headers: []kafka.Header{{Key: "x", Value: []byte("y")}, {Key: "traceparent", Value: []byte(trace)}}},
		kafka.Record{Value: kafka.NewBytes([]byte("b")), Headers: []kafka.Header{{Key: "traceparent", Value: []byte("none")}}},
		kafka.Record{Value: kafka.NewBytes([]byte("c"))},
	)
	s := c.source(t, c.config(t))
	read3 := func() []pipeline.Message {
		t.Helper()
		var all []pipeline.Message
		for len(all) < 3 {
			b, err := s.Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, b.Messages...)
		}
		return all
	}
	first := read3()
	if first[0].Origin.Trace != trace || first[1].Origin.Trace != "" || first[2].Origin.Trace != "" {
		t.Errorf("traces of %v", first)
	}
	if err := c.producer(t, nil).Produce(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if again := read3(); again[0].Origin.Trace != trace || again[1].Origin.Trace != "" {
		t.Errorf("what was sent on has traces of %v", again)
	}
	m, err := deadMessage(pipeline.DeadLetter{Stage: pipeline.StageDecode, Origin: first[0].Origin})
	if err != nil || m.Origin.Trace != trace {
		t.Errorf("the dead letter has %+v, %v", m.Origin, err)
	}
}
