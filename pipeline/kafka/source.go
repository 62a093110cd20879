package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/segmentio/kafka-go"
)

// Policy says where to read a partition from when the group has no usable offset in it.
type Policy string

// The policies.
const (
	Earliest Policy = "earliest" // the oldest record that is left
	Latest   Policy = "latest"   // only what is produced from now on
	Fail     Policy = "fail"     // end with an error that says which offset is gone
)

// SourceConfig configures a Source. Its zero value reads topic dateline-raw in group dateline from
// localhost:9092.
type SourceConfig struct {
	Connection
	// Topics to read. Default: dateline-raw, where there is no Pattern. Of several, one that is missing, or is deleted,
	// keeps none of the others from being read.
	Topics []string
	// Pattern, instead of Topics, reads every topic whose name it matches, also one that is made
	// later: see Match. Except are names that it must not match.
	Pattern *regexp.Regexp
	Except  []string
	// Look is how often the broker is asked whether there are other topics that match, or whether one of several
	// Topics has come or gone. Default: 10 s.
	Look time.Duration
	// Joining, where set, hears for which topics the source joins its group: once, and whenever
	// they change.
	Joining func(topics []string)
	// Group is the consumer group's name. Default: dateline.
	Group string
	// Start is where a partition is read from that the group has not committed in: Earliest
	// (default) or Latest.
	Start Policy
	// OutOfRange is what happens where the committed offset is no longer, or not yet, in the
	// partition: retention has deleted it, or the topic was made anew. Default: Earliest.
	OutOfRange Policy
	// SessionTimeout is how long the group waits for a member that has gone silent before its
	// partitions go to others. Default: 15 s; brokers refuse less than 6 s unless configured.
	SessionTimeout time.Duration
	// DrainTimeout is how long a rebalance waits for what was read to be committed. What is
	// not by then is read again by whoever gets the partition. Default, and most: two thirds
	// of SessionTimeout.
	DrainTimeout time.Duration
	// BufferBytes bounds what is fetched ahead, over all partitions, compressed as in Kafka.
	// Each partition gets its share, but at least 64 KiB and one batch of the producer's; in
	// memory, uncompressed, news takes some three times that. Default: 2 MiB.
	BufferBytes int
	// BatchMessages and BatchBytes bound one Read. One message over BatchBytes is a batch of
	// its own. Defaults: 200 and 1 MiB.
	BatchMessages, BatchBytes int
	// Notify, where set, hears of failures that the source mends by itself, by trying again. It
	// may be called from several goroutines.
	Notify func(error)
}

// withDefaults fills in what is not set and checks the rest.
func (c SourceConfig) withDefaults() (SourceConfig, error) {
	if len(c.Topics) == 0 && c.Pattern == nil {
		c.Topics = []string{RawTopic}
	}
	c.Look = cmp.Or(c.Look, 10*time.Second)
	if c.Joining == nil {
		c.Joining = func([]string) {}
	}
	c.Group = cmp.Or(c.Group, DefaultGroup)
	c.Start = cmp.Or(c.Start, Earliest)
	c.OutOfRange = cmp.Or(c.OutOfRange, Earliest)
	c.SessionTimeout = cmp.Or(c.SessionTimeout, 15*time.Second)
	c.DrainTimeout = min(cmp.Or(c.DrainTimeout, time.Hour), c.SessionTimeout*2/3)
	c.BufferBytes = cmp.Or(c.BufferBytes, 2<<20)
	c.BatchMessages = cmp.Or(c.BatchMessages, 200)
	c.BatchBytes = cmp.Or(c.BatchBytes, 1<<20)
	if c.Notify == nil {
		c.Notify = func(error) {}
	}
	switch {
	case c.Pattern != nil && len(c.Topics) > 0:
		return c, errors.New("topics for Kafka by name and by pattern: give one of them")
	case c.Start != Earliest && c.Start != Latest:
		return c, fmt.Errorf("start %q: earliest or latest", c.Start)
	case c.OutOfRange != Earliest && c.OutOfRange != Latest && c.OutOfRange != Fail:
		return c, fmt.Errorf("out-of-range policy %q: earliest, latest or fail", c.OutOfRange)
	case c.SessionTimeout < time.Second, c.DrainTimeout < 0, c.Look < 0, c.BufferBytes < 0, c.BatchMessages < 0, c.BatchBytes < 0:
		return c, errors.New("session timeout under 1 s, or a negative limit, for Kafka")
	}
	return c, nil
}

// Source reads messages as a member of a consumer group. It implements pipeline.Source.
//
//	           ┌ fetch raw/0 ┐
//	generation ┤ fetch raw/1 ├─► offers ─► Read ─► (runner) ─► Commit ─► offsets of the generation
//	           └ drain       ┘
//
// It stands on kafka-go's ConsumerGroup, whose generations tell when partitions are about to go:
// the generation then stops fetching, drops what nobody has read, waits until what was read is
// committed, and only then lets the group go on. kafka-go's Reader has no such moment, and hands
// out stale messages after a rebalance (segmentio/kafka-go issues 202, 439, 674, 1398).
//
// Heartbeats do not depend on Read: a member whose runner has stopped reading stays in its group.
type Source struct {
	cfg   SourceConfig
	link  *link
	group *kafka.ConsumerGroup // set by run, before the first generation
	conns *connections

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	done   chan struct{} // closed when run has ended
	wake   chan struct{} // says that offers or failure may have changed

	mu      sync.Mutex
	offers  []*offer // batches that nobody has read, oldest first, at most one for each partition
	failure error    // what ended the source
	seq     int64    // counts batches read
	joined  bool     // there is a generation
	held    []partition

	committing sync.Mutex // held over a commit, so that offsets never go backwards
}

// offer is a batch that waits to be read.
type offer struct {
	gen   *generation
	part  partition
	next  int64 // the offset to commit once the batch is done
	batch *pipeline.Batch
	taken chan struct{}
}

// token is a batch's Token.
type token struct {
	gen *generation
	seq int64
}

// NewSource joins the group in the background; an unreachable broker is waited for, with a word to
// Notify. Use Admin.Ping to fail early instead. The caller closes the source.
func NewSource(cfg SourceConfig) (*Source, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	l, err := cfg.open()
	if err != nil {
		return nil, err
	}
	s := &Source{cfg: cfg, link: l, conns: &connections{}, done: make(chan struct{}), wake: make(chan struct{}, 1)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	go s.run()
	return s, nil
}

// Read implements pipeline.Source. The messages of a batch are of one partition. It never returns
// io.EOF; after Close, or where only the operator can mend what is wrong (a refused account, a
// lost offset under the Fail policy), it returns that error.
func (s *Source) Read(ctx context.Context) (*pipeline.Batch, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b, err := s.take()
		if b != nil || err != nil {
			return b, err
		}
		select {
		case <-s.wake:
		case <-ctx.Done():
		}
	}
}

// take returns the oldest offer's batch, or nil where there is none.
func (s *Source) take() (*pipeline.Batch, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure != nil {
		return nil, s.failure
	}
	if len(s.offers) == 0 {
		return nil, nil
	}
	o := s.offers[0]
	s.offers = slices.Delete(s.offers, 0, 1)
	s.seq++
	o.gen.read = append(o.gen.read, delivery{seq: s.seq, part: o.part, next: o.next})
	o.batch.Token = token{gen: o.gen, seq: s.seq}
	close(o.taken)
	return o.batch, nil
}

// Commit implements pipeline.Source. It tries again until the offsets are committed, the
// generation that read them is over or ctx ends.
func (s *Source) Commit(ctx context.Context, b *pipeline.Batch) error {
	t, ok := b.Token.(token)
	if !ok {
		return errors.New("commit: the batch is not of this Kafka source")
	}
	s.committing.Lock()
	defer s.committing.Unlock()
	for n := 0; ; n++ {
		offsets := s.upTo(t)
		if len(offsets) == 0 {
			return nil // committed already, or no longer ours
		}
		err := commitOffsets(ctx, s.link.client, s.cfg.Group, t.gen.id, t.gen.member, offsets)
		switch {
		case err == nil:
			s.forget(t)
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, kafka.IllegalGeneration), errors.Is(err, kafka.UnknownMemberId),
			errors.Is(err, kafka.RebalanceInProgress), errors.Is(err, kafka.FencedInstanceID):
			s.cfg.Notify(fmt.Errorf("the group took the partitions away before the commit; their new owner reads the messages again: %w", err))
			s.expire(t.gen)
			return nil
		case permanent(err):
			return err
		}
		s.cfg.Notify(err)
		if err := pause(ctx, n); err != nil {
			return err
		}
	}
}

// Lag is how far the group is behind in the partitions that this member holds now, in their order.
// Between two generations it holds none.
func (s *Source) Lag(ctx context.Context) ([]Lag, error) {
	s.mu.Lock()
	parts := map[string][]int{}
	for _, p := range s.held {
		parts[p.topic] = append(parts[p.topic], p.id)
	}
	s.mu.Unlock()
	if len(parts) == 0 {
		return nil, nil
	}
	done, all, err := state(ctx, s.link.client, s.cfg.Group, parts)
	if err != nil {
		return nil, err
	}
	return lags(parts, done, all), nil
}

// Check returns an error where the member is in no generation of its group, or no broker answers.
func (s *Source) Check(ctx context.Context) error {
	s.mu.Lock()
	joined, failure := s.joined, s.failure
	s.mu.Unlock()
	switch {
	case failure != nil:
		return failure
	case !joined:
		return fmt.Errorf("group %s: joining", s.cfg.Group)
	}
	conn, err := s.link.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() // nothing was written
	_, err = conn.Brokers()
	return err
}

// Close leaves the group, so that others get its partitions at once. What was read and not
// committed will be read again.
func (s *Source) Close() error {
	s.cancel()
	s.fail(errors.New("the Kafka source is closed"))
	<-s.done
	s.link.close()
	return nil
}

// fail ends the source: Read returns err.
func (s *Source) fail(err error) {
	s.mu.Lock()
	if s.failure == nil {
		s.failure = denied(err)
	}
	s.mu.Unlock()
	s.signal()
}

// signal wakes Read.
func (s *Source) signal() {
	select {
	case s.wake <- struct{}{}:
	default: // it is awake already
	}
}

// run is a member of the group until Close. Where the topics that match the pattern, or are there, change it leaves,
// and comes again for those: kafka-go's group is for the topics that it begins with.
func (s *Source) run() {
	defer close(s.done)
	for s.ctx.Err() == nil {
		topics, err := s.waitTopics()
		if err == nil {
			s.cfg.Joining(slices.Clone(topics))
			err = s.belong(topics)
		}
		if err != nil {
			s.fail(err)
			return
		}
	}
}

// belong joins the group and starts its generations, one after the other, until Close or until other
// topics match.
func (s *Source) belong(topics []string) error {
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	start := kafka.FirstOffset
	if s.cfg.Start == Latest {
		start = kafka.LastOffset
	}
	// The group's own connections are watched, for a join may wait for a whole rebalance and
	// can't be cancelled otherwise.
	dialer := *s.link.dialer
	dialer.DialFunc = guarded(s.conns.dial, s.link.transport.TLS)
	group, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID: s.cfg.Group, Brokers: s.link.brokers, Dialer: &dialer, Topics: topics,
		StartOffset: start, WatchPartitionChanges: true,
		// Range first would give the same member the first partitions of every topic.
		GroupBalancers:    []kafka.GroupBalancer{kafka.RoundRobinGroupBalancer{}, kafka.RangeGroupBalancer{}},
		SessionTimeout:    s.cfg.SessionTimeout,
		RebalanceTimeout:  max(s.cfg.SessionTimeout, 30*time.Second),
		HeartbeatInterval: min(time.Second, s.cfg.SessionTimeout/4),
		JoinGroupBackoff:  time.Second,
	})
	if err != nil {
		return fmt.Errorf("configure the consumer group: %w", err)
	}
	s.group = group
	var wait sync.WaitGroup
	defer wait.Wait()
	wait.Go(func() {
		<-ctx.Done()
		// What was read is committed first; nobody does that any more after Close.
		patience := s.cfg.DrainTimeout + time.Second
		if s.ctx.Err() != nil {
			patience = 3 * time.Second
		}
		hurry := time.AfterFunc(patience, s.conns.closeAll)
		defer hurry.Stop()
		defer context.AfterFunc(s.ctx, func() { hurry.Reset(min(patience, 3*time.Second)) })()
		_ = group.Close() // always nil
	})
	if s.changing() {
		wait.Go(func() {
			defer cancel()
			s.watchTopics(ctx, topics)
		})
	}
	defer cancel()
	return s.generations(ctx)
}

// generations runs one generation after the other, until ctx ends.
func (s *Source) generations(ctx context.Context) error {
	var started time.Time
	short := 0
	for {
		gen, err := s.group.Next(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case permanent(err):
			return fmt.Errorf("join group %s: %w", s.cfg.Group, err)
		case err != nil:
			s.cfg.Notify(fmt.Errorf("join group %s: %w", s.cfg.Group, err))
			continue
		}
		// Generations that end at once (a topic is gone) must not follow each other in a
		// tight loop. The pause costs no membership: heartbeats go on.
		if time.Since(started) < time.Second {
			if err := pause(ctx, short); err != nil {
				return nil
			}
			short++
		} else {
			short = 0
		}
		started = time.Now()
		s.begin(gen)
	}
}
