package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// maxWait is how long a broker holds a fetch that finds nothing.
const maxWait = time.Second

// fetchTimeout is how long a fetch may take before its connection counts as dead.
const fetchTimeout = 30 * time.Second

// errTombstone is the error of a record without a value.
var errTombstone = pipeline.Fault(pipeline.KindEmpty, errors.New("the Kafka record has no value (a tombstone): articles can't be deleted through Kafka; produce a new revision instead"))

// fetched is what one fetch gave.
type fetched struct {
	messages []pipeline.Message
	next     int64 // the offset to fetch from next
	end      int64 // the offset after the partition's last record
}

// fetch reads messages of one partition from offset on, at most about maxBytes of them as the
// broker keeps them (compressed), but always one batch of the producer's. Transactions are not
// looked at: records of aborted ones are read too.
func fetch(ctx context.Context, c *kafka.Client, p partition, offset int64, maxBytes int) (fetched, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	res, err := c.Fetch(ctx, &kafka.FetchRequest{
		Topic: p.topic, Partition: p.id, Offset: offset,
		MinBytes: 1, MaxBytes: int64(maxBytes), MaxWait: maxWait,
	})
	if errors.Is(err, errUnpacked) { // of the first batch: faults of others come up when they are the first
		return unpackable(p, offset), nil
	}
	if err != nil {
		return fetched{}, fmt.Errorf("fetch %s at %d: %w", p, offset, deleted(err))
	}
	out := fetched{next: offset, end: res.HighWatermark}
	err = out.decode(res.Records, p, offset)
	if res.Error != nil {
		return fetched{}, fmt.Errorf("fetch %s at %d: %w", p, offset, deleted(res.Error))
	}
	if err != nil {
		return fetched{}, fmt.Errorf("decode %s from %d: %w", p, out.next, err)
	}
	return out, nil
}

// decode copies the records out of the client's pooled pages. Control records and batches that
// compaction has emptied hold no message, but they do hold offsets, which must be passed.
func (f *fetched) decode(r kafka.RecordReader, p partition, offset int64) error {
	stream, ok := r.(*protocol.RecordStream)
	if !ok {
		return f.records(r, p, offset, false)
	}
	for _, batch := range stream.Records {
		var control, before = false, f.next
		base := int64(-1)
		switch b := batch.(type) {
		case *protocol.ControlBatch:
			control, base = true, b.Offset()
		case *protocol.RecordBatch:
			base = b.Offset()
		}
		if err := f.records(batch, p, offset, control); err != nil {
			return err
		}
		if f.next == before && base <= f.next {
			f.next++ // an emptied batch: its end is unknown, so step through it
		}
	}
	return nil
}

// records copies one batch's records.
func (f *fetched) records(r kafka.RecordReader, p partition, offset int64, control bool) error {
	for {
		rec, err := r.ReadRecord()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		key, kerr := readBytes(rec.Key)
		value, verr := readBytes(rec.Value)
		if err := errors.Join(kerr, verr); err != nil {
			return err
		}
		if rec.Offset < offset {
			continue // a batch may begin before the offset that was asked for
		}
		f.next = max(f.next, rec.Offset+1)
		if control {
			continue
		}
		m := pipeline.Message{
			Value: value, Key: key,
			Origin: pipeline.Origin{Topic: p.topic, Partition: p.id, Offset: rec.Offset, Time: rec.Time, Trace: trace(rec.Headers)},
		}
		if value == nil {
			m.Err = errTombstone
		}
		f.messages = append(f.messages, m)
	}
}

// traceHeader is the name of the W3C trace context, which tracers of producers set.
const traceHeader = "traceparent"

// trace is the trace context among a record's headers, "" where it has none, or one that is no such.
func trace(headers []kafka.Header) string {
	for _, h := range headers {
		if h.Key == traceHeader && pipeline.ValidTrace(string(h.Value)) {
			return string(h.Value)
		}
	}
	return ""
}

// readBytes copies b and gives its pages back.
func readBytes(b kafka.Bytes) ([]byte, error) {
	if b == nil {
		return nil, nil
	}
	defer b.Close() // frees memory, can't fail
	return protocol.ReadAll(b)
}

// split cuts messages into runs of at most n messages and size bytes, but at least one message.
func split(messages []pipeline.Message, n, size int) [][]pipeline.Message {
	var runs [][]pipeline.Message
	from, bytes := 0, 0
	for i, m := range messages {
		b := len(m.Value) + len(m.Key)
		if i > from && (i-from >= n || bytes+b > size) {
			runs = append(runs, messages[from:i])
			from, bytes = i, 0
		}
		bytes += b
	}
	if from < len(messages) {
		runs = append(runs, messages[from:])
	}
	return runs
}

// partition names a topic's partition.
type partition struct {
	topic string
	id    int
}

func (p partition) String() string { return fmt.Sprintf("%s/%d", p.topic, p.id) }

// bounds returns a partition's first offset and the one after its last record.
func bounds(ctx context.Context, c *kafka.Client, p partition) (first, end int64, err error) {
	all, err := allBounds(ctx, c, map[string][]int{p.topic: {p.id}})
	if err != nil {
		return 0, 0, err
	}
	b, ok := all[p]
	if !ok {
		return 0, 0, fmt.Errorf("list offsets of %s: %w", p, kafka.UnknownTopicOrPartition)
	}
	return b[0], b[1], nil
}

// allBounds returns the bounds of many partitions.
func allBounds(ctx context.Context, c *kafka.Client, parts map[string][]int) (map[partition][2]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	req := &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{}}
	for topic, ids := range parts {
		for _, id := range ids {
			req.Topics[topic] = append(req.Topics[topic], kafka.FirstOffsetOf(id), kafka.LastOffsetOf(id))
		}
	}
	res, err := c.ListOffsets(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("list offsets: %w", err)
	}
	out := map[partition][2]int64{}
	for topic, ps := range res.Topics {
		for _, o := range ps {
			p := partition{topic, o.Partition}
			if o.Error != nil {
				return nil, fmt.Errorf("list offsets of %s: %w", p, o.Error)
			}
			out[p] = [2]int64{o.FirstOffset, o.LastOffset}
		}
	}
	return out, nil
}

// committed returns the offsets that a group has committed; partitions without one are absent.
func committed(ctx context.Context, c *kafka.Client, group string, parts map[string][]int) (map[partition]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	res, err := c.OffsetFetch(ctx, &kafka.OffsetFetchRequest{GroupID: group, Topics: parts})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		return nil, fmt.Errorf("fetch offsets of group %s: %w", group, err)
	}
	out := map[partition]int64{}
	for topic, ps := range res.Topics {
		for _, o := range ps {
			if o.Error != nil {
				return nil, fmt.Errorf("fetch offset of group %s for %s/%d: %w", group, topic, o.Partition, o.Error)
			}
			if o.CommittedOffset >= 0 {
				out[partition{topic, o.Partition}] = o.CommittedOffset
			}
		}
	}
	return out, nil
}

// state returns what a group has committed in some partitions, and their bounds. It is patient: the
// coordinator of a new group and the leaders of a new topic take a moment.
func state(ctx context.Context, c *kafka.Client, group string, parts map[string][]int) (done map[partition]int64, all map[partition][2]int64, err error) {
	err = patiently(ctx, func() (err error) {
		if done, err = committed(ctx, c, group, parts); err != nil {
			return err
		}
		all, err = allBounds(ctx, c, parts)
		return err
	})
	return done, all, err
}

// commitOffsets commits offsets for a member of a group's generation; generation -1 and no member
// is a reader outside of any generation.
func commitOffsets(ctx context.Context, c *kafka.Client, group string, generation int, member string, offsets map[partition]int64) error {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	req := &kafka.OffsetCommitRequest{GroupID: group, GenerationID: generation, MemberID: member, Topics: map[string][]kafka.OffsetCommit{}}
	for p, o := range offsets {
		req.Topics[p.topic] = append(req.Topics[p.topic], kafka.OffsetCommit{Partition: p.id, Offset: o})
	}
	res, err := c.OffsetCommit(ctx, req)
	if err != nil {
		return fmt.Errorf("commit offsets of group %s: %w", group, err)
	}
	for topic, ps := range res.Topics {
		for _, o := range ps {
			if o.Error != nil {
				return fmt.Errorf("commit offset of group %s for %s/%d: %w", group, topic, o.Partition, o.Error)
			}
		}
	}
	return nil
}

// pause waits before attempt n (from 0) is repeated: 100 ms doubled up to 5 s, jittered so that
// workers do not all come back at once. It returns early, with ctx's error, where ctx ends.
func pause(ctx context.Context, n int) error {
	d := min(100*time.Millisecond<<min(n, 10), 5*time.Second)
	t := time.NewTimer(d/2 + rand.N(d/2))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// patiently tries op up to ten times, over some 30 s.
func patiently(ctx context.Context, op func() error) error {
	for n := 0; ; n++ {
		err := op()
		if err == nil || ctx.Err() != nil || permanent(err) || n == 9 {
			return err
		}
		if err := pause(ctx, n); err != nil {
			return err
		}
	}
}

// denied adds to an error of lacking a right what to do.
func denied(err error) error {
	for _, e := range []error{kafka.TopicAuthorizationFailed, kafka.GroupAuthorizationFailed, kafka.ClusterAuthorizationFailed} {
		if errors.Is(err, e) {
			return fmt.Errorf("%w: grant it to the account: deploy/security/kafka.md lists what each process needs", err)
		}
	}
	return err
}

// deleted adds to an error of a topic that was there, and is not any more, what to do. The client says the same
// with an error of its own, where it knows of the topics already.
func deleted(err error) error {
	if errors.Is(err, kafka.UnknownTopicOrPartition) || errors.Is(err, protocol.ErrNoTopic) {
		return fmt.Errorf("%w: was the topic deleted? `dateline setup` makes it again", err)
	}
	return err
}

// permanent says whether an error is the operator's to mend, so that trying again is of no use.
func permanent(err error) bool {
	for _, e := range []error{
		kafka.SASLAuthenticationFailed, kafka.UnsupportedSASLMechanism, kafka.TopicAuthorizationFailed,
		kafka.GroupAuthorizationFailed, kafka.ClusterAuthorizationFailed, kafka.InvalidGroupId,
		kafka.InvalidTopic, kafka.InconsistentGroupProtocol, kafka.InvalidSessionTimeout,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
