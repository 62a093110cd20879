package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/segmentio/kafka-go"
)

// ProducerConfig configures a Producer. Its zero value writes to topic dateline-raw at
// localhost:9092.
type ProducerConfig struct {
	Connection
	// Topic to write to. Default: dateline-raw.
	Topic string
	// MaxMessageBytes bounds one message, its key included, before compression. The topic has a
	// limit of its own, max.message.bytes. Default: 8 MiB, as EnsureTopics makes the topics.
	MaxMessageBytes int
	// BatchBytes bounds what is sent in one request to one partition, before compression; a
	// message over it travels alone. Default: 768 KiB, under the limit of a topic that somebody
	// else has made.
	BatchBytes int
	// Compression is none, gzip, snappy, lz4 or zstd. Default: zstd.
	Compression string
	// Attempts bounds how often one batch is sent. Default: 10, over some 30 s.
	Attempts int
	// Notify, where set, hears of failures that are tried again. It may be called from several
	// goroutines.
	Notify func(error)
}

// Producer writes messages, and returns only when every in-sync replica has them. It is safe for
// concurrent use.
//
// It uses Kafka's produce request directly: kafka-go's Writer waits for its batches to fill, and
// can't tell a batch over the topic's limit from a message over it.
type Producer struct {
	cfg   ProducerConfig
	codec kafka.Compression
	link  *link
	turn  atomic.Uint32 // for messages without a key

	mu     sync.Mutex
	known  []int     // the topic's partitions
	expiry time.Time // of known
}

// NewProducer does not connect yet. The caller closes the producer.
func NewProducer(cfg ProducerConfig) (*Producer, error) {
	cfg.Topic = cmp.Or(cfg.Topic, RawTopic)
	cfg.MaxMessageBytes = cmp.Or(cfg.MaxMessageBytes, 8<<20)
	cfg.BatchBytes = cmp.Or(cfg.BatchBytes, 768<<10)
	cfg.Compression = strings.ToLower(cmp.Or(cfg.Compression, "zstd"))
	cfg.Attempts = cmp.Or(cfg.Attempts, 10)
	if cfg.Notify == nil {
		cfg.Notify = func(error) {}
	}
	p := &Producer{cfg: cfg}
	switch cfg.Compression {
	case "none":
	case "gzip":
		p.codec = kafka.Gzip
	case "snappy":
		p.codec = kafka.Snappy
	case "lz4":
		p.codec = kafka.Lz4
	case "zstd":
		p.codec = kafka.Zstd
	default:
		return nil, fmt.Errorf("compression %q: none, gzip, snappy, lz4 or zstd", cfg.Compression)
	}
	l, err := cfg.open()
	if err != nil {
		return nil, err
	}
	p.link = l
	return p, nil
}

// Close lets go of the connections.
func (p *Producer) Close() error {
	p.link.close()
	return nil
}

// outgoing is a message with its place in the caller's slice.
type outgoing struct {
	index int
	msg   *pipeline.Message
}

func (o outgoing) size() int { return len(o.msg.Key) + len(o.msg.Value) + 64 }

// Produce writes the messages' keys and values, and their traces. Messages of one key go to one partition in their
// order; the partition is the one that the Java client chooses (murmur2), so that other producers
// agree. A *pipeline.RejectError names the messages that the topic can never take, being too large;
// all others are then written. After any other error some may be written and some not.
func (p *Producer) Produce(ctx context.Context, messages []pipeline.Message) error {
	if len(messages) == 0 {
		return nil
	}
	partitions, err := p.partitions(ctx)
	if err != nil {
		return denied(err)
	}
	rejected := &rejections{reasons: map[int]string{}}
	queues := make([][]outgoing, len(partitions))
	balancer := kafka.Murmur2Balancer{}
	places := make([]int, len(partitions))
	for i := range places {
		places[i] = i
	}
	for i := range messages {
		o := outgoing{i, &messages[i]}
		if o.size() > p.cfg.MaxMessageBytes {
			rejected.add(o, fmt.Sprintf("the message has %d bytes, over the limit of %d", o.size(), p.cfg.MaxMessageBytes))
			continue
		}
		var place int
		if len(o.msg.Key) == 0 {
			place = int(p.turn.Add(1)) % len(partitions)
		} else {
			place = balancer.Balance(kafka.Message{Key: o.msg.Key}, places...)
		}
		queues[place] = append(queues[place], o)
	}
	errs := make([]error, len(queues))
	var wg sync.WaitGroup
	for i, queue := range queues {
		if len(queue) > 0 {
			wg.Go(func() { errs[i] = p.sendAll(ctx, partitions[i], queue, rejected) })
		}
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return rejected.err()
}

// rejections collects what can never be written.
type rejections struct {
	mu      sync.Mutex
	reasons map[int]string
}

func (r *rejections) add(o outgoing, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reasons[o.index] = reason
}

func (r *rejections) err() error {
	if len(r.reasons) == 0 {
		return nil
	}
	return &pipeline.RejectError{Reasons: r.reasons}
}

// partitionsTTL is how long a topic's partitions are taken as known.
const partitionsTTL = 30 * time.Second

// partitions lists the topic's partitions.
func (p *Producer) partitions(ctx context.Context) ([]int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Now().Before(p.expiry) {
		return p.known, nil
	}
	for n := 0; ; n++ {
		ids, err := p.link.partitions(ctx, p.cfg.Topic)
		switch {
		case err == nil:
			p.known, p.expiry = ids, time.Now().Add(partitionsTTL)
			return ids, nil
		case permanent(err), n+1 >= p.cfg.Attempts, ctx.Err() != nil:
			return nil, fmt.Errorf("produce to %s: %w", p.cfg.Topic, err)
		}
		p.cfg.Notify(err)
		if err := pause(ctx, n); err != nil {
			return nil, err
		}
	}
}

// partitions lists a topic's partitions, in order.
func (l *link) partitions(ctx context.Context, topic string) ([]int, error) {
	conn, err := l.dial(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	parts, err := conn.ReadPartitions(topic)
	if errors.Is(err, kafka.UnknownTopicOrPartition) || err == nil && len(parts) == 0 {
		return nil, noTopic(topic)
	}
	if err != nil {
		return nil, fmt.Errorf("look up topic %q: %w", topic, err)
	}
	return ids(parts), nil
}

// sendAll sends one partition's messages, batch after batch.
func (p *Producer) sendAll(ctx context.Context, partition int, queue []outgoing, rejected *rejections) error {
	for len(queue) > 0 {
		n, size := 0, 0
		for n < len(queue) && (n == 0 || size+queue[n].size() <= p.cfg.BatchBytes) {
			size += queue[n].size()
			n++
		}
		if err := p.send(ctx, partition, queue[:n], rejected); err != nil {
			return err
		}
		queue = queue[n:]
	}
	return nil
}

// send sends one batch until it is written, halving it where it is over the topic's limit.
func (p *Producer) send(ctx context.Context, partition int, batch []outgoing, rejected *rejections) error {
	for n := 0; ; n++ {
		err := p.request(ctx, partition, batch)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, kafka.MessageSizeTooLarge), errors.Is(err, kafka.RecordListTooLarge):
			if len(batch) == 1 {
				rejected.add(batch[0], fmt.Sprintf("topic %s refuses the message of %d bytes: raise its max.message.bytes", p.cfg.Topic, batch[0].size()))
				return nil
			}
			half := len(batch) / 2
			if err := p.send(ctx, partition, batch[:half], rejected); err != nil {
				return err
			}
			return p.send(ctx, partition, batch[half:], rejected)
		case ctx.Err() != nil:
			return ctx.Err()
		case permanent(err), n+1 >= p.cfg.Attempts:
			return denied(err)
		}
		p.cfg.Notify(err)
		if err := pause(ctx, n); err != nil {
			return err
		}
	}
}

// request sends one batch once.
func (p *Producer) request(ctx context.Context, partition int, batch []outgoing) error {
	records := make([]kafka.Record, len(batch))
	now := time.Now()
	for i, o := range batch {
		records[i] = kafka.Record{Time: now, Key: kafka.NewBytes(o.msg.Key), Value: kafka.NewBytes(o.msg.Value)}
		if t := o.msg.Origin.Trace; t != "" {
			records[i].Headers = []kafka.Header{{Key: traceHeader, Value: []byte(t)}}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	res, err := p.link.client.Produce(ctx, &kafka.ProduceRequest{
		Topic: p.cfg.Topic, Partition: partition, RequiredAcks: kafka.RequireAll,
		Records: kafka.NewRecordReader(records...), Compression: p.codec,
	})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		return fmt.Errorf("produce to %s/%d: %w", p.cfg.Topic, partition, err)
	}
	return nil
}
