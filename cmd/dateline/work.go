package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/kafka"
	"github.com/datelinenews/dateline/pipeline/metrics"
	"github.com/datelinenews/dateline/pipeline/search"
)

type workCmd struct {
	Stats time.Duration `default:"1m" help:"How often the counts are logged, and kept in Elasticsearch for dashboards. 0: never."`
	Lost  string        `enum:"earliest,latest,fail" default:"earliest" help:"Where to go on in a partition whose next message was deleted before it was read: earliest, latest, or fail, which ends the worker."`

	extractionSettings
	indexSettings
	kafkaSettings
	readSettings
	elasticSettings
	observeSettings
}

func (workCmd) Help() string {
	return `Workers of one group share the topic's partitions. A message is committed when its article is stored, or is kept as a dead letter: after a crash nothing is lost, and nothing is stored twice. SIGTERM or Ctrl-C stops reading, stores and commits what was read, and ends with exit code 0, dead letters or not: a worker is never done.

Memory is kept under about 300 MB; GOMEMLIMIT, where set, decides instead.

Examples:

    dateline work --kafka localhost:9092 --elasticsearch http://localhost:9200
    dateline work --kafka localhost:9092 --index ./dateline-index
    dateline work --topics news-de,news-en
    dateline work --topic-pattern 'news-.*'   a new topic news-fr is read within some ten seconds
    dateline work --metrics :9464             then http://localhost:9464/metrics, /healthz and /readyz`
}

// memoryLimit is what the Go runtime tries to stay under.
const memoryLimit = 160 << 20

// limitMemory has the garbage collector try to stay under a limit, unless GOMEMLIMIT has set one. The
// code, the models and prose's tables in the binary come on top: some 45 MB, which processes share.
func (p *process) limitMemory(bytes int64) {
	if p.sources.env["GOMEMLIMIT"] == "" {
		debug.SetMemoryLimit(bytes)
	}
}

func (c *workCmd) run(ctx context.Context, p *process) (err error) {
	started := false
	defer func() {
		if !started && ctx.Err() != nil { // stopped before there was anything to do
			err = nil
		}
	}()
	if err := c.required(); err != nil {
		return err
	}
	topics, pattern, err := c.chosen(&c.readSettings)
	if err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return err
	}
	p.limitMemory(memoryLimit)
	log := p.cli.logger(p.err)
	if err := ping(ctx, c.connection()); err != nil {
		return err
	}
	sink, name, err := c.sink(ctx, p)
	if err != nil {
		return err
	}
	defer func() {
		if err := sink.Close(); err != nil {
			log.Error("closing the index failed", "error", err)
		}
	}()
	x, err := newCorrectedEngine(ctx, &c.extractionSettings, c.store(sink, c.Index, false))
	if err != nil {
		return err
	}
	seen := c.observe(x)
	notify := func(err error) {
		seen.Retried("kafka")
		log.Warn("trying again", "error", err)
	}
	letters, err := kafka.NewDeadLetters(kafka.ProducerConfig{Connection: c.connection(), Topic: c.DeadTopic, Notify: notify})
	if err != nil {
		return usageError{err}
	}
	defer letters.Close()
	source, err := kafka.NewSource(kafka.SourceConfig{
		Connection: c.connection(), Topics: topics, Pattern: pattern, Except: []string{c.DeadTopic}, Group: c.Group,
		Joining: func(topics []string) { log.Info("joining the group", "topics", strings.Join(topics, ",")) },
		Start:   kafka.Policy(c.KafkaStart), OutOfRange: kafka.Policy(c.Lost), Notify: notify,
	})
	if err != nil {
		return usageError{err}
	}
	defer source.Close()
	runner := &pipeline.Runner{
		Source: source, Sink: sink, Dead: letters, Extract: x.Extract, Workers: c.Workers, MaxText: int(c.MaxText), Logger: log,
		Observe: seen.Observe,
	}
	seen.Runner(runner.Stats)
	checks := append([]metrics.Check{{Name: "kafka", Do: source.Check}}, seen.watchIndex(sink)...)
	if err := seen.serve(&c.observeSettings, log, checks...); err != nil {
		return err
	}
	defer seen.close()
	log.Info("working", "topics", cmp.Or(c.TopicPattern, strings.Join(topics, ",")), "group", c.Group, "into", name, "engine", c.Engine, "version", x.Version())
	go x.watch(ctx, log)
	if c.Metrics != "" {
		go seen.watchLag(ctx, log, source)
	}
	stop, stopTelling := c.report(ctx, log, runner), c.tell(ctx, log, runner, source, sink)
	started = true
	sum, err := runner.Run(ctx)
	stop()
	stopTelling()
	log.Info("stopped", counts(sum.Stats)...)
	return err
}

// sink is where the articles go: Elasticsearch, or the embedded index where one is named.
func (c *workCmd) sink(ctx context.Context, p *process) (store, string, error) {
	if len(c.Elasticsearch) > 0 && !p.given["index"] {
		s, err := c.connect()
		if err != nil {
			return nil, "", err
		}
		// A wrong address or account is better known now than from a log of retries.
		if _, err := s.Search(ctx, search.Query{Limit: 1}); err != nil {
			_ = s.Close() // that it does not answer says more
			return nil, "", err
		}
		return s, "Elasticsearch at " + withoutPasswords(c.Elasticsearch), nil
	}
	if !p.given["index"] && p.sources.origin("index") == "" {
		return nil, "", usagef("nowhere to store: give --elasticsearch http://localhost:9200 (or %s), or --index ./dateline-index for an index on this machine", envName("elasticsearch"))
	}
	s, err := openIndex(c.Index)
	return s, c.Index, err
}

// report logs the counts from time to time, until it is stopped.
func (c *workCmd) report(ctx context.Context, log *slog.Logger, runner *pipeline.Runner) (stop func()) {
	if c.Stats <= 0 {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(c.Stats)
		defer tick.Stop()
		last := 0
		for {
			select {
			case <-tick.C:
				s := runner.Stats()
				log.Info("counts", append(counts(s), "per_second", fmt.Sprintf("%.1f", float64(s.Stored-last)/c.Stats.Seconds()))...)
				last = s.Stored
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

func counts(s pipeline.Stats) []any {
	return []any{"read", s.Read, "stored", s.Stored, "dead", s.DeadTotal(), "warnings", s.Warnings, "retries", s.Retries}
}
