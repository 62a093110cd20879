package pipeline_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/datelinenews/dateline/extractor"
	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/pipelinetest"
)

// nothing is an extractor that finds nothing, quickly.
func nothing(*extractor.Article) *extractor.Analysis { return &extractor.Analysis{Version: "test"} }

func raw(id, body string) []byte {
	b, err := json.Marshal(map[string]string{"id": id, "text": body})
	if err != nil {
		panic(err)
	}
	return b
}

func corpus(n int) (values [][]byte, ids []string) {
	for i := range n {
		id := fmt.Sprintf("a-%05d", i)
		values, ids = append(values, raw(id, "The bridge at Port Ada is open again.")), append(ids, id)
	}
	return values, ids
}

// quick is a runner whose waits are short.
func quick(src pipeline.Source, sink pipeline.Sink, dead pipeline.DeadLetters) *pipeline.Runner {
	return &pipeline.Runner{
		Source: src, Sink: sink, Dead: dead, Extract: nothing, Workers: 4, BatchRecords: 20,
		BatchAge: 5 * time.Millisecond, MinBackoff: time.Millisecond, MaxBackoff: 4 * time.Millisecond,
	}
}

func TestRunStoresEverything(t *testing.T) {
	values, ids := corpus(1000)
	log := pipelinetest.NewLog(values...)
	sink, dead := &pipelinetest.MemorySink{}, &pipelinetest.MemoryDead{}
	r := quick(log.Source(), sink, dead)
	sum, err := r.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := sink.IDs(); !slices.Equal(got, ids) {
		t.Errorf("%d records stored, want %d", len(got), len(ids))
	}
	if log.Committed() != len(values) {
		t.Errorf("%d messages committed, want %d", log.Committed(), len(values))
	}
	if sum.Read != 1000 || sum.Stored != 1000 || sum.Extracted != 1000 || sum.DeadTotal() != 0 || sum.Bytes != 0 || sum.Stopped || sum.Duration <= 0 {
		t.Errorf("summary %+v", sum)
	}
}

// TestRunBadMessages: each bad message is a dead letter with its stage, its reason and its bytes,
// and blocks nothing.
func TestRunBadMessages(t *testing.T) {
	tests := []struct {
		value, reason string
		stage         pipeline.Stage
	}{
		{"", "empty", pipeline.StageDecode},
		{"not JSON", "not valid JSON", pipeline.StageDecode},
		{`{"id":"cut","text":"The bri`, "ends early", pipeline.StageDecode},
		{"\x00\x01\xff\xfe\x00binary", "binary", pipeline.StageDecode},
		{`{"id":"latin","text":"caf` + "\xe9" + `"}`, "0xe9", pipeline.StageDecode},
		{`{"id":"bare"}`, "no text", pipeline.StageValidate},
		{`{"id":"long","text":"` + strings.Repeat("long ", 2000) + `"}`, "too long", pipeline.StageValidate},
		{`{"id":"bomb","text":"boom"}`, "panic: boom", pipeline.StageExtract},
		{`{"id":"unwanted","text":"no index takes this"}`, "mapping says no", pipeline.StageStore},
	}
	values, ids := corpus(60)
	var all [][]byte
	for i, v := range values {
		all = append(all, v)
		if i%5 == 0 && i/5 < len(tests) {
			all = append(all, []byte(tests[i/5].value))
		}
	}
	log := pipelinetest.NewLog(all...)
	sink, dead := &pipelinetest.MemorySink{Reject: func(r pipeline.Record) string {
		if r.ID == "unwanted" {
			return "mapping says no"
		}
		return ""
	}}, &pipelinetest.MemoryDead{}
	r := quick(log.Source(), sink, dead)
	r.MaxText = 5000
	r.Extract = func(a *extractor.Article) *extractor.Analysis {
		if a.ID == "bomb" {
			panic("boom")
		}
		return nothing(a)
	}
	sum, err := r.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := sink.IDs(); !slices.Equal(got, ids) {
		t.Errorf("stored %q, want %q", got, ids)
	}
	if log.Committed() != len(all) {
		t.Errorf("%d messages committed, want %d", log.Committed(), len(all))
	}
	letters := dead.Letters()
	if len(letters) != len(tests) || sum.DeadTotal() != len(tests) {
		t.Fatalf("%d dead letters, %v in the summary, want %d", len(letters), sum.Dead, len(tests))
	}
	for i, want := range tests { // they are buried in the order of reading
		got := letters[i]
		if got.Stage != want.stage || !strings.Contains(got.Reason, want.reason) || string(got.Value) != want.value || got.Partial ||
			got.Origin.Offset != int64(i*6+1) || got.Time.IsZero() {
			t.Errorf("letter %d is %+v, want stage %s, reason %q and the bytes", i, got, want.stage, want.reason)
		}
	}
}

// slowSink takes its time for each record.
type slowSink struct {
	pipelinetest.MemorySink
	each time.Duration
	most int
}

func (s *slowSink) Write(ctx context.Context, recs []pipeline.Record) error {
	s.most = max(s.most, len(recs))
	select {
	case <-time.After(time.Duration(len(recs)) * s.each):
	case <-ctx.Done():
		return ctx.Err()
	}
	return s.MemorySink.Write(ctx, recs)
}

// A run that is stopped ends in time and in order, however slow the sink is: what it could not store by
// then it does not begin with, and the next run reads it again.
func TestRunStopsInTime(t *testing.T) {
	values, _ := corpus(40_000)
	for _, each := range []time.Duration{time.Millisecond, 10 * time.Millisecond, 40 * time.Millisecond} {
		for _, after := range []time.Duration{30 * time.Second, 34 * time.Second, 39 * time.Second} {
			synctest.Test(t, func(t *testing.T) {
				log := pipelinetest.NewLog(values...)
				sink := &slowSink{each: each}
				r := &pipeline.Runner{Source: log.Source(), Sink: sink, Dead: &pipelinetest.MemoryDead{}, Extract: nothing, Workers: 2}
				ctx, cancel := context.WithTimeout(t.Context(), after)
				defer cancel()
				began := time.Now()
				sum, err := r.Run(ctx)
				if err != nil {
					t.Fatalf("%v a record, stopped after %v: %v", each, after, err)
				}
				took := time.Since(began) - after
				stored := len(sink.IDs())
				if took > 30*time.Second || !sum.Stopped || sink.most < 500 {
					t.Errorf("%v a record: it went on for %v, with batches of up to %d", each, took, sink.most)
				}
				if log.Committed() > stored || log.Committed() < stored-500 || stored == 0 {
					t.Errorf("%v a record: %d stored and %d committed", each, stored, log.Committed())
				}
				if each == time.Millisecond && stored != sum.Read {
					t.Errorf("a quick sink has %d of %d that were read", stored, sum.Read)
				}
				again := &pipelinetest.MemorySink{}
				r.Source, r.Sink = log.Source(), again
				if _, err := r.Run(t.Context()); err != nil || len(again.IDs()) != len(values)-log.Committed() && log.Committed() != len(values) {
					t.Errorf("the next run: %v", err)
				}
				if log.Committed() != len(values) {
					t.Errorf("%d of %d are committed in the end", log.Committed(), len(values))
				}
			})
		}
	}
}

// stream gives its messages and then ends.
type stream struct {
	messages []pipeline.Message
	err      error // at the end, instead of io.EOF
	commits  atomic.Int64
}

func (s *stream) Read(context.Context) (*pipeline.Batch, error) {
	if len(s.messages) == 0 {
		if s.err != nil {
			return nil, s.err
		}
		return nil, io.EOF
	}
	b := &pipeline.Batch{Messages: s.messages[:1]}
	s.messages = s.messages[1:]
	return b, nil
}

func (s *stream) Commit(context.Context, *pipeline.Batch) error { s.commits.Add(1); return nil }

func TestRunUnreadableMessage(t *testing.T) {
	src := &stream{messages: []pipeline.Message{
		{Value: []byte("half of the art"), Format: pipeline.Text, Name: "x", Err: errors.New("cut short"), Origin: pipeline.Origin{Path: "x.txt.gz"}},
		{Value: raw("b", "The bridge is open.")},
	}}
	sink, dead := &pipelinetest.MemorySink{}, &pipelinetest.MemoryDead{}
	if _, err := quick(src, sink, dead).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	letters := dead.Letters()
	if len(letters) != 1 || letters[0].Stage != pipeline.StageRead || !letters[0].Partial || string(letters[0].Value) != "half of the art" {
		t.Errorf("dead letters %+v", letters)
	}
	if m := letters[0].Message(); m.Err == nil || !strings.Contains(m.Err.Error(), "x.txt.gz") {
		t.Errorf("replayed, the part has the error %v, want one that names where the whole is", m.Err)
	}
	if sink.Get("b") == nil {
		t.Error("the message after it is not stored")
	}
}

func TestRunReadError(t *testing.T) {
	fault := errors.New("access denied")
	src := &stream{messages: []pipeline.Message{{Value: raw("a", "The bridge is open.")}}, err: fault}
	sink := &pipelinetest.MemorySink{}
	_, err := quick(src, sink, &pipelinetest.MemoryDead{}).Run(t.Context())
	if !errors.Is(err, fault) {
		t.Errorf("Run returned %v, want the source's error", err)
	}
	if sink.Get("a") == nil || src.commits.Load() == 0 {
		t.Error("what was read before the error is not stored and committed")
	}
}

// spy checks, at each commit, that all that is covered is stored or dead-lettered.
type spy struct {
	*pipelinetest.LogSource
	check func(upTo int)
}

func (s spy) Commit(ctx context.Context, b *pipeline.Batch) error {
	s.check(b.Token.(int))
	return s.LogSource.Commit(ctx, b)
}

// TestRunChaos: with a sink, dead letters and commits that fail at random, nothing is lost, nothing
// is committed early, and revisions end as the last one.
func TestRunChaos(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			var values [][]byte
			last := map[string]string{} // ID to the last text
			for i := range 600 {
				id := fmt.Sprintf("a-%03d", random.IntN(150)) // many revisions of each
				body := fmt.Sprintf("Text %d of %s.", i, id)
				switch random.IntN(20) {
				case 0:
					values = append(values, fmt.Appendf(nil, `{"id":"bad-%d",`, i))
					continue
				case 1:
					id = fmt.Sprintf("reject-%d", i)
				}
				last[id] = body
				values = append(values, raw(id, body))
			}
			log := pipelinetest.NewLog(values...)
			memory := &pipelinetest.MemorySink{Reject: func(r pipeline.Record) string {
				if strings.HasPrefix(r.ID, "reject") {
					return "never"
				}
				return ""
			}}
			chaos := pipelinetest.NewChaosSink(memory, seed)
			var mu sync.Mutex
			sometimes := func() error {
				mu.Lock()
				defer mu.Unlock()
				if random.IntN(4) == 0 {
					return errors.New("chaos")
				}
				return nil
			}
			dead := &pipelinetest.MemoryDead{Fail: sometimes}
			src := log.Source()
			src.CommitError = sometimes
			check := func(upTo int) {
				buried := map[int64]bool{}
				for _, l := range dead.Letters() {
					buried[l.Origin.Offset] = true
				}
				for i, v := range values[:upTo] {
					var a struct{ ID string }
					if json.Unmarshal(v, &a) == nil && memory.Get(a.ID) != nil || buried[int64(i)] {
						continue
					}
					t.Errorf("message %d is committed, and neither stored nor buried", i)
				}
			}
			r := quick(spy{src, check}, chaos, dead)
			r.Extract = func(a *extractor.Article) *extractor.Analysis {
				if len(a.Body)%3 == 0 { // so that workers finish out of order
					time.Sleep(time.Duration(len(a.Body)%5) * 100 * time.Microsecond)
				}
				return nothing(a)
			}
			sum, err := r.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if log.Committed() != len(values) || sum.Stored+sum.DeadTotal() != len(values) {
				t.Errorf("%d committed, %+v, want all %d", log.Committed(), sum, len(values))
			}
			if chaos.Failures() == 0 || sum.Retries < chaos.Failures() {
				t.Errorf("%d failures and %d retries: the test tested nothing", chaos.Failures(), sum.Retries)
			}
			for id, body := range last {
				r := memory.Get(id)
				if strings.HasPrefix(id, "reject") {
					if r != nil {
						t.Errorf("%s is stored", id)
					}
				} else if r == nil || r.Text != body {
					t.Errorf("%s is %v, want %q", id, r, body)
				}
			}
		})
	}
}

// TestRunKill: the run is cut again and again without a drain, as by kill -9, and begun anew where
// the log was committed; at the end all is there once.
func TestRunKill(t *testing.T) {
	values, ids := corpus(800)
	log := pipelinetest.NewLog(values...)
	memory, dead := &pipelinetest.MemorySink{}, &pipelinetest.MemoryDead{}
	random := rand.New(rand.NewPCG(7, 7))
	runs := 0
	for log.Committed() < len(values) {
		if runs++; runs > 2000 {
			t.Fatal("no end")
		}
		ctx, cancel := context.WithCancel(t.Context())
		src := log.Source()
		left := 20 + random.IntN(100)
		src.OnRead = func(b *pipeline.Batch) {
			if left -= len(b.Messages); left < 0 {
				cancel()
			}
		}
		r := quick(src, pipelinetest.NewChaosSink(memory, uint64(runs)), dead)
		r.DrainTimeout = time.Nanosecond
		before := log.Committed()
		_, err := r.Run(ctx)
		cancel()
		if err == nil && log.Committed() == before && before < len(values) && left >= 0 {
			t.Fatal("a run that was not cut stored nothing")
		}
	}
	if got := memory.IDs(); !slices.Equal(got, ids) {
		t.Errorf("%d records, want %d", len(got), len(ids))
	}
	if runs < 5 {
		t.Errorf("only %d runs: it was not cut", runs)
	}
	if len(dead.Letters()) > 0 {
		t.Errorf("dead letters: %v", dead.Letters())
	}
}

// blocked is a sink that waits until it is let go.
type blocked struct {
	pipeline.Sink
	entered chan struct{}
	release chan struct{}
	once    sync.Once
}

func (b *blocked) Write(ctx context.Context, recs []pipeline.Record) error {
	b.once.Do(func() { close(b.entered) })
	select {
	case <-b.release:
	case <-ctx.Done():
		return ctx.Err()
	}
	return b.Sink.Write(ctx, recs)
}

// TestRunDrain: when its context is done, Run stores and commits what it has read, reads no more, and
// returns without an error.
func TestRunDrain(t *testing.T) {
	values, _ := corpus(500)
	log := pipelinetest.NewLog(values...)
	memory := &pipelinetest.MemorySink{}
	sink := &blocked{Sink: memory, entered: make(chan struct{}), release: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	src := log.Source()
	var read atomic.Int64
	src.OnRead = func(b *pipeline.Batch) { read.Add(int64(len(b.Messages))) }
	r := quick(src, sink, &pipelinetest.MemoryDead{})
	r.MaxBytes = 100 << 10 // some 90 messages, so that the end isn't reached
	go func() {
		<-sink.entered
		cancel()
		close(sink.release)
	}()
	sum, err := r.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if !sum.Stopped || sum.Stored == 0 || sum.Stored != int(read.Load()) || log.Committed() != sum.Stored || sum.Stored == len(values) {
		t.Errorf("read %d, committed %d, %+v: want what was read stored and committed, and no more", read.Load(), log.Committed(), sum)
	}
}

// TestRunDrainTimeout: a sink that stays down ends the run in time, with an error and nothing
// committed.
func TestRunDrainTimeout(t *testing.T) {
	values, _ := corpus(50)
	log := pipelinetest.NewLog(values...)
	sink := &blocked{Sink: &pipelinetest.MemorySink{}, entered: make(chan struct{}), release: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	r := quick(log.Source(), sink, &pipelinetest.MemoryDead{})
	r.DrainTimeout = 20 * time.Millisecond
	go func() { <-sink.entered; cancel() }()
	start := time.Now()
	_, err := r.Run(ctx)
	if err == nil || !strings.Contains(err.Error(), "not committed") {
		t.Errorf("Run returned %v", err)
	}
	if log.Committed() != 0 {
		t.Errorf("%d messages committed", log.Committed())
	}
	if d := time.Since(start); d > 10*time.Second {
		t.Errorf("it took %v", d)
	}
}

// TestRunMaxAttempts: with a bound on attempts a sink that is down ends the run.
func TestRunMaxAttempts(t *testing.T) {
	values, _ := corpus(50)
	log := pipelinetest.NewLog(values...)
	sink := pipelinetest.NewChaosSink(&pipelinetest.MemorySink{}, 1)
	sink.Refuse = 1
	r := quick(log.Source(), sink, &pipelinetest.MemoryDead{})
	r.MaxAttempts = 3
	if _, err := r.Run(t.Context()); !errors.Is(err, pipelinetest.ErrChaos) {
		t.Errorf("Run returned %v, want the sink's error", err)
	}
	if log.Committed() != 0 || sink.Failures() != 3 {
		t.Errorf("%d committed after %d attempts", log.Committed(), sink.Failures())
	}
}

// TestRunBytesBound: while the sink is down, reading stops at the bound.
func TestRunBytesBound(t *testing.T) {
	const size, batch, bound = 10 << 10, 3, 100 << 10
	var values [][]byte
	for i := range 100 {
		values = append(values, raw(fmt.Sprint(i), strings.Repeat("x", size)))
	}
	values = append(values, raw("huge", strings.Repeat("x", 3*bound))) // goes alone
	log := pipelinetest.NewLog(values...)
	log.BatchMessages = batch
	sink := &blocked{Sink: &pipelinetest.MemorySink{}, entered: make(chan struct{}), release: make(chan struct{})}
	src := log.Source()
	var read, most atomic.Int64
	src.OnRead = func(b *pipeline.Batch) {
		for _, m := range b.Messages {
			read.Add(int64(len(m.Value)))
		}
		most.Store(max(most.Load(), read.Load()))
	}
	r := quick(src, sink, &pipelinetest.MemoryDead{})
	r.MaxBytes = bound
	done := make(chan error, 1)
	go func() { _, err := r.Run(t.Context()); done <- err }()
	<-sink.entered
	for last := int64(-1); last != read.Load(); time.Sleep(50 * time.Millisecond) { // until it stands still
		last = read.Load()
	}
	if got, limit := read.Load(), int64(bound+batch*(size+100)); got > limit || got < bound/2 {
		t.Errorf("%d bytes read while the sink was down, want at most %d, and not idleness", got, limit)
	}
	if got := r.Stats().Bytes; got > bound+2*size || got <= 0 {
		t.Errorf("Stats says that %d bytes are in flight", got)
	}
	close(sink.release)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if log.Committed() != len(values) {
		t.Errorf("%d committed, want %d", log.Committed(), len(values))
	}
}

// TestRunBatchAge: an article doesn't wait for others that don't come.
func TestRunBatchAge(t *testing.T) {
	values, _ := corpus(3)
	log := pipelinetest.NewLog(values...)
	src := log.Source()
	src.Endless = true
	ctx, cancel := context.WithCancel(t.Context())
	r := quick(src, &pipelinetest.MemorySink{}, &pipelinetest.MemoryDead{})
	r.BatchRecords = 1000
	done := make(chan error, 1)
	go func() { _, err := r.Run(ctx); done <- err }()
	deadline := time.After(10 * time.Second)
	for log.Committed() < 3 {
		select {
		case <-deadline:
			t.Fatal("not stored")
		case <-time.After(time.Millisecond):
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestRunNeedsItsParts(t *testing.T) {
	if _, err := (&pipeline.Runner{}).Run(t.Context()); err == nil {
		t.Error("no error")
	}
}

// TestMemorySinkContract tests the sinks that these tests trust.
func TestMemorySinkContract(t *testing.T) {
	pipelinetest.TestSink(t, pipelinetest.SinkTest{
		Open: func(*testing.T) pipeline.Sink {
			return &pipelinetest.MemorySink{Reject: func(r pipeline.Record) string {
				if r.ID == "no" {
					return "not wanted"
				}
				return ""
			}}
		},
		Get: func(_ *testing.T, s pipeline.Sink, id string) *pipeline.Record {
			return s.(*pipelinetest.MemorySink).Get(id)
		},
		Find: func(_ *testing.T, s pipeline.Sink, person string) []string {
			m := s.(*pipelinetest.MemorySink)
			var found []string
			for _, id := range m.IDs() {
				for _, e := range m.Get(id).Entities {
					if e.Name == person {
						found = append(found, id)
					}
				}
			}
			return found
		},
		Reject: func() pipeline.Record { return pipelinetest.NewRecord("no", 1, "Ann Brook") },
	})
}

func TestLogContract(t *testing.T) {
	for _, endless := range []bool{false, true} {
		t.Run(fmt.Sprintf("endless=%v", endless), func(t *testing.T) {
			pipelinetest.TestSource(t, pipelinetest.SourceTest{
				Put: func(_ *testing.T, values [][]byte) func(*testing.T) pipeline.Source {
					log := pipelinetest.NewLog(values...)
					return func(*testing.T) pipeline.Source {
						src := log.Source()
						src.Endless = endless
						return src
					}
				},
				Endless: endless, Resumes: true, Timeout: 10 * time.Second,
			})
		})
	}
}
