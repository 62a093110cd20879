package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/datelinenews/dateline/pipeline"
)

// DeadLetters keeps dead letters in a topic, as JSON under the message's own key. It implements
// pipeline.DeadLetters and is safe for concurrent use.
type DeadLetters struct{ p *Producer }

// NewDeadLetters writes to cfg.Topic, by default dateline-dead. The caller closes it.
func NewDeadLetters(cfg ProducerConfig) (*DeadLetters, error) {
	cfg.Topic = cmp.Or(cfg.Topic, DeadTopic)
	// Base64 makes a third more of what was at most as long as a raw message; see EnsureTopics.
	cfg.MaxMessageBytes = cmp.Or(cfg.MaxMessageBytes, deadMessageBytes)
	p, err := NewProducer(cfg)
	if err != nil {
		return nil, err
	}
	return &DeadLetters{p}, nil
}

// keptBytes are the bytes kept of a message that is too large to bury whole.
const keptBytes = 256 << 10

// Bury implements pipeline.DeadLetters. A letter that the topic does not take whole is kept in
// part, marked so: the whole is where its origin says.
func (d *DeadLetters) Bury(ctx context.Context, letters []pipeline.DeadLetter) error {
	messages := make([]pipeline.Message, len(letters))
	for i, l := range letters {
		m, err := deadMessage(l)
		if err != nil {
			return err
		}
		messages[i] = m
	}
	err := d.p.Produce(ctx, messages)
	var rejected *pipeline.RejectError
	if !errors.As(err, &rejected) {
		return err
	}
	var parts []pipeline.Message
	for i, l := range letters {
		if _, ok := rejected.Reasons[i]; !ok {
			continue
		}
		l.Value = l.Value[:min(len(l.Value), keptBytes)]
		l.Partial = true
		m, err := deadMessage(l)
		if err != nil {
			return err
		}
		parts = append(parts, m)
	}
	return d.p.Produce(ctx, parts)
}

// Close lets go of the connections.
func (d *DeadLetters) Close() error { return d.p.Close() }

func deadMessage(l pipeline.DeadLetter) (pipeline.Message, error) {
	b, err := l.MarshalJSON()
	if err != nil {
		return pipeline.Message{}, fmt.Errorf("bury %s: %w", l.Origin, err)
	}
	return pipeline.Message{Key: l.Key, Value: b, Origin: pipeline.Origin{Trace: l.Origin.Trace}}, nil
}
