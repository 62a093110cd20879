package kafka

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/pipelinetest/servers"
)

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

// shortSession is the shortest that the broker allows: our own has a lower limit than others.
func shortSession() time.Duration {
	if os.Getenv("DATELINE_KAFKA") != "" {
		return 6 * time.Second
	}
	return 2 * time.Second
}

// killedWorker is the process that is killed: it commits the first half of what it reads.
func killedWorker(args []string) {
	s, err := NewSource(SourceConfig{
		Connection: Connection{Brokers: args[:1]}, Topics: args[1:2], Group: args[2], SessionTimeout: shortSession(), BatchMessages: 10,
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
	cfg.SessionTimeout = shortSession()
	s := c.source(t, cfg)
	first, b := read(t, s, 10)
	time.Sleep(cfg.SessionTimeout * 5 / 2)
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
