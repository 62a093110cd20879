package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/elastic"
	"github.com/datelinenews/dateline/pipeline/kafka"
)

// teller tells Elasticsearch how a worker does, for Kibana's dashboards, in numbers since it told
// last.
type teller struct {
	index *elastic.Index
	host  string
	stats func() pipeline.Stats
	lag   func(context.Context) ([]kafka.Lag, error)
	last  pipeline.Stats
}

// tell tells as often as the counts are logged, and once more at the end, until it is stopped. An index
// on this machine is not told.
func (c *workCmd) tell(ctx context.Context, log *slog.Logger, runner *pipeline.Runner, source *kafka.Source, sink any) (stop func()) {
	x, ok := sink.(*elastic.Index)
	if !ok || c.Stats <= 0 {
		return func() {}
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	t := &teller{index: x, host: host, stats: runner.Stats, lag: source.Lag}
	told := func(ctx context.Context) {
		if err := t.tell(ctx, time.Now()); errors.Is(err, elastic.ErrSetup) {
			log.Debug("health is not kept", "error", err)
		} else if err != nil {
			log.Warn("health is not kept", "error", err)
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(c.Stats)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				told(ctx)
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() {
		cancel()
		<-done
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		t.lag = nil // its partitions may be another's by now
		told(last)
	}
}

func (t *teller) tell(ctx context.Context, now time.Time) error {
	s := t.stats()
	h := elastic.Health{
		Host: t.host, Time: now, Read: s.Read - t.last.Read, Stored: s.Stored - t.last.Stored, Retries: s.Retries - t.last.Retries,
		Bytes: s.Bytes, Oldest: s.Oldest,
	}
	for cause, n := range s.Causes {
		if n -= t.last.Causes[cause]; n > 0 {
			h.Dead = append(h.Dead, elastic.DeadCount{Stage: string(cause.Stage), Reason: string(cause.Kind), Count: n})
		}
	}
	slices.SortFunc(h.Dead, func(a, b elastic.DeadCount) int { return cmp.Compare(a.Stage+a.Reason, b.Stage+b.Reason) })
	if t.lag != nil {
		// Without an answer there is no number, which is better than a wrong one.
		if lags, err := t.lag(ctx); err == nil {
			var sum int64
			for _, l := range lags {
				sum += l.Lag
			}
			h.Lag = &sum
		}
	}
	if err := t.index.WriteHealth(ctx, h); err != nil {
		return err // these numbers are told the next time
	}
	t.last = s
	return nil
}
