package kafka

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strconv"

	"github.com/segmentio/kafka-go"
)

// deadMessageBytes is the dead letters' limit: a raw message of 8 MiB in base64, and its frame.
const deadMessageBytes = 12 << 20

// Topic is a topic to make.
type Topic struct {
	Name string
	// Partitions bounds how many workers can share the topic. Default: 6.
	Partitions int
	// Replication is the number of copies. Default: the broker's.
	Replication int
	// Config has the topic's own settings, such as "retention.ms".
	Config map[string]string
}

// DefaultTopics returns the two topics that Dateline uses: raw articles, up to 8 MiB each, and dead
// letters, up to 12 MiB, kept until somebody deletes them.
func DefaultTopics() []Topic {
	return []Topic{
		{Name: RawTopic, Config: map[string]string{"max.message.bytes": strconv.Itoa(8<<20 + 1024)}},
		{Name: DeadTopic, Partitions: 1, Config: map[string]string{"max.message.bytes": strconv.Itoa(deadMessageBytes + 1024), "retention.ms": "-1"}},
	}
}

// Admin prepares and looks at a cluster. It is safe for concurrent use.
type Admin struct{ link *link }

// NewAdmin does not connect yet. The caller closes the admin.
func NewAdmin(c Connection) (*Admin, error) {
	l, err := c.open()
	if err != nil {
		return nil, err
	}
	return &Admin{l}, nil
}

// Close lets go of the connections.
func (a *Admin) Close() error {
	a.link.close()
	return nil
}

// Ping returns an error that says what to do where no broker answers, or none lets us in.
func (a *Admin) Ping(ctx context.Context) error {
	conn, err := a.link.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() // nothing was written
	if _, err := conn.Brokers(); err != nil {
		return a.link.explain(ctx, err)
	}
	return nil
}

// EnsureTopics makes the topics that do not exist and leaves those that do as they are. It returns
// the names of those it made, in the order given.
func (a *Admin) EnsureTopics(ctx context.Context, topics ...Topic) ([]string, error) {
	if err := a.Ping(ctx); err != nil { // for its error, which says more
		return nil, err
	}
	var made []string
	for _, t := range topics {
		cfg := kafka.TopicConfig{Topic: t.Name, NumPartitions: cmp.Or(t.Partitions, 6), ReplicationFactor: cmp.Or(t.Replication, -1)}
		for _, k := range slices.Sorted(maps.Keys(t.Config)) {
			cfg.ConfigEntries = append(cfg.ConfigEntries, kafka.ConfigEntry{ConfigName: k, ConfigValue: t.Config[k]})
		}
		err := a.create(ctx, cfg)
		switch {
		case err == nil:
			made = append(made, t.Name)
		case !errors.Is(err, kafka.TopicAlreadyExists):
			return made, denied(fmt.Errorf("make topic %s: %w", t.Name, err))
		}
	}
	return made, nil
}

// create makes a topic.
func (a *Admin) create(ctx context.Context, cfg kafka.TopicConfig) error {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	res, err := a.link.client.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{cfg}})
	if err != nil {
		return err
	}
	return res.Errors[cfg.Topic]
}

// Temporary reports whether an error of EnsureTopics may be gone in a moment: no broker answers yet, or the
// cluster is starting.
func Temporary(err error) bool {
	var (
		certificate *tls.CertificateVerificationError
		notTLS      tls.RecordHeaderError
		network     net.Error
		broker      kafka.Error
		reached     *net.OpError
	)
	switch {
	case permanent(err), errors.Is(err, context.Canceled), errors.As(err, &certificate), errors.As(err, &notTLS),
		errors.As(err, &reached) && reached.Op == "remote error": // a TLS alert of the broker's
		return false
	case errors.As(err, &broker):
		return broker.Temporary()
	}
	return errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// Exists reports whether a topic is there, as far as the account may know.
func (a *Admin) Exists(ctx context.Context, topic string) bool {
	_, err := a.link.partitions(ctx, topic)
	return err == nil
}

// GroupTopics returns the topics that a group has committed offsets of, and those that its members read now,
// in order. Of topics that the account may not describe the broker says nothing, but for members'.
func (a *Admin) GroupTopics(ctx context.Context, group string) ([]string, error) {
	var done map[partition]int64
	err := patiently(ctx, func() (err error) {
		done, err = committed(ctx, a.link.client, group, nil) // nil: of all topics
		return err
	})
	if err != nil {
		return nil, denied(err)
	}
	var names []string
	for p := range done {
		names = append(names, p.topic)
	}
	// A member that has committed nothing yet is worth a look and no failure: others than ours may be in the
	// group, whose word for what they read need not be understood.
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	if res, err := a.link.client.DescribeGroups(ctx, &kafka.DescribeGroupsRequest{GroupIDs: []string{group}}); err == nil {
		for _, g := range res.Groups {
			for _, m := range g.Members {
				names = append(names, m.MemberMetadata.Topics...)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// Lag is how far a group is behind in one partition.
type Lag struct {
	Topic     string
	Partition int
	// Committed is the offset that the group goes on from, -1 where it has committed none.
	Committed int64
	// First and End are the partition's first offset and the one after its last record.
	First, End int64
	// Lag is the number of offsets from Committed, or from First, to End.
	Lag int64
}

// Lag compares what a group has committed with what the topics hold, by topic and partition.
func (a *Admin) Lag(ctx context.Context, group string, topics ...string) ([]Lag, error) {
	parts := map[string][]int{}
	for _, t := range topics {
		ids, err := a.link.partitions(ctx, t)
		if err != nil {
			return nil, denied(err)
		}
		parts[t] = ids
	}
	done, all, err := state(ctx, a.link.client, group, parts)
	if err != nil {
		return nil, denied(err)
	}
	return lags(parts, done, all), nil
}

// lags compares committed offsets with the partitions' bounds, by topic and partition.
func lags(parts map[string][]int, done map[partition]int64, all map[partition][2]int64) []Lag {
	var out []Lag
	for _, t := range slices.Sorted(maps.Keys(parts)) {
		for _, id := range slices.Sorted(slices.Values(parts[t])) {
			p := partition{t, id}
			l := Lag{Topic: t, Partition: id, Committed: -1, First: all[p][0], End: all[p][1]}
			from := l.First
			if o, ok := done[p]; ok {
				l.Committed, from = o, max(o, l.First)
			}
			l.Lag = max(l.End-from, 0)
			out = append(out, l)
		}
	}
	return out
}

// ids returns the partitions' numbers, in order.
func ids(parts []kafka.Partition) []int {
	out := make([]int, len(parts))
	for i, p := range parts {
		out[i] = p.ID
	}
	slices.Sort(out)
	return out
}
