package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/elastic"
	"github.com/datelinenews/dateline/pipeline/feed"
	"github.com/datelinenews/dateline/pipeline/kafka"
)

// teller tells Elasticsearch how a worker does, for Kibana's dashboards, in numbers since it told
// last.
type teller struct {
	write func(context.Context, elastic.Health) error
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
	t := &teller{write: x.WriteHealth, host: hostName(), stats: runner.Stats, lag: source.Lag}
	told := func(ctx context.Context) {
		if err := t.tell(ctx, time.Now()); errors.Is(err, elastic.ErrSetup) {
			log.Debug("health is not kept", "error", err)
		} else if err != nil {
			log.Warn("health is not kept", "error", err)
		}
	}
	return atEach(ctx, c.Stats, told, func(ctx context.Context) {
		t.lag = nil // its partitions may be another's by now
		told(ctx)
	})
}

// atEach calls do at each tick, until it is stopped; then last, once, for which it leaves five seconds.
func atEach(ctx context.Context, pace time.Duration, do, last func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(pace)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				do(ctx)
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() {
		cancel()
		<-done
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		last(ctx)
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
			h.Waiting = map[string]int64{}
			for _, l := range lags {
				sum += l.Lag
				if l.Lag > 0 {
					h.Waiting[l.Topic+"/"+strconv.Itoa(l.Partition)] = l.Lag
				}
			}
			h.Lag = &sum
		}
	}
	if err := t.write(ctx, h); err != nil {
		return err // these numbers are told the next time
	}
	t.last = s
	return nil
}

func hostName() string {
	host, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return host
}

// pollsPace is how often polls of feeds are told, and pollsKept how many are kept where Elasticsearch
// is away: those of 500 feeds every 15 minutes over 5 hours. What feeds are due and what has been read
// of them is in their state, so that only charts lack what goes beyond.
const (
	pollsPace = time.Minute
	pollsKept = 10_000
)

// pollTeller tells Elasticsearch what polls of feeds came to, for Kibana's dashboards.
type pollTeller struct {
	write func(context.Context, []elastic.Poll) error
	host  string
	log   *slog.Logger

	mu    sync.Mutex
	polls []elastic.Poll
	lost  int    // were dropped
	why   string // the last failure that was logged
}

// polled notes a poll. It is called from several goroutines.
func (t *pollTeller) polled(r feed.Result) {
	p := elastic.Poll{
		Host: t.host, Time: r.Time, Took: r.Took, URL: shownFeed(r.URL), Title: r.Title, Outcome: r.Outcome(), Reason: r.Reason(),
		Articles: r.New, PutOff: r.PutOff, Failures: r.Failures, Succeeded: r.Succeeded,
	}
	if r.Err != nil {
		p.Error = r.Err.Error()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.polls = append(t.polls, p)
	t.bound()
}

// bound drops the oldest polls beyond what is kept.
func (t *pollTeller) bound() {
	if n := len(t.polls) - pollsKept; n > 0 {
		t.polls, t.lost = slices.Delete(t.polls, 0, n), t.lost+n
	}
}

// tell tells what there is. What can't be told is told the next time; why it can't is logged once.
func (t *pollTeller) tell(ctx context.Context) {
	t.mu.Lock()
	polls := t.polls
	t.polls = nil
	t.mu.Unlock()
	if len(polls) == 0 {
		return
	}
	err := t.write(ctx, polls)
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		if t.lost > 0 {
			t.log.Warn("polls of feeds were dropped, for they could not be told", "polls", t.lost)
		}
		t.lost, t.why = 0, ""
		return
	}
	t.polls = append(polls, t.polls...)
	t.bound()
	if err.Error() != t.why {
		t.why = err.Error()
		t.log.Warn("polls of feeds are not kept for dashboards", "error", err)
	}
}

// start tells at each tick, until it is stopped; then once more.
func (t *pollTeller) start(ctx context.Context, pace time.Duration) (stop func()) {
	return atEach(ctx, pace, t.tell, t.tell)
}
