package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/datelinenews/dateline/extractor"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
)

// Runner moves articles from a Source through Extract into a Sink:
//
//	            jobs, any worker takes the next
//	         ┌─────────────► worker ─┐  decode, validate,
//	Source ► reader ───────► worker ─┤  extract
//	   ▲     │ waits while MaxBytes  │
//	   │     │ are in flight         ▼ each job's done
//	   │     └──────────────────► collector ──────────► writer ► Sink, DeadLetters
//	   │       the same jobs, in     cuts batches at      │ again and again,
//	   │       the order of reading  a size or an age     │ until it is stored
//	   └───────────── Commit, in the order of reading ◄───┘
//
// All steps run at once. Workers finish in any order, but the collector takes jobs in the order of
// reading, so batches are written and committed in that order: a commit never covers a message that
// isn't stored or dead-lettered, and the revisions of an article are written in theirs. No Write has
// two records with one ID.
//
// When the sink is down the writer retries, the bytes in flight reach their bound, and reading
// stops until it is up again.
//
// The zero value of each option is its default. A Runner may run once at a time.
type Runner struct {
	Source Source
	Sink   Sink
	Dead   DeadLetters
	// Extract analyses an article; see extractor.Extractor. It is called from Workers goroutines.
	Extract func(*extractor.Article) *extractor.Analysis

	// Workers is how many articles are extracted at once. Default: GOMAXPROCS.
	Workers int
	// MaxBytes bounds the messages in flight, read but not yet stored: their bytes, and 1 KiB for
	// each. A Read may go over it by what it returns; a message over it goes alone. Default: 16 MiB.
	MaxBytes int
	// MaxText is the limit on an article's text, in bytes. Default: extractor.MaxText.
	MaxText int
	// A batch is written when it has BatchRecords records (default 500) or its messages have
	// BatchBytes bytes (default 4 MiB, at most a quarter of MaxBytes), or when its first has waited
	// for BatchAge (default 1 s).
	BatchRecords int
	BatchBytes   int
	BatchAge     time.Duration
	// MinBackoff and MaxBackoff bound the wait before a Write, Bury or Commit is tried again: it
	// doubles from one to the other, and half of it is random. Defaults: 200 ms and 30 s.
	MinBackoff time.Duration
	MaxBackoff time.Duration
	// MaxAttempts ends the run after so many failures of one Write or Bury. Default: no end.
	MaxAttempts int
	// DrainTimeout bounds how long Run goes on, once ctx is done, to store and commit what it has
	// read. What would take longer, by the time that the last Write took, is left uncommitted, so
	// that the next run reads it again. Default: 30 s.
	DrainTimeout time.Duration
	// Observe, where set, hears how long each step took, for one message (StepDecode, StepExtract) or
	// a batch (the others), whether it failed or not. It is called from several goroutines.
	Observe func(step Step, took time.Duration)
	// Logger gets a line for each dead letter, warning and retry. Default: none.
	Logger *slog.Logger

	stats counters
}

// Step is what a Runner does with messages and takes time for.
type Step string

// The steps.
const (
	StepDecode  Step = "decode"
	StepExtract Step = "extract"
	StepStore   Step = "store"
	StepBury    Step = "bury"
	StepCommit  Step = "commit"
)

// perMessage is what a message weighs beside its bytes.
const perMessage = 1 << 10

// job is a message on its way.
type job struct {
	msg    Message
	weight int64
	// batch is set on the last message of what one Read returned: when it is stored, so is all.
	batch *Batch

	// done is closed when record or letter is set.
	done   chan struct{}
	id     string // the article's, where it is known
	record *Record
	letter *DeadLetter
}

// unit is what is written and committed at a time.
type unit struct {
	jobs []*job
}

// Run moves articles until the source is exhausted or ctx is done, and then stores and commits what
// it has read. It returns an error where reading fails, or where something that was read could not
// be stored in time; such messages are not committed, so that the next run reads them again.
func (r *Runner) Run(ctx context.Context) (Summary, error) {
	if r.Source == nil || r.Sink == nil || r.Dead == nil || r.Extract == nil {
		return Summary{}, errors.New("run: source, sink, dead letters and extract must all be set")
	}
	o := r.withDefaults()
	r.stats.reset()

	// What was read is worked on under a context of its own, which outlives ctx by DrainTimeout.
	drain, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	p := &pass{options: o, stats: &r.stats}
	defer context.AfterFunc(ctx, func() {
		p.deadline.Store(time.Now().Add(o.DrainTimeout).UnixNano())
		o.Logger.Info("stopping: storing what was read", "timeout", o.DrainTimeout)
		timer := time.NewTimer(o.DrainTimeout)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel(errDrain)
		case <-drain.Done():
		}
	})()

	g, work := errgroup.WithContext(drain)
	reading, stopReading := context.WithCancel(work)
	defer context.AfterFunc(ctx, stopReading)()
	defer stopReading()

	p.inFlight = semaphore.NewWeighted(int64(o.MaxBytes))
	p.jobs = make(chan *job)
	p.ordered = make(chan *job, 4*o.Workers)
	p.units = make(chan *unit)
	g.Go(func() error { return p.read(reading, work) })
	for range o.Workers {
		g.Go(func() error { return p.extract(work) })
	}
	g.Go(func() error { return p.collect(work) })
	g.Go(func() error { return p.write(work) })
	err := g.Wait()
	if errors.Is(err, errLeft) {
		o.Logger.Info("stopped before all that was read could be stored: the rest is not committed, and will be read again")
		err = nil
	}
	s := r.stats.summary()
	s.Stopped = ctx.Err() != nil
	if err != nil {
		return s, fmt.Errorf("run: %w", err)
	}
	return s, nil
}

var errDrain = errors.New("what was read could not be stored in time: it is not committed, and will be read again")

func (r *Runner) withDefaults() *Runner {
	o := &Runner{
		Source: r.Source, Sink: r.Sink, Dead: r.Dead, Extract: r.Extract,
		Workers: orInt(r.Workers, runtime.GOMAXPROCS(0)), MaxBytes: orInt(r.MaxBytes, 16<<20),
		MaxText: orInt(r.MaxText, extractor.MaxText), BatchRecords: orInt(r.BatchRecords, 500),
		BatchBytes: orInt(r.BatchBytes, 4<<20), BatchAge: orTime(r.BatchAge, time.Second),
		MinBackoff: orTime(r.MinBackoff, 200*time.Millisecond), MaxBackoff: orTime(r.MaxBackoff, 30*time.Second),
		MaxAttempts: r.MaxAttempts, DrainTimeout: orTime(r.DrainTimeout, 30*time.Second), Logger: r.Logger,
		Observe: r.Observe,
	}
	if o.Observe == nil {
		o.Observe = func(Step, time.Duration) {}
	}
	// Else a batch could wait for bytes that the bound doesn't let in.
	o.BatchBytes = min(o.BatchBytes, max(o.MaxBytes/4, 1))
	o.MaxBackoff = max(o.MinBackoff, o.MaxBackoff)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

func orInt(n, def int) int {
	if n <= 0 {
		return def
	}
	return n
}

func orTime(d, def time.Duration) time.Duration {
	if d <= 0 {
		return def
	}
	return d
}

// pass is one Run.
type pass struct {
	options  *Runner
	stats    *counters
	inFlight *semaphore.Weighted
	jobs     chan *job  // reader to workers
	ordered  chan *job  // reader to collector: the same jobs
	units    chan *unit // collector to writer
	// deadline is when what was read must be stored, in Unix nanoseconds; 0 while the run goes on.
	deadline atomic.Int64
}

// errLeft ends a pass that leaves what it has read to the next run.
var errLeft = errors.New("what was read is left to be read again")

// late says whether a write of n records would not end in time, where the last one, of so many, took so
// long.
func (p *pass) late(n, last int, took time.Duration) bool {
	deadline := p.deadline.Load()
	if deadline == 0 || last == 0 {
		return false
	}
	took = max(took, took*time.Duration(n)/time.Duration(last))
	return time.Now().Add(took + p.options.DrainTimeout/5).After(time.Unix(0, deadline))
}

// read turns the source's batches into jobs. What one Read returned is sent on whole even when
// reading is done by then, for only a whole batch can be committed.
func (p *pass) read(reading, work context.Context) error {
	defer close(p.jobs)
	defer close(p.ordered)
	for {
		b, err := p.options.Source.Read(reading)
		switch {
		case errors.Is(err, io.EOF), err != nil && reading.Err() != nil:
			return nil
		case err != nil:
			// Not returned at once: what was read before is stored first.
			p.stats.readError(fmt.Errorf("read: %w", err))
			p.options.Logger.Error("reading failed", "error", err)
			return nil
		case b == nil || len(b.Messages) == 0:
			continue
		}
		messages := b.Messages
		b.Messages = nil // they are the jobs' now; each goes when it is stored
		for i, m := range messages {
			j := &job{msg: m, done: make(chan struct{})}
			if i == len(messages)-1 {
				j.batch = b
			}
			j.weight = min(int64(len(m.Value)+perMessage), int64(p.options.MaxBytes))
			if err := p.inFlight.Acquire(work, j.weight); err != nil {
				return context.Cause(work)
			}
			p.stats.read(m)
			if !send(work, p.ordered, j) || !send(work, p.jobs, j) {
				return context.Cause(work)
			}
		}
	}
}

// send reports whether v was sent before ctx was done.
func send[T any](ctx context.Context, c chan<- T, v T) bool {
	select {
	case c <- v:
		return true
	case <-ctx.Done():
		return false
	}
}

// extract is one worker.
func (p *pass) extract(work context.Context) error {
	for j := range p.jobs {
		if work.Err() != nil {
			return context.Cause(work)
		}
		p.process(j)
		close(j.done)
	}
	return nil
}

// process sets the job's record or letter. A panic is the one article's failure.
func (p *pass) process(j *job) {
	stage := StageRead
	defer func() {
		if v := recover(); v != nil {
			buf := make([]byte, 8<<10)
			buf = buf[:runtime.Stack(buf, false)]
			p.options.Logger.Error("panic", whence(j.msg.Origin), "stage", string(stage), "value", fmt.Sprint(v), "stack", string(buf))
			p.fail(j, stage, KindPanic, fmt.Sprintf("panic: %v: this is a fault of dateline; please report it with the article", v))
		}
	}()
	if j.msg.Err != nil {
		k := KindOf(j.msg.Err)
		if k == KindOther {
			k = KindUnreadable
		}
		p.fail(j, stage, k, j.msg.Err.Error())
		return
	}
	stage = StageDecode
	began := time.Now()
	a, warnings, err := Decode(j.msg)
	p.options.Observe(StepDecode, time.Since(began))
	for _, w := range warnings {
		p.stats.warnings.Add(1)
		p.options.Logger.Warn("article has a fault", whence(j.msg.Origin), "fault", w)
	}
	if err != nil {
		p.fail(j, stage, KindOf(err), err.Error())
		return
	}
	j.id = a.ID
	stage = StageValidate
	if err := a.Validate(p.options.MaxText); err != nil {
		p.fail(j, stage, KindOf(err), err.Error())
		return
	}
	stage = StageExtract
	began = time.Now()
	rec := NewRecord(a, p.options.Extract(a), j.msg.Origin.Time)
	p.options.Observe(StepExtract, time.Since(began))
	p.stats.extracted.Add(1)
	j.record = &rec
}

// whence is where a message came from, for the log, with its trace where it has one.
func whence(o Origin) slog.Attr {
	if id := o.TraceID(); id != "" {
		return slog.Group("", "origin", o.String(), "trace_id", id)
	}
	return slog.String("origin", o.String())
}

// fail makes the job a dead letter.
func (p *pass) fail(j *job, stage Stage, kind Kind, reason string) {
	m := &j.msg
	j.record = nil
	j.letter = &DeadLetter{
		Value: m.Value, Format: m.Format, Key: m.Key, Name: m.Name, Origin: m.Origin,
		Stage: stage, Kind: kind, Reason: reason, Time: time.Now().UTC(), Partial: m.Err != nil,
	}
}

// collect takes jobs in the order of reading and cuts them into units.
func (p *pass) collect(work context.Context) error {
	defer close(p.units)
	var (
		u     *unit
		bytes int
		ids   = map[string]bool{}
		age   = time.NewTimer(time.Hour)
	)
	defer age.Stop()
	flush := func() bool {
		if u == nil {
			return true
		}
		ok := send(work, p.units, u)
		u, bytes = nil, 0
		clear(ids)
		return ok
	}
	for {
		var j *job
		var more bool
		select {
		case j, more = <-p.ordered:
		case <-age.C:
			if !flush() {
				return context.Cause(work)
			}
			continue
		case <-work.Done():
			return context.Cause(work)
		}
		if !more {
			flush()
			return context.Cause(work)
		}
	wait:
		for {
			select {
			case <-j.done:
				break wait
			case <-age.C: // a slow article doesn't hold back those before it
				if !flush() {
					return context.Cause(work)
				}
			case <-work.Done():
				return context.Cause(work)
			}
		}
		// Two revisions of one article must not meet in one Write.
		if j.record != nil && ids[j.record.ID] && !flush() {
			return context.Cause(work)
		}
		if u == nil {
			u = &unit{}
			age.Reset(p.options.BatchAge)
		}
		u.jobs = append(u.jobs, j)
		bytes += int(j.weight)
		if j.record != nil {
			ids[j.record.ID] = true
		}
		if (len(u.jobs) >= p.options.BatchRecords || bytes >= p.options.BatchBytes) && !flush() {
			return context.Cause(work)
		}
	}
}

// write stores units, buries their dead letters, and commits.
func (p *pass) write(work context.Context) error {
	var uncommitted *Batch
	var last int // records of the last unit, and how long they took
	var took time.Duration
	for u := range p.units {
		if p.late(len(u.jobs), last, took) {
			if uncommitted != nil { // its messages are stored, and may be written twice; that is all
				_ = p.commit(work, uncommitted)
			}
			return errLeft
		}
		began := time.Now()
		if err := p.store(work, u); err != nil {
			return err
		}
		last, took = len(u.jobs), time.Since(began)
		var weight int64
		for _, j := range u.jobs {
			weight += j.weight
			if j.batch != nil {
				uncommitted = j.batch
			}
		}
		if uncommitted != nil {
			// A failed commit doesn't hold up the work: a later one covers it.
			if err := p.commit(work, uncommitted); err != nil {
				p.options.Logger.Warn("commit failed; the next one covers it", "error", err)
			} else {
				uncommitted = nil
			}
		}
		p.inFlight.Release(weight)
		p.stats.finished(u.jobs)
	}
	if uncommitted != nil && work.Err() == nil {
		if err := p.retry(work, StepCommit, func() error { return p.commit(work, uncommitted) }); err != nil {
			return err
		}
	}
	if err := p.stats.err(); err != nil {
		return err
	}
	return context.Cause(work)
}

// commit commits once.
func (p *pass) commit(work context.Context, b *Batch) error {
	began := time.Now()
	defer func() { p.options.Observe(StepCommit, time.Since(began)) }()
	return p.options.Source.Commit(work, b)
}

// store writes the unit's records and buries what can't be stored, and returns when all is done.
func (p *pass) store(work context.Context, u *unit) error {
	var recs []Record
	var from []*job
	for _, j := range u.jobs {
		if j.record != nil {
			recs = append(recs, *j.record)
			from = append(from, j)
		}
	}
	if len(recs) > 0 {
		var rejected *RejectError
		err := p.retry(work, StepStore, func() error {
			began := time.Now()
			err := p.options.Sink.Write(work, recs)
			p.options.Observe(StepStore, time.Since(began))
			if errors.As(err, &rejected) {
				return nil
			}
			return err
		})
		if err != nil {
			return err
		}
		if rejected != nil {
			for _, i := range slices.Sorted(maps.Keys(rejected.Reasons)) {
				if i < 0 || i >= len(from) {
					return fmt.Errorf("write: the sink rejected record %d of %d", i, len(from))
				}
				p.fail(from[i], StageStore, KindRejected, rejected.Reasons[i])
			}
		}
	}
	var letters []DeadLetter
	for _, j := range u.jobs {
		if j.letter != nil {
			letters = append(letters, *j.letter)
		}
	}
	if len(letters) == 0 {
		return nil
	}
	err := p.retry(work, StepBury, func() error {
		began := time.Now()
		defer func() { p.options.Observe(StepBury, time.Since(began)) }()
		return p.options.Dead.Bury(work, letters)
	})
	if err != nil {
		return err
	}
	for _, j := range u.jobs {
		if l := j.letter; l != nil {
			p.options.Logger.Warn("dead letter", whence(l.Origin), "id", j.id, "stage", string(l.Stage), "kind", string(l.Kind), "reason", l.Reason)
		}
	}
	return nil
}
