package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/segmentio/kafka-go"
)

// ReplayGroup is the group under which replays remember how far they came.
const ReplayGroup = "dateline-replay"

// SnapshotConfig configures a Snapshot. Its zero value reads the dead letters.
type SnapshotConfig struct {
	Connection
	// Topic to read. Default: dateline-dead.
	Topic string
	// Group remembers what was read before. Default: dateline-replay.
	Group string
	// All reads from the topic's beginning, whatever was read before.
	All bool
	// BatchMessages and BatchBytes bound one Read. Defaults: 200 and 1 MiB.
	BatchMessages, BatchBytes int
}

// Snapshot reads what a topic holds when it is opened and was not committed before, partition by
// partition, then returns io.EOF. What is produced meanwhile, by the replay itself for instance, is
// left for the next. It implements pipeline.Source. Two at the same time in one group read the same
// messages; nothing keeps them apart.
type Snapshot struct {
	cfg  SnapshotConfig
	link *link

	reading []extent
	waiting [][]pipeline.Message // fetched and not yet read, of reading[0]
	total   int64

	mu   sync.Mutex
	seq  int64
	read []delivery
}

// extent is what is left to read of a partition.
type extent struct {
	part      partition
	from, end int64
}

// OpenSnapshot looks up where the topic begins and ends now. The caller closes the snapshot.
func OpenSnapshot(ctx context.Context, cfg SnapshotConfig) (*Snapshot, error) {
	cfg.Topic = cmp.Or(cfg.Topic, DeadTopic)
	cfg.Group = cmp.Or(cfg.Group, ReplayGroup)
	cfg.BatchMessages = cmp.Or(cfg.BatchMessages, 200)
	cfg.BatchBytes = cmp.Or(cfg.BatchBytes, 1<<20)
	l, err := cfg.open()
	if err != nil {
		return nil, err
	}
	s := &Snapshot{cfg: cfg, link: l}
	if err := s.locate(ctx); err != nil {
		l.close()
		return nil, denied(fmt.Errorf("open %s: %w", cfg.Topic, err))
	}
	return s, nil
}

// locate fills in the extents.
func (s *Snapshot) locate(ctx context.Context) error {
	parts, err := s.link.partitions(ctx, s.cfg.Topic)
	if err != nil {
		return err
	}
	want := map[string][]int{s.cfg.Topic: parts}
	done, all, err := state(ctx, s.link.client, s.cfg.Group, want)
	if err != nil {
		return err
	}
	for _, id := range parts {
		p := partition{s.cfg.Topic, id}
		e := extent{part: p, from: all[p][0], end: all[p][1]}
		if o, ok := done[p]; ok && !s.cfg.All && o <= e.end {
			e.from = max(e.from, o)
		}
		s.total += e.end - e.from
		if e.from < e.end {
			s.reading = append(s.reading, e)
		}
	}
	return nil
}

// Len returns how many offsets there were to read at the opening: at least as many as messages.
func (s *Snapshot) Len() int64 { return s.total }

// Read implements pipeline.Source.
func (s *Snapshot) Read(ctx context.Context) (*pipeline.Batch, error) {
	for len(s.waiting) == 0 {
		if len(s.reading) == 0 {
			return nil, io.EOF
		}
		if err := s.fill(ctx); err != nil {
			return nil, err
		}
	}
	b := &pipeline.Batch{Messages: s.waiting[0]}
	next := b.Messages[len(b.Messages)-1].Origin.Offset + 1
	part := partition{s.cfg.Topic, b.Messages[0].Origin.Partition}
	s.waiting = s.waiting[1:]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq++
	s.read = append(s.read, delivery{seq: s.seq, part: part, next: next})
	b.Token = s.seq
	return b, nil
}

// fill fetches the next messages, or steps to the next partition.
func (s *Snapshot) fill(ctx context.Context) error {
	e := &s.reading[0]
	if e.from >= e.end {
		s.reading = s.reading[1:]
		return nil
	}
	return denied(patiently(ctx, func() error {
		f, err := fetch(ctx, s.link.client, e.part, e.from, 1<<20)
		if errors.Is(err, kafka.OffsetOutOfRange) { // retention was quicker
			first, _, berr := bounds(ctx, s.link.client, e.part)
			if berr == nil {
				e.from = min(max(e.from+1, first), e.end)
			}
			return berr
		}
		if err != nil {
			return err
		}
		n, _ := slices.BinarySearchFunc(f.messages, e.end, func(m pipeline.Message, end int64) int {
			return cmp.Compare(m.Origin.Offset, end)
		})
		e.from = f.next
		s.waiting = split(f.messages[:n], s.cfg.BatchMessages, s.cfg.BatchBytes)
		return nil
	}))
}

// Commit implements pipeline.Source.
func (s *Snapshot) Commit(ctx context.Context, b *pipeline.Batch) error {
	seq, ok := b.Token.(int64)
	if !ok {
		return errors.New("commit: the batch is not of this snapshot")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	offsets := map[partition]int64{}
	for _, d := range s.read {
		if d.seq <= seq {
			offsets[d.part] = d.next
		}
	}
	if len(offsets) == 0 {
		return nil
	}
	err := patiently(ctx, func() error {
		return commitOffsets(ctx, s.link.client, s.cfg.Group, -1, "", offsets)
	})
	if err == nil {
		s.read = slices.DeleteFunc(s.read, func(d delivery) bool { return d.seq <= seq })
	}
	return denied(err)
}

// Close lets go of the connections.
func (s *Snapshot) Close() error {
	s.link.close()
	return nil
}
