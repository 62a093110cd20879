package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/files"
	"github.com/datelinenews/dateline/pipeline/kafka"
	"github.com/datelinenews/dateline/pipeline/metrics"
)

type ingestCmd struct {
	Files []string `arg:"" optional:"" name:"files" help:"Files, folders or globs: .txt, .json, .jsonl, .html, each also with .gz; - or nothing is standard input."`

	Input   files.Form `placeholder:"FORM" help:"Form of standard input: txt, json, jsonl or html. Default: told from how it begins."`
	MaxText size       `default:"2MiB" help:"Longest text of an article; a longer one is a dead letter."`

	kafkaSettings
	observeSettings
}

func (ingestCmd) Help() string {
	return `JSON goes as it is; texts and pages become raw articles in JSON. The key is the article's ID: its own, or one made from its URL, the file's name or its content. What is no article goes to the topic of dead letters, the rest is sent, and the exit code is 3.

Examples:

    dateline ingest news/ --kafka localhost:9092
    cat feed.jsonl | dateline ingest --input jsonl`
}

func (c *ingestCmd) run(ctx context.Context, p *process) error {
	if err := c.required(); err != nil {
		return err
	}
	source, err := p.files(c.Files, c.Input)
	if err != nil {
		return err
	}
	defer source.Close()
	seen := c.observe(nil)
	notify := func(err error) {
		seen.Retried("kafka")
		p.cli.console(p.err).Warn("trying again", "error", err)
	}
	producer, err := kafka.NewProducer(kafka.ProducerConfig{Connection: c.connection(), Topic: c.Topic, Notify: notify})
	if err != nil {
		return usageError{err}
	}
	defer producer.Close()
	letters, err := kafka.NewDeadLetters(kafka.ProducerConfig{Connection: c.connection(), Topic: c.DeadTopic, Notify: notify})
	if err != nil {
		return usageError{err}
	}
	defer letters.Close()
	admin, err := kafka.NewAdmin(c.connection())
	if err != nil {
		return usageError{err}
	}
	defer admin.Close()
	if err := admin.Ping(ctx); err != nil {
		return err
	}
	if err := seen.serve(&c.observeSettings, p.cli.console(p.err), metrics.Check{Name: "kafka", Do: admin.Ping}); err != nil {
		return err
	}
	defer seen.close()

	s := &sending{producer: producer, maxText: int(c.MaxText)}
	started := time.Now()
	_, live := terminal(p.err)
	seen.Runner(s.stats(started))
	bar := &progress{w: p.err, live: live, stats: s.stats(started), size: func() (int64, int64) { return source.Position(), source.Total() }}
	s.dead = &mourner{DeadLetters: letters, w: bar, where: "topic " + c.DeadTopic}
	bar.start()
	err = s.all(ctx, source)
	bar.end()
	sent, dead := s.counts()
	_, _ = fmt.Fprintf(p.err, "dateline: %s sent to topic %s in %.1f s\n", plural(sent, "article"), c.Topic, time.Since(started).Seconds()) // said, not needed
	switch {
	case err != nil:
		return err
	case dead > 0:
		_, _ = fmt.Fprintf(p.err, "dateline: %s kept in topic %s\n", plural(dead, "dead letter"), c.DeadTopic)
		return errDead
	case sent == 0:
		return errors.New("there were no articles to read")
	}
	return nil
}

// ping is kafka.Admin's.
func ping(ctx context.Context, c kafka.Connection) error {
	admin, err := kafka.NewAdmin(c)
	if err != nil {
		return usageError{err}
	}
	defer admin.Close()
	return admin.Ping(ctx)
}

// sending sends messages to the raw topic, and to the dead letters those that can't be sent.
type sending struct {
	producer *kafka.Producer
	dead     pipeline.DeadLetters
	maxText  int
	counters sendCounters
}

// all sends all that the source has.
func (s *sending) all(ctx context.Context, source pipeline.Source) error {
	for {
		b, err := source.Read(ctx)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read: %w", err)
		}
		if err := s.batch(ctx, b.Messages); err != nil {
			return err
		}
		if err := source.Commit(ctx, b); err != nil {
			return fmt.Errorf("commit: %w", err)
		}
	}
}

func (s *sending) batch(ctx context.Context, messages []pipeline.Message) error {
	var out []pipeline.Message
	var letters []pipeline.DeadLetter
	bury := func(m pipeline.Message, stage pipeline.Stage, kind pipeline.Kind, reason string) {
		letters = append(letters, pipeline.DeadLetter{
			Value: m.Value, Name: m.Name, Format: m.Format, Key: m.Key, Origin: m.Origin,
			Stage: stage, Kind: kind, Reason: reason, Time: time.Now().UTC(), Partial: m.Err != nil,
		})
	}
	var read int64
	for _, m := range messages {
		read += int64(len(m.Value))
		raw, err := rawMessage(m, s.maxText)
		if err != nil {
			stage := pipeline.StageDecode
			if m.Err != nil {
				stage = pipeline.StageRead
			}
			bury(m, stage, pipeline.KindOf(err), err.Error())
			continue
		}
		out = append(out, raw)
	}
	err := s.producer.Produce(ctx, out)
	var rejected *pipeline.RejectError
	switch {
	case errors.As(err, &rejected):
		for _, i := range slices.Sorted(maps.Keys(rejected.Reasons)) {
			bury(out[i], pipeline.StageStore, pipeline.KindRejected, rejected.Reasons[i])
		}
		s.counters.add(len(out)-len(rejected.Reasons), letters, read)
	case err != nil:
		return err
	default:
		s.counters.add(len(out), letters, read)
	}
	if len(letters) == 0 {
		return nil
	}
	if err := s.dead.Bury(ctx, letters); err != nil {
		return fmt.Errorf("bury: %w", err)
	}
	return nil
}

func (s *sending) counts() (sent, dead int) {
	st := s.counters.get()
	return st.Stored, st.DeadTotal()
}

// stats is what the progress shows.
func (s *sending) stats(started time.Time) func() pipeline.Stats {
	return func() pipeline.Stats {
		st := s.counters.get()
		st.Duration = time.Since(started)
		return st
	}
}

// sendCounters count what is sent; progress and metrics read them meanwhile.
type sendCounters struct {
	mu     sync.Mutex
	sent   int
	causes map[pipeline.Cause]int
	bytes  int64
}

func (c *sendCounters) add(sent int, letters []pipeline.DeadLetter, bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent += sent
	if c.causes == nil {
		c.causes = map[pipeline.Cause]int{}
	}
	for _, l := range letters {
		c.causes[pipeline.Cause{Stage: l.Stage, Kind: l.Kind}]++
	}
	c.bytes += bytes
}

func (c *sendCounters) get() pipeline.Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := pipeline.Stats{Read: c.sent, Stored: c.sent, ReadBytes: c.bytes, Causes: maps.Clone(c.causes), Dead: map[pipeline.Stage]int{}}
	for cause, n := range c.causes {
		s.Dead[cause.Stage] += n
		s.Read += n
	}
	return s
}
