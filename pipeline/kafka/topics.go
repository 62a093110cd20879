package kafka

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
)

// Pattern compiles a regular expression (RE2) for the names of topics. It must match a whole name.
func Pattern(expr string) (*regexp.Regexp, error) {
	if _, err := regexp.Compile(expr); err != nil { // its error quotes what was given
		return nil, fmt.Errorf("the pattern of topics can't be read: want a regular expression such as news-.*: %w", err)
	}
	return regexp.Compile("^(?:" + expr + ")$")
}

// Match returns the names of the topics that a pattern matches, in order, but for Kafka's own, which
// begin with "__", and those in except. Of topics that the account may not describe the broker says nothing.
func (a *Admin) Match(ctx context.Context, pattern *regexp.Regexp, except ...string) ([]string, error) {
	return a.link.match(ctx, pattern, except)
}

func (l *link) match(ctx context.Context, pattern *regexp.Regexp, except []string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	// The client keeps what it knows of the cluster for some seconds, so that asking costs little.
	res, err := l.client.Metadata(ctx, &kafka.MetadataRequest{})
	if err != nil {
		return nil, fmt.Errorf("list the topics: %w", err)
	}
	var names []string
	for _, t := range res.Topics {
		// One with an error is being made or deleted.
		if t.Error == nil && len(t.Partitions) > 0 && !t.Internal && !strings.HasPrefix(t.Name, "__") &&
			pattern.MatchString(t.Name) && !slices.Contains(except, t.Name) {
			names = append(names, t.Name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// waitTopics waits until a broker answers and there is a topic to read, and returns those that there are. Joining
// for one that is missing would keep the group from all: kafka-go then assigns no partition of any.
func (s *Source) waitTopics() ([]string, error) {
	for n := 0; ; n++ {
		topics, err := s.lookup()
		switch {
		case s.ctx.Err() != nil:
			return nil, s.ctx.Err()
		case permanent(err):
			return nil, err
		case err != nil:
			s.cfg.Notify(err) // a missing one, too
		}
		if len(topics) > 0 {
			return topics, nil
		}
		if err := pause(s.ctx, n); err != nil {
			return nil, err
		}
	}
}

// lookup returns the topics to read that there are, and an error where there is none, or one is missing.
func (s *Source) lookup() ([]string, error) {
	ctx, cancel := context.WithTimeout(s.ctx, dialTimeout)
	defer cancel()
	if s.cfg.Pattern == nil {
		return s.link.existing(ctx, s.cfg.Topics)
	}
	conn, err := s.link.dial(ctx) // for its error, which says more
	if err != nil {
		return nil, err
	}
	_ = conn.Close() // nothing was written
	topics, err := s.link.match(ctx, s.cfg.Pattern, s.cfg.Except)
	if err == nil && len(topics) == 0 {
		err = fmt.Errorf("no topic matches %s, or none that this account may read", s.cfg.Pattern)
	}
	return topics, err
}

// changing reports whether the topics to read may be others one day, while some are still there.
func (s *Source) changing() bool { return s.cfg.Pattern != nil || len(s.cfg.Topics) > 1 }

// present returns the topics to read that there are now.
func (s *Source) present(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if s.cfg.Pattern != nil {
		return s.link.match(ctx, s.cfg.Pattern, s.cfg.Except)
	}
	topics, err := s.link.existing(ctx, s.cfg.Topics)
	if errors.Is(err, kafka.UnknownTopicOrPartition) {
		err = nil // it was told when the group was joined, or is when it is joined without it
	}
	return topics, err
}

// watchTopics returns when there are other topics to read than those that are read, or ctx ends.
func (s *Source) watchTopics(ctx context.Context, reading []string) {
	tick := time.NewTicker(s.cfg.Look)
	defer tick.Stop()
	missed := false
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		topics, err := s.present(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			s.cfg.Notify(err)
		case slices.Equal(topics, reading):
			missed = false
		case missed || slices.ContainsFunc(topics, func(t string) bool { return !slices.Contains(reading, t) }):
			return
		default:
			// A broker that has just started may not know all topics yet. One that is not there the next
			// time either is gone.
			missed = true
		}
	}
}

// existing returns those of the topics that exist, in their order, and an error that names those that don't.
func (l *link) existing(ctx context.Context, topics []string) ([]string, error) {
	conn, err := l.dial(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	var there []string
	var missing []error
	for _, t := range topics {
		_, err := conn.ReadPartitions(t)
		switch {
		case err == nil:
			there = append(there, t)
		case errors.Is(err, kafka.UnknownTopicOrPartition):
			missing = append(missing, noTopic(t))
		default:
			return nil, fmt.Errorf("look up topic %q: %w", t, err)
		}
	}
	return there, errors.Join(missing...)
}

// noTopic is the error of a topic that does not exist.
func noTopic(name string) error {
	return fmt.Errorf("topic %q does not exist: make it with `dateline setup`: %w", name, kafka.UnknownTopicOrPartition)
}
