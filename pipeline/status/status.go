// Package status looks at the whole pipeline from outside, for an operator: how far the workers are
// behind and how fast they go, what is in the dead letters, what the index holds.
package status

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/kafka"
	"github.com/datelinenews/dateline/pipeline/search"
)

// Config says where to look. What is not set is left out of the report.
type Config struct {
	// Kafka is looked at where Topics are named, or Pattern is: all topics whose names it matches, but
	// for DeadTopic.
	Kafka   kafka.Connection
	Topics  []string
	Pattern *regexp.Regexp
	// GroupTopics looks also at the topics that Group reads, or has read, beside Topics; those need then not exist.
	GroupTopics bool
	Group       string
	DeadTopic   string
	// Index is what the articles are stored in.
	Index search.Counter
	// Window is the time over which the rate is measured; Take lasts that long. Default: 2 s.
	Window time.Duration
	// Letters is the most dead letters that are read for their reasons. Default: 1000.
	Letters int
}

// Report is the state of the pipeline at a time.
type Report struct {
	Time  time.Time      `json:"time"`
	Queue *Queue         `json:"queue,omitempty"`
	Dead  *Dead          `json:"dead_letters,omitempty"`
	Index *search.Counts `json:"index,omitempty"`
	// Errors are what could not be looked at, and why.
	Errors []string `json:"errors,omitempty"`
}

// Queue is what waits in Kafka.
type Queue struct {
	Group string `json:"group"`
	// Lag is the number of messages that are not committed.
	Lag int64 `json:"lag"`
	// Topics sums up Partitions.
	Topics     []Topic     `json:"topics"`
	Partitions []Partition `json:"partitions"`
	// Done and Arrived are the messages a second that were committed and that came, over the
	// window.
	Done    float64 `json:"done_per_second"`
	Arrived float64 `json:"arrived_per_second"`
	// Left is the time until the lag is worked off at this rate, 0 where it is not shrinking.
	Left time.Duration `json:"-"`
	// LeftSeconds is Left in JSON.
	LeftSeconds float64 `json:"left_seconds,omitempty"`
}

// Topic is how far the group is behind in a topic.
type Topic struct {
	Topic string `json:"topic"`
	Lag   int64  `json:"lag"`
}

// Partition is one partition of a topic.
type Partition struct {
	Topic     string `json:"topic"`
	Partition int    `json:"partition"`
	// Committed is the offset that the group goes on from, -1 where it has committed none.
	Committed int64 `json:"committed"`
	End       int64 `json:"end"`
	Lag       int64 `json:"lag"`
}

// Dead is what is in the dead letters and no replay has put back.
type Dead struct {
	Topic string `json:"topic"`
	Total int64  `json:"total"`
	// Reasons counts the first Read of them, most frequent first.
	Read    int      `json:"read"`
	Reasons []Reason `json:"reasons"`
}

// Reason counts dead letters of one kind.
type Reason struct {
	Stage pipeline.Stage `json:"stage"`
	Kind  pipeline.Kind  `json:"kind"`
	Count int            `json:"count"`
	// Example is the reason of one of them, in full.
	Example string `json:"example"`
}

// Take looks at everything at once. What can't be reached is in the report's Errors.
func Take(ctx context.Context, c Config) *Report {
	if c.Window <= 0 {
		c.Window = 2 * time.Second
	}
	if c.Letters <= 0 {
		c.Letters = 1000
	}
	r := &Report{Time: time.Now().UTC().Truncate(time.Second)}
	var mu sync.Mutex
	var wg sync.WaitGroup
	look := func(what string, do func() error) {
		wg.Go(func() {
			if err := do(); err != nil {
				mu.Lock()
				defer mu.Unlock()
				r.Errors = append(r.Errors, what+": "+err.Error())
			}
		})
	}
	if len(c.Topics) > 0 || c.Pattern != nil {
		look("Kafka", func() (err error) {
			r.Queue, err = queue(ctx, c)
			return err
		})
		if c.DeadTopic != "" {
			look("dead letters", func() (err error) {
				r.Dead, err = letters(ctx, c)
				return err
			})
		}
	}
	if c.Index != nil {
		look("index", func() (err error) {
			r.Index, err = c.Index.Counts(ctx)
			return err
		})
	}
	wg.Wait()
	slices.Sort(r.Errors)
	return r
}

// queue compares two looks at the lag.
func queue(ctx context.Context, c Config) (*Queue, error) {
	admin, err := kafka.NewAdmin(c.Kafka)
	if err != nil {
		return nil, err
	}
	defer admin.Close()
	if err := admin.Ping(ctx); err != nil {
		return nil, err
	}
	topics, err := chosen(ctx, c, admin)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	before, err := admin.Lag(ctx, c.Group, topics...)
	if err != nil {
		return nil, err
	}
	select {
	case <-time.After(c.Window):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	after, err := admin.Lag(ctx, c.Group, topics...)
	if err != nil {
		return nil, err
	}
	return compare(c.Group, before, after, time.Since(began)), nil
}

// chosen are the topics to look at.
func chosen(ctx context.Context, c Config, admin *kafka.Admin) ([]string, error) {
	switch {
	case c.Pattern != nil:
		topics, err := admin.Match(ctx, c.Pattern, c.DeadTopic)
		if err == nil && len(topics) == 0 {
			err = fmt.Errorf("no topic matches %s, or none that this account may read", c.Pattern)
		}
		return topics, err
	case !c.GroupTopics:
		return c.Topics, nil
	}
	topics, err := admin.GroupTopics(ctx, c.Group)
	if err != nil {
		return c.Topics, nil // looking at them says what is wrong, with their names
	}
	for _, t := range c.Topics {
		// Where the workers read others, nobody need have made the one that is set by default.
		if !slices.Contains(topics, t) && (len(topics) == 0 || admin.Exists(ctx, t)) {
			topics = append(topics, t)
		}
	}
	return topics, nil
}

func compare(group string, before, after []kafka.Lag, took time.Duration) *Queue {
	q := &Queue{Group: group, Topics: []Topic{}, Partitions: []Partition{}}
	var done, arrived int64
	for _, l := range after {
		q.Lag += l.Lag
		if n := len(q.Topics); n == 0 || q.Topics[n-1].Topic != l.Topic { // they are in order
			q.Topics = append(q.Topics, Topic{Topic: l.Topic})
		}
		q.Topics[len(q.Topics)-1].Lag += l.Lag
		q.Partitions = append(q.Partitions, Partition{Topic: l.Topic, Partition: l.Partition, Committed: l.Committed, End: l.End, Lag: l.Lag})
		for _, b := range before {
			if b.Topic != l.Topic || b.Partition != l.Partition {
				continue
			}
			arrived += l.End - b.End
			if from := max(b.Committed, b.First); l.Committed > from {
				done += l.Committed - from
			}
		}
	}
	seconds := max(took.Seconds(), 1e-3)
	q.Done, q.Arrived = float64(done)/seconds, float64(arrived)/seconds
	if pace := q.Done - q.Arrived; q.Lag > 0 && pace > 0 {
		q.LeftSeconds = float64(q.Lag) / pace
		q.Left = time.Duration(q.LeftSeconds * float64(time.Second)).Round(time.Second)
	}
	return q
}

// letters counts the dead letters that a replay would put back.
func letters(ctx context.Context, c Config) (*Dead, error) {
	s, err := kafka.OpenSnapshot(ctx, kafka.SnapshotConfig{Connection: c.Kafka, Topic: c.DeadTopic, Group: c.Group + "-replay"})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	d := &Dead{Topic: c.DeadTopic, Total: s.Len(), Reasons: []Reason{}}
	type cause = pipeline.Cause
	reasons := map[cause]*Reason{}
	for d.Read < c.Letters {
		b, err := s.Read(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		for _, m := range b.Messages {
			var l pipeline.DeadLetter
			if err := json.Unmarshal(m.Value, &l); err != nil {
				l = pipeline.DeadLetter{Reason: fmt.Sprintf("%s: %v", m.Origin, err)}
			}
			if l.Kind == "" {
				l.Kind = pipeline.KindOther
			}
			d.Read++
			k := cause{Stage: l.Stage, Kind: l.Kind}
			if reasons[k] == nil {
				reasons[k] = &Reason{Stage: l.Stage, Kind: l.Kind, Example: l.Reason}
			}
			reasons[k].Count++
		}
	}
	for _, r := range reasons {
		d.Reasons = append(d.Reasons, *r)
	}
	slices.SortFunc(d.Reasons, func(a, b Reason) int {
		if a.Count != b.Count {
			return b.Count - a.Count
		}
		return strings.Compare(string(a.Stage)+string(a.Kind), string(b.Stage)+string(b.Kind))
	})
	return d, nil
}
