package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/feed"
	"github.com/datelinenews/dateline/pipeline/files"
	"github.com/datelinenews/dateline/pipeline/kafka"
	"github.com/datelinenews/dateline/pipeline/metrics"
)

type ingestCmd struct {
	Files []string `arg:"" optional:"" name:"files" help:"Files, folders or globs: .txt, .json, .jsonl, .html, .warc, each also with .gz; - or nothing is standard input."`

	Input   files.Form `placeholder:"FORM" help:"Form of standard input: txt, json, jsonl, html or warc. Default: told from how it begins."`
	MaxText size       `default:"2MiB" help:"Longest text of an article; a longer one is a dead letter."`
	DryRun  bool       `help:"Print the raw articles that would be sent, one a line, and send nothing. Of feeds nothing is remembered."`

	feedSettings
	kafkaSettings
	elasticSettings
	observeSettings
}

func (ingestCmd) Help() string {
	return `JSON goes as it is; texts and pages become raw articles in JSON. The key is the article's ID: its own, or one made from its URL, the file's name or its content. What is no article goes to the topic of dead letters, the rest is sent, and the exit code is 3.

Feeds are asked politely: robots.txt and Retry-After are heeded, what is unchanged isn't fetched again, and a feed that fails is asked less and less often. What has been sent is remembered in --state, and only once Kafka has it: a stop or a crash loses nothing. With --every a changed list is read again. Where --elasticsearch is set, what each poll came to is kept there, for Kibana's dashboards; articles go to Kafka alone, and nothing waits for Elasticsearch.

Examples:

    dateline ingest news/ --kafka localhost:9092
    cat feed.jsonl | dateline ingest --input jsonl
    dateline ingest --feed https://example.org/rss --dry-run
    dateline ingest --opml feeds.opml --every 15m`
}

func (c *ingestCmd) run(ctx context.Context, p *process) error {
	if err := c.checkEvery(c.Files); err != nil {
		return err
	}
	if c.Every > 0 && c.DryRun {
		return usagef("--every and --dry-run at once: a trial polls each feed once")
	}
	if !c.DryRun {
		if err := c.required(); err != nil {
			return err
		}
	}
	seen := c.observe(nil)
	in, err := c.input(ctx, p, seen)
	if err != nil {
		return err
	}
	defer in.close()
	s := &sending{maxText: int(c.MaxText)}
	if c.DryRun {
		s.topic, s.dead = &dryRun{w: p.out}, &dryRun{}
		return c.send(ctx, p, seen, in, s, "would be sent", "dead letter there would be")
	}
	notify := func(err error) {
		seen.Retried("kafka")
		in.log.Warn("trying again", "error", err)
	}
	attempts := 0 // the producer's own
	if c.Every > 0 {
		attempts = math.MaxInt // a broker that is away for long must not end what runs for ever
	}
	producer, err := kafka.NewProducer(kafka.ProducerConfig{Connection: c.connection(), Topic: c.Topic, Attempts: attempts, Notify: notify})
	if err != nil {
		return usageError{err}
	}
	defer producer.Close()
	letters, err := kafka.NewDeadLetters(kafka.ProducerConfig{Connection: c.connection(), Topic: c.DeadTopic, Attempts: attempts, Notify: notify})
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
	if err := seen.serve(&c.observeSettings, in.log, metrics.Check{Name: "kafka", Do: admin.Ping}); err != nil {
		return err
	}
	defer seen.close()
	s.topic, s.dead = producer, letters
	return c.send(ctx, p, seen, in, s, "sent to topic "+c.Topic, "dead letter kept in topic "+c.DeadTopic)
}

// input is what is sent.
type input struct {
	pipeline.Source
	feeds *feed.Source // nil: files
	size  func() (read, total int64)
	log   *slog.Logger
	close func()
}

// input opens the files or feeds.
func (c *ingestCmd) input(ctx context.Context, p *process, seen *observation) (*input, error) {
	in := &input{log: p.cli.console(p.err), size: func() (int64, int64) { return 0, -1 }}
	if c.Every > 0 {
		in.log = p.cli.logger(p.err)
	}
	if !c.some() {
		source, err := p.files(c.Files, c.Input)
		if err != nil {
			return nil, err
		}
		in.Source, in.close = source, func() { _ = source.Close() } // it was only read
		in.size = func() (int64, int64) { return source.Position(), source.Total() }
		return in, nil
	}
	how := &polling{path: "feeds.db", log: in.log, meter: seen.Feeds(), forget: c.DryRun}
	stopTelling := func() {}
	if len(c.Elasticsearch) > 0 && !c.DryRun {
		x, err := c.connect()
		if err != nil {
			return nil, err
		}
		how.teller = &pollTeller{write: x.WritePolls, host: hostName(), log: in.log}
		stop := how.teller.start(ctx, pollsPace)
		stopTelling = func() {
			stop()
			_ = x.Close() // nothing is under way
		}
	}
	source, closeAll, err := c.open(how)
	if err != nil {
		stopTelling()
		return nil, err
	}
	in.Source, in.feeds = source, source
	in.close = func() {
		closeAll() // no poll ends after it
		stopTelling()
	}
	return in, nil
}

// send sends all, shows how far it is, and sums up.
func (c *ingestCmd) send(ctx context.Context, p *process, seen *observation, in *input, s *sending, sentTo, deadIn string) error {
	started := time.Now()
	seen.Runner(s.stats(started))
	_, live := terminal(p.err)
	bar := &progress{w: p.err, live: live, stats: s.stats(started), size: in.size}
	where, _ := strings.CutPrefix(deadIn, "dead letter kept in ")
	if c.DryRun {
		where = ""
	}
	s.dead = &mourner{DeadLetters: s.dead, w: bar, where: where}
	var err error
	if c.Every > 0 {
		in.log.Info("polling", "feeds", in.feeds.Feeds(), "every", c.Every, "topic", c.Topic)
		s.dead.(*mourner).w = p.err
		watching, stop := context.WithCancel(ctx)
		go c.watchList(watching, in.log, in.feeds)
		err = s.all(ctx, in)
		stop()
		if errors.Is(err, context.Canceled) {
			err = nil // it was stopped, as it must be some day
		}
	} else {
		bar.start()
		err = s.all(ctx, in)
		bar.end()
	}
	sent, dead := s.counts()
	_, _ = fmt.Fprintf(p.err, "dateline: %s %s in %.1f s\n", plural(sent, "article"), sentTo, time.Since(started).Seconds()) // said, not needed
	if dead > 0 {
		noun, rest, _ := strings.Cut(deadIn, " letter")
		_, _ = fmt.Fprintf(p.err, "dateline: %s%s\n", plural(dead, noun+" letter"), rest)
	}
	switch {
	case err != nil:
	case dead > 0 && c.Every == 0:
		err = errDead
	case sent == 0 && c.Every == 0:
		err = errNothing
	}
	if in.feeds != nil {
		return feedsDone(p, in.feeds, err, c.Every > 0)
	}
	return err
}

// dryRun stands for topics that nothing is to be sent to. It prints the articles where it has a writer.
type dryRun struct{ w io.Writer }

func (d *dryRun) Produce(_ context.Context, messages []pipeline.Message) error {
	for _, m := range messages {
		if _, err := fmt.Fprintf(d.w, "%s\n", withID(m)); err != nil {
			return fmt.Errorf("write output: %w", err)
		}
	}
	return nil
}

func (d *dryRun) Bury(context.Context, []pipeline.DeadLetter) error { return nil }

// withID is a raw article on one line, with the ID that is its key.
func withID(m pipeline.Message) []byte {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(m.Value, &fields); err != nil {
		return m.Value // it has been read before, so this can't be
	}
	id, err := json.Marshal(string(m.Key))
	if err != nil {
		return m.Value
	}
	fields["id"] = id
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(fields); err != nil {
		return m.Value
	}
	return bytes.TrimSpace(b.Bytes())
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

// producer is a kafka.Producer.
type producer interface {
	Produce(ctx context.Context, messages []pipeline.Message) error
}

// sending sends messages to the raw topic, and to the dead letters those that can't be sent.
type sending struct {
	topic    producer
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
		if err := s.finish(ctx, source, b); err != nil {
			return err
		}
	}
}

// lastGrace is how long a batch that is on its way may take once the program is to stop.
const lastGrace = 10 * time.Second

// finish sends a batch and commits it, also where ctx is done meanwhile: what was sent and is not
// committed would be sent again.
func (s *sending) finish(ctx context.Context, source pipeline.Source, b *pipeline.Batch) error {
	work, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	defer context.AfterFunc(ctx, func() {
		time.AfterFunc(lastGrace, func() { cancel(context.Cause(ctx)) })
	})()
	if err := s.batch(work, b.Messages); err != nil {
		return err
	}
	if err := source.Commit(work, b); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
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
	err := s.topic.Produce(ctx, out)
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
