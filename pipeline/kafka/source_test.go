package kafka

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
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

// ledger keeps what was done with each message, over all members of a group.
type ledger struct {
	mu   sync.Mutex
	done map[partition]map[int64]int // offset: times it was processed
	seen map[string]bool
}

func newLedger() *ledger {
	return &ledger{done: map[partition]map[int64]int{}, seen: map[string]bool{}}
}

func (l *ledger) add(b *pipeline.Batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range b.Messages {
		p := partition{m.Origin.Topic, m.Origin.Partition}
		if l.done[p] == nil {
			l.done[p] = map[int64]int{}
		}
		l.done[p][m.Origin.Offset]++
		l.seen[string(m.Value)] = true
	}
}

func (l *ledger) distinct() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.seen)
}

// check fails where an offset is committed before all messages under it were processed.
func (l *ledger) check(t *testing.T, c cluster) {
	t.Helper()
	lags, err := c.admin(t).Lag(context.Background(), c.group, c.topic)
	if err != nil {
		t.Errorf("lag: %v", err)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, lag := range lags {
		for o := range lag.Committed {
			if l.done[partition{lag.Topic, lag.Partition}][o] == 0 {
				t.Errorf("%s/%d is committed to %d, but %d was not processed", lag.Topic, lag.Partition, lag.Committed, o)
			}
		}
	}
}

// work reads, processes and commits, two batches behind while there is more to read, until ctx ends.
func (l *ledger) work(ctx context.Context, s pipeline.Source) error {
	var waiting []*pipeline.Batch
	for {
		soon, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
		b, err := s.Read(soon)
		cancel()
		if err != nil && soon.Err() == nil {
			return err
		}
		keep := 0
		if b != nil {
			time.Sleep(2 * time.Millisecond)
			l.add(b)
			waiting = append(waiting, b)
			keep = 2
		}
		if n := len(waiting) - keep; n > 0 {
			if err := s.Commit(context.WithoutCancel(ctx), waiting[n-1]); err != nil {
				return err
			}
			waiting = waiting[n:]
		}
		if ctx.Err() != nil && len(waiting) == 0 {
			return nil
		}
	}
}

// member starts a member of the group; stop ends it in order.
func (l *ledger) member(t *testing.T, c cluster) (stop func()) {
	t.Helper()
	cfg := c.config(t)
	s := c.source(t, cfg)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.work(ctx, s) }()
	return sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("member: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
}

// await waits until the ledger has n messages, checking commits meanwhile.
func (l *ledger) await(t *testing.T, c cluster, n int) {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for l.distinct() < n {
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d messages after a minute", l.distinct(), n)
		}
		l.check(t, c)
		time.Sleep(50 * time.Millisecond)
	}
}

// Members join and leave while messages come: each is processed, and none is committed before.
func TestRebalance(t *testing.T) {
	t.Parallel()
	c := newTopic(t, 4, nil)
	l := newLedger()
	const n = 3000
	c.put(t, 0, n/2)
	stopA := l.member(t, c)
	defer stopA()
	l.await(t, c, n/8)
	stopB := l.member(t, c)
	defer stopB()
	l.await(t, c, n/4)
	stopC := l.member(t, c)
	defer stopC()
	c.put(t, n/2, n/2)
	l.await(t, c, n*5/8)
	stopA()
	l.await(t, c, n*7/8)
	stopB()
	l.await(t, c, n)
	stopC()
	l.check(t, c)
	if got := c.committed(t); got != n {
		t.Errorf("%d of %d are committed at the end", got, n)
	}
	again := 0
	for _, offsets := range l.done {
		for _, times := range offsets {
			again += times - 1
		}
	}
	t.Logf("%d of %d messages were processed again", again, n)
	if again > 0 { // every member had the time to drain
		t.Errorf("%d messages were processed twice in orderly rebalances", again)
	}
}

// A worker process is killed, twice: what it had not committed is processed by others.
func TestKill(t *testing.T) {
	if cfg := os.Getenv("DATELINE_TEST_WORKER"); cfg != "" {
		killedWorker(strings.Split(cfg, " "))
		return
	}
	t.Parallel()
	c := newTopic(t, 4, nil)
	l := newLedger()
	const n = 1500
	c.put(t, 0, n)
	for range 2 {
		before := c.committed(t)
		cmd := exec.Command(os.Args[0], "-test.run=^TestKill$", "-test.count=1")
		cmd.Env = append(os.Environ(), "DATELINE_TEST_WORKER="+c.addr+" "+c.topic+" "+c.group)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		deadline := time.Now().Add(30 * time.Second)
		for c.committed(t) < before+100 && time.Now().Before(deadline) {
			time.Sleep(20 * time.Millisecond)
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // killed
	}
	killed := c.committed(t)
	if killed < 200 || killed == n {
		t.Fatalf("%d of %d were committed at the second kill: it came at the wrong time", killed, n)
	}
	stop := l.member(t, c)
	defer stop()
	deadline := time.Now().Add(60 * time.Second)
	for int64(l.distinct()) < n-killed && time.Now().Before(deadline) {
		time.Sleep(50 * time.Millisecond)
	}
	stop()
	if got := c.committed(t); got != n {
		t.Errorf("%d of %d are committed at the end", got, n)
	}
	// The killed workers processed what they committed; together with the rest that is all.
	if got := int64(l.distinct()); got != n-killed {
		t.Errorf("%d messages were processed after the kills, want the %d that were not committed", got, n-killed)
	}
}

// killedWorker is the process that is killed: it commits the first half of what it reads.
func killedWorker(args []string) {
	s, err := NewSource(SourceConfig{
		Connection: Connection{Brokers: args[:1]}, Topics: args[1:2], Group: args[2], SessionTimeout: 2 * time.Second, BatchMessages: 10,
	})
	if err != nil {
		panic(err)
	}
	for i := 0; ; i++ {
		b, err := s.Read(context.Background())
		if err != nil {
			panic(err)
		}
		time.Sleep(5 * time.Millisecond)
		if i%2 == 1 {
			continue // in flight until a later batch is committed
		}
		if err := s.Commit(context.Background(), b); err != nil {
			panic(err)
		}
	}
}

// A rebalance waits for the commit of what was read: nobody reads it again.
func TestDrain(t *testing.T) {
	t.Parallel()
	c := newTopic(t, 2, nil)
	c.put(t, 0, 200)
	a := c.source(t, c.config(t))
	first, b := read(t, a, 60)
	second := c.source(t, c.config(t))
	time.Sleep(2500 * time.Millisecond) // a's generation is over by now, and drains
	if err := a.Commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if got := c.committed(t); got != int64(len(first)) {
		t.Fatalf("%d are committed while draining, want %d", got, len(first))
	}
	l := newLedger()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for _, s := range []*Source{a, second} {
		wg.Go(func() {
			if err := l.work(ctx, s); err != nil {
				t.Errorf("work: %v", err)
			}
		})
	}
	l.awaitOnly(t, 200-len(first))
	cancel()
	wg.Wait()
	for _, v := range first {
		if l.seen[v] {
			t.Errorf("%s was committed and came again", v)
		}
	}
}

func (l *ledger) awaitOnly(t *testing.T, n int) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); l.distinct() < n; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d messages in 30 s", l.distinct(), n)
		}
	}
}

// A batch whose generation is over is not committed, and somebody reads it again.
func TestStaleCommit(t *testing.T) {
	t.Parallel()
	c := newTopic(t, 2, nil)
	c.put(t, 0, 100)
	cfg := c.config(t)
	cfg.DrainTimeout = time.Millisecond
	a := c.source(t, cfg)
	_, stale := read(t, a, 100)
	other := c.source(t, c.config(t))
	l := newLedger()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- l.work(ctx, other) }()
	l.awaitOnly(t, 1) // it has a partition
	before := c.committed(t)
	if err := a.Commit(t.Context(), stale); err != nil {
		t.Errorf("a stale commit gave %v, want nil", err)
	}
	if before == 100 {
		t.Fatal("everything was committed before the stale commit")
	}
	_, b := read(t, a, 1) // a's new generation reads its own partition again
	if stale.Token.(token).gen == b.Token.(token).gen {
		t.Fatal("the generation is the old one")
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got := c.committed(t); got >= 100 {
		t.Errorf("%d are committed: the stale commit was not ignored", got)
	}
}

// A member that does not read, for its sink is down, stays in the group.
func TestIdleReaderStays(t *testing.T) {
	t.Parallel()
	c := newTopic(t, 1, nil)
	c.put(t, 0, 50)
	cfg := c.config(t)
	cfg.SessionTimeout = 2 * time.Second
	s := c.source(t, cfg)
	first, b := read(t, s, 10)
	time.Sleep(5 * time.Second)
	if err := s.Commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if got := c.committed(t); got != int64(len(first)) {
		t.Errorf("%d are committed, want %d: the member was thrown out", got, len(first))
	}
	rest, next := read(t, s, 50-len(first))
	if len(first)+len(rest) != 50 || next.Token.(token).gen != b.Token.(token).gen {
		t.Errorf("%d and %d messages, in another generation: %t", len(first), len(rest), next.Token.(token).gen != b.Token.(token).gen)
	}
}

// The broker is killed and comes back in the middle.
func TestBrokerRestart(t *testing.T) {
	t.Parallel()
	broker := servers.StartKafka(t, servers.KafkaOptions{})
	c := topicAt(t, broker.Addr, 2, nil)
	const n = 2000
	c.put(t, 0, n/2)
	l := newLedger()
	stop := l.member(t, c)
	defer stop()
	l.awaitOnly(t, n/10)
	broker.Kill(t)
	p := c.producer(t, func(cfg *ProducerConfig) { cfg.Attempts = 30 })
	produced := make(chan error, 1)
	go func() { produced <- p.Produce(context.Background(), messages(n/2, n/2)) }()
	time.Sleep(time.Second)
	broker.Start(t)
	if err := <-produced; err != nil {
		t.Fatalf("produce over the restart: %v", err)
	}
	l.await(t, c, n)
	stop()
	l.check(t, c)
	if lags, err := c.admin(t).Lag(t.Context(), c.group, c.topic); err != nil || lags[0].Lag+lags[1].Lag != 0 {
		t.Errorf("lag at the end: %+v, %v", lags, err)
	}
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
	client := &kafka.Client{Addr: kafka.TCP(c.addr), Transport: &kafka.Transport{}}
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
