package kafka

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/pipelinetest"
	"github.com/datelinenews/dateline/pipeline/pipelinetest/servers"
	"github.com/segmentio/kafka-go"
)

func TestSourceContract(t *testing.T) {
	t.Parallel()
	pipelinetest.TestSource(t, pipelinetest.SourceTest{
		Endless: true, Resumes: true,
		Put: func(t *testing.T, values [][]byte) func(t *testing.T) pipeline.Source {
			c := newTopic(t, 3, nil)
			c.putValues(t, values)
			return func(t *testing.T) pipeline.Source { return c.source(t, c.config(t)) }
		},
	})
}

func TestSnapshotContract(t *testing.T) {
	t.Parallel()
	pipelinetest.TestSource(t, pipelinetest.SourceTest{
		Resumes: true,
		Put: func(t *testing.T, values [][]byte) func(t *testing.T) pipeline.Source {
			c := newTopic(t, 3, nil)
			c.putValues(t, values)
			return func(t *testing.T) pipeline.Source { return c.snapshot(t) }
		},
	})
}

func (c cluster) putValues(t *testing.T, values [][]byte) {
	t.Helper()
	var ms []pipeline.Message
	for _, v := range values {
		ms = append(ms, pipeline.Message{Value: v})
	}
	if err := c.producer(t, nil).Produce(t.Context(), ms); err != nil {
		t.Fatalf("produce: %v", err)
	}
}

func (c cluster) snapshot(t *testing.T) *Snapshot {
	t.Helper()
	s, err := OpenSnapshot(t.Context(), SnapshotConfig{Connection: c.connection(), Topic: c.topic, Group: c.group, BatchMessages: 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestNewPartitions(t *testing.T) {
	t.Parallel()
	c := newTopic(t, 1, nil)
	c.put(t, 0, 10)
	s := c.source(t, c.config(t))
	_, b := read(t, s, 10)
	if err := s.Commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	transport := &kafka.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client := &kafka.Client{Addr: kafka.TCP(c.addr), Transport: transport}
	res, err := client.CreatePartitions(t.Context(), &kafka.CreatePartitionsRequest{Topics: []kafka.TopicPartitionsConfig{{Name: c.topic, Count: 3}}})
	if err := errors.Join(err, res.Errors[c.topic]); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) { // metadata takes a moment
		if lags, err := c.admin(t).Lag(t.Context(), c.group, c.topic); err == nil && len(lags) == 3 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the new partitions do not appear")
		}
	}
	c.put(t, 10, 60)
	l := newLedger()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- l.work(ctx, s) }()
	l.awaitOnly(t, 60)
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if len(l.done) != 3 {
		t.Errorf("%d partitions were read, want 3", len(l.done))
	}
}

func TestMissingTopic(t *testing.T) {
	t.Parallel()
	c := cluster{addr: servers.Kafka(t), topic: servers.Name("late"), group: servers.Name("group")}
	heard := make(chan error, 100)
	cfg := c.config(t)
	cfg.Notify = func(err error) { heard <- err }
	s := c.source(t, cfg)
	if err := <-heard; !errors.Is(err, kafka.UnknownTopicOrPartition) || !strings.Contains(err.Error(), "dateline setup") {
		t.Errorf("notified of %v", err)
	}
	if _, err := c.admin(t).EnsureTopics(t.Context(), Topic{Name: c.topic, Partitions: 1}); err != nil {
		t.Fatal(err)
	}
	c.put(t, 0, 5)
	read(t, s, 5)
}

func TestStart(t *testing.T) {
	t.Parallel()
	c := newTopic(t, 1, nil)
	c.put(t, 0, 5)
	cfg := c.config(t)
	cfg.Start = Latest
	s := c.source(t, cfg)
	for c.committed(t) != 5 { // it commits where it starts
		time.Sleep(20 * time.Millisecond)
	}
	c.put(t, 5, 5)
	if values, _ := read(t, s, 5); values[0] != "m5" || len(values) != 5 {
		t.Errorf("from the latest it read %v", values)
	}
}

func TestOutOfRange(t *testing.T) {
	t.Parallel()
	start := func(t *testing.T, policy Policy, offset int64) (cluster, *Source) {
		c := newTopic(t, 1, nil)
		c.put(t, 0, 20)
		p := partition{c.topic, 0}
		err := patiently(t.Context(), func() error {
			return commitOffsets(t.Context(), c.admin(t).link.client, c.group, -1, "", map[partition]int64{p: offset})
		})
		if err != nil {
			t.Fatal(err)
		}
		cfg := c.config(t)
		cfg.OutOfRange = policy
		return c, c.source(t, cfg)
	}
	t.Run("earliest", func(t *testing.T) {
		t.Parallel()
		_, s := start(t, Earliest, 1000)
		if values, _ := read(t, s, 20); values[0] != "m0" {
			t.Errorf("it read %v", values)
		}
	})
	t.Run("latest", func(t *testing.T) {
		t.Parallel()
		c, s := start(t, Latest, 1000)
		nothing(t, s, 3*time.Second)
		c.put(t, 20, 1)
		if values, _ := read(t, s, 1); values[0] != "m20" {
			t.Errorf("it read %v", values)
		}
	})
	t.Run("fail", func(t *testing.T) {
		t.Parallel()
		c, s := start(t, Fail, 1000)
		_, err := s.Read(t.Context())
		want := fmt.Sprintf("%s/0 has offsets 0 to 20, the group is at 1000", c.topic)
		if !errors.Is(err, errOutOfRange) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	})
}

// Retention deletes records before they are read: the source says how many, and goes on.
func TestRetention(t *testing.T) {
	t.Parallel()
	c := newTopic(t, 1, map[string]string{"segment.bytes": "2000", "retention.bytes": "1000", "file.delete.delay.ms": "0"})
	p := c.producer(t, func(cfg *ProducerConfig) { cfg.BatchBytes = 500 })
	if err := p.Produce(t.Context(), messages(0, 200)); err != nil {
		t.Fatal(err)
	}
	part := partition{c.topic, 0}
	admin := c.admin(t)
	first := int64(0)
	for deadline := time.Now().Add(30 * time.Second); first == 0; time.Sleep(100 * time.Millisecond) {
		var err error
		if first, _, err = bounds(t.Context(), admin.link.client, part); err != nil {
			t.Fatal(err)
		}
		if time.Now().After(deadline) {
			if os.Getenv("DATELINE_KAFKA") != "" {
				t.Skip("nothing is deleted in 30 s: that broker looks after its retention less often than our own")
			}
			t.Fatal("nothing is deleted in 30 s")
		}
	}
	err := patiently(t.Context(), func() error {
		return commitOffsets(t.Context(), admin.link.client, c.group, -1, "", map[partition]int64{part: 0})
	})
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan error, 100)
	cfg := c.config(t)
	cfg.Notify = func(err error) { heard <- err }
	s := c.source(t, cfg)
	b, err := s.Read(t.Context())
	if err != nil || b.Messages[0].Origin.Offset < first {
		t.Fatalf("read %v, %v, want the messages from %d on", b, err, first)
	}
	for {
		select {
		case err := <-heard:
			if errors.Is(err, errOutOfRange) {
				if !strings.Contains(err.Error(), "records were deleted before they were read") {
					t.Errorf("notified of %v", err)
				}
				return
			}
		default:
			t.Fatal("nobody is told of the deleted records")
		}
	}
}

func TestTombstone(t *testing.T) {
	t.Parallel()
	c := newTopic(t, 1, nil)
	ms := messages(0, 3)
	ms[1].Value = nil
	if err := c.producer(t, nil).Produce(t.Context(), ms); err != nil {
		t.Fatal(err)
	}
	b, err := c.source(t, c.config(t)).Read(t.Context())
	if err != nil || len(b.Messages) != 3 {
		t.Fatalf("%v, %v", b, err)
	}
	for i, m := range b.Messages {
		if (m.Err != nil) != (i == 1) || string(m.Key) != string(ms[i].Key) || m.Origin.Time.IsZero() {
			t.Errorf("message %d: key %q, error %v, time %v", i, m.Key, m.Err, m.Origin.Time)
		}
	}
}

// Close ends every goroutine, and soon, whatever the source is doing.
func TestClose(t *testing.T) {
	addr := servers.Kafka(t)
	c := newTopic(t, 3, nil)
	c.put(t, 0, 100)
	missing := c
	missing.topic = servers.Name("missing")
	unreachable := c
	unreachable.addr = "127.0.0.1:1"
	before := stacks()
	for name, at := range map[string]cluster{"reading": c, "no topic": missing, "no broker": unreachable, "at once": c} {
		s, err := NewSource(at.config(t))
		if err != nil {
			t.Fatal(err)
		}
		switch name {
		case "reading":
			read(t, s, 50)
		case "at once":
		default:
			nothing(t, s, time.Second)
		}
		start := time.Now()
		if err := s.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("%s: Close took %v", name, d)
		}
		if _, err := s.Read(t.Context()); err == nil {
			t.Errorf("%s: Read works after Close", name)
		}
		if err := s.Close(); err != nil {
			t.Errorf("%s: second Close: %v", name, err)
		}
	}
	p, err := NewProducer(ProducerConfig{Connection: Connection{Brokers: []string{addr}}, Topic: c.topic})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Produce(t.Context(), messages(0, 3)); err != nil {
		t.Error(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	var after int
	for range 50 { // connections take a moment to notice
		if after = stacks(); after <= before {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	buf := make([]byte, 1<<20)
	t.Errorf("%d goroutines of Kafka before, %d after:\n%s", before, after, buf[:runtime.Stack(buf, true)])
}

// stacks counts goroutines that are in this package or in kafka-go.
func stacks() int {
	buf := make([]byte, 1<<22)
	n := 0
	for g := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(g, "segmentio/kafka-go") || strings.Contains(g, "pipeline/kafka.(*Source)") {
			n++
		}
	}
	return n
}
