package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/segmentio/kafka-go"
)

// generation is the time between two rebalances, in which this member owns its partitions. All
// fields but the first two are guarded by Source.mu.
type generation struct {
	id     int
	member string

	// read are the batches that were read and not yet committed, in the order of Read.
	read []delivery
	// over says that partitions may belong to others by now: nothing is read or committed.
	over bool
	// progress hears of commits.
	progress chan struct{}
}

// delivery is one batch that was read.
type delivery struct {
	seq  int64
	part partition
	next int64
}

// begin starts a generation's goroutines. kafka-go ends the generation, and asks for the next
// only when all of them have returned.
func (s *Source) begin(kg *kafka.Generation) {
	g := &generation{id: int(kg.ID), member: kg.MemberID, progress: make(chan struct{}, 1)}
	var parts []partition
	offsets := map[partition]int64{}
	for topic, as := range kg.Assignments {
		for _, a := range as {
			p := partition{topic, a.ID}
			parts = append(parts, p)
			offsets[p] = a.Offset
		}
	}
	s.mu.Lock()
	s.joined, s.held = true, parts
	s.mu.Unlock()
	share := max(s.cfg.BufferBytes/max(len(parts), 1), 64<<10)
	for _, p := range parts {
		kg.Start(func(ctx context.Context) { s.follow(ctx, g, p, offsets[p], share) })
	}
	kg.Start(func(ctx context.Context) { s.drain(ctx, g) })
}

// follow reads one partition until its generation ends.
func (s *Source) follow(ctx context.Context, g *generation, p partition, offset int64, maxBytes int) {
	failures := 0
	for ctx.Err() == nil {
		next, err := s.followOnce(ctx, g, p, offset, maxBytes)
		if err == nil {
			offset, failures = next, 0
			continue
		}
		if ctx.Err() != nil {
			return
		}
		if permanent(err) || errors.Is(err, errOutOfRange) {
			s.fail(err)
			<-ctx.Done() // returning now would end the generation, and start the next
			return
		}
		s.cfg.Notify(err)
		if pause(ctx, failures) != nil {
			return
		}
		failures++
	}
}

// errOutOfRange is the error of a lost offset under the Fail policy.
var errOutOfRange = errors.New("the offset is out of range")

// followOnce fetches from offset on, waits until that is read, and returns where to go on.
func (s *Source) followOnce(ctx context.Context, g *generation, p partition, offset int64, maxBytes int) (int64, error) {
	if offset < 0 { // kafka.FirstOffset or kafka.LastOffset: the group has committed nothing here
		return s.startOffset(ctx, g, p, offset == kafka.LastOffset)
	}
	f, err := fetch(ctx, s.link.client, p, offset, maxBytes)
	if errors.Is(err, kafka.OffsetOutOfRange) {
		return s.outOfRange(ctx, p, offset)
	}
	if err != nil {
		return 0, err
	}
	runs := split(f.messages, s.cfg.BatchMessages, s.cfg.BatchBytes)
	f.messages = nil
	for i, run := range runs {
		next := run[len(run)-1].Origin.Offset + 1
		if i == len(runs)-1 {
			next = f.next // past control records too
		}
		runs[i] = nil // what was read is the reader's to keep
		if !s.offer(ctx, g, p, next, run) {
			return 0, ctx.Err()
		}
	}
	return f.next, nil
}

// startOffset finds the offset of a partition that the group has not committed in. Where that is
// the end, it commits it, or records that come before the first commit would be lost in a
// rebalance.
func (s *Source) startOffset(ctx context.Context, g *generation, p partition, latest bool) (int64, error) {
	first, end, err := bounds(ctx, s.link.client, p)
	if err != nil || !latest {
		return first, err
	}
	return end, commitOffsets(ctx, s.link.client, s.cfg.Group, g.id, g.member, map[partition]int64{p: end})
}

// outOfRange applies the policy for an offset that the partition does not have.
func (s *Source) outOfRange(ctx context.Context, p partition, offset int64) (int64, error) {
	first, end, err := bounds(ctx, s.link.client, p)
	if err != nil {
		return 0, err
	}
	what := fmt.Sprintf("%s has offsets %d to %d, the group is at %d", p, first, end, offset)
	if offset < first {
		what += fmt.Sprintf(": %d records were deleted before they were read", first-offset)
	}
	switch s.cfg.OutOfRange {
	case Fail:
		return 0, fmt.Errorf("%s: %w", what, errOutOfRange)
	case Latest:
		s.cfg.Notify(fmt.Errorf("%s: going on at the latest: %w", what, errOutOfRange))
		return end, nil
	}
	s.cfg.Notify(fmt.Errorf("%s: going on at the earliest: %w", what, errOutOfRange))
	return first, nil
}

// offer waits until the messages are read; false: the generation has ended.
func (s *Source) offer(ctx context.Context, g *generation, p partition, next int64, messages []pipeline.Message) bool {
	o := &offer{gen: g, part: p, next: next, batch: &pipeline.Batch{Messages: messages}, taken: make(chan struct{})}
	s.mu.Lock()
	if !g.over && ctx.Err() == nil {
		s.offers = append(s.offers, o)
	}
	s.mu.Unlock()
	s.signal()
	select {
	case <-o.taken:
		return true
	case <-ctx.Done():
		return false
	}
}

// drain waits for the end of the generation, then for the commit of what was read in it, for at
// most DrainTimeout. The coordinator accepts commits until this member rejoins, which it does when
// drain returns.
func (s *Source) drain(ctx context.Context, g *generation) {
	<-ctx.Done()
	defer s.expire(g)
	timeout := time.NewTimer(s.cfg.DrainTimeout)
	defer timeout.Stop()
	for {
		s.mu.Lock()
		s.offers = slices.DeleteFunc(s.offers, func(o *offer) bool { return o.gen == g })
		left := len(g.read)
		s.mu.Unlock()
		if left == 0 {
			return
		}
		select {
		case <-g.progress:
		case <-s.ctx.Done(): // Close: nobody commits any more
			return
		case <-timeout.C:
			s.cfg.Notify(fmt.Errorf("rebalance: %d batches were not done in %v and will be read again", left, s.cfg.DrainTimeout))
			return
		}
	}
}

// upTo returns the offsets to commit for t and what was read before it, none where its generation
// is over.
func (s *Source) upTo(t token) map[partition]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	offsets := map[partition]int64{}
	for _, d := range t.gen.read {
		if d.seq <= t.seq {
			offsets[d.part] = d.next // one partition's batches are in order
		}
	}
	return offsets
}

// forget drops what has been committed.
func (s *Source) forget(t token) {
	s.mu.Lock()
	t.gen.read = slices.DeleteFunc(t.gen.read, func(d delivery) bool { return d.seq <= t.seq })
	s.mu.Unlock()
	select {
	case t.gen.progress <- struct{}{}:
	default: // drain has not seen the last word yet
	}
}

// expire ends a generation for Read and Commit.
func (s *Source) expire(g *generation) {
	s.mu.Lock()
	if !g.over {
		s.joined, s.held = false, nil // the next begins only when drain, which calls this, has ended
	}
	g.over, g.read = true, nil
	s.offers = slices.DeleteFunc(s.offers, func(o *offer) bool { return o.gen == g })
	s.mu.Unlock()
	select {
	case g.progress <- struct{}{}:
	default:
	}
}

// connections keeps the group's connections, to close them all.
type connections struct {
	mu   sync.Mutex
	open map[net.Conn]struct{}
}

// dial opens a connection that closeAll closes.
func (c *connections) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	w := &connection{Conn: conn, of: c}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		c.open = map[net.Conn]struct{}{}
	}
	c.open[w] = struct{}{}
	return w, nil
}

func (c *connections) closeAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.open {
		_ = conn.(*connection).Conn.Close() // whoever uses it hears of it
	}
}

// connection forgets itself when it is closed.
type connection struct {
	net.Conn
	of *connections
}

func (c *connection) Close() error {
	c.of.mu.Lock()
	delete(c.of.open, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}
