package metrics

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/datelinenews/dateline/extractor"
	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/pipelinetest"
)

// A runner's metrics are what it did.
func TestRunner(t *testing.T) {
	m := New("v1", func() string { return "e1" })
	log := pipelinetest.NewLog(
		[]byte(`{"id":"a","text":"One.","language":"en"}`), []byte(`{"id":"b","text":"Two."}`),
		[]byte(`{"id":"c"`), []byte(`{"id":"d","text":""}`), []byte(`refused`), []byte(`{"id":"f","text":"never"}`),
	)
	failures := 2
	sink := &pipelinetest.MemorySink{Reject: func(r pipeline.Record) string {
		if r.Text == "never" {
			return "no"
		}
		return ""
	}}
	r := &pipeline.Runner{
		Source: log.Source(), Dead: &pipelinetest.MemoryDead{Fail: func() error {
			if failures--; failures >= 0 {
				return errors.New("not now")
			}
			return nil
		}}, Sink: sink, Observe: m.Observe, MinBackoff: time.Millisecond,
		Extract: func(*extractor.Article) *extractor.Analysis { return &extractor.Analysis{} },
	}
	m.Runner(r.Stats)
	m.Bulk(func() (map[string]int64, int64) { return map[string]int64{"done": 7, "refused": 3}, 2 })
	m.Retried("kafka")
	if _, err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := `
# HELP dateline_articles_by_language_total Stored articles by language; "und" where it is not known.
# TYPE dateline_articles_by_language_total counter
dateline_articles_by_language_total{language="en"} 1
dateline_articles_by_language_total{language="und"} 1
# HELP dateline_articles_read_total Messages read from the source.
# TYPE dateline_articles_read_total counter
dateline_articles_read_total 6
# HELP dateline_articles_stored_total Messages whose articles are stored, or were stored in a newer revision.
# TYPE dateline_articles_stored_total counter
dateline_articles_stored_total 2
# HELP dateline_build_info Always 1; the versions of the program and of the extraction.
# TYPE dateline_build_info gauge
dateline_build_info{extraction="e1",version="v1"} 1
# HELP dateline_bulk_items_total Documents of bulk requests to Elasticsearch, by what became of them; one that was refused counts each time.
# TYPE dateline_bulk_items_total counter
dateline_bulk_items_total{outcome="done"} 7
dateline_bulk_items_total{outcome="refused"} 3
# HELP dateline_dead_letters_total Messages that became dead letters, by the stage at which and why.
# TYPE dateline_dead_letters_total counter
dateline_dead_letters_total{reason="cut",stage="decode"} 1
dateline_dead_letters_total{reason="empty",stage="validate"} 1
dateline_dead_letters_total{reason="not-json",stage="decode"} 1
dateline_dead_letters_total{reason="rejected",stage="store"} 1
# HELP dateline_in_flight_bytes Bytes of messages that are read and not yet stored.
# TYPE dateline_in_flight_bytes gauge
dateline_in_flight_bytes 0
# HELP dateline_oldest_unacknowledged_seconds Time since the oldest message was read that is not yet stored and committed; 0 where there is none.
# TYPE dateline_oldest_unacknowledged_seconds gauge
dateline_oldest_unacknowledged_seconds 0
# HELP dateline_retries_total Operations that failed and were tried again.
# TYPE dateline_retries_total counter
dateline_retries_total{operation="bulk"} 2
dateline_retries_total{operation="bury"} 2
dateline_retries_total{operation="commit"} 0
dateline_retries_total{operation="kafka"} 1
dateline_retries_total{operation="store"} 0
`
	if err := testutil.CollectAndCompare(m.counted, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
	problems, err := testutil.GatherAndLint(m.registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	steps := map[string]uint64{}
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "dateline_stage_seconds" {
			for _, h := range f.GetMetric() {
				steps[h.GetLabel()[0].GetValue()] = h.GetHistogram().GetSampleCount()
			}
		}
	}
	if steps["decode"] != 6 || steps["extract"] != 3 || steps["bury"] != 3 || steps["store"] == 0 || steps["commit"] == 0 {
		t.Errorf("times were noted of %v", steps)
	}
}

// What is in flight shows while the sink is down.
func TestOldest(t *testing.T) {
	log := pipelinetest.NewLog([]byte(`{"id":"a","text":"One."}`), []byte(`{"id":"b","text":"Two."}`))
	var up atomic.Bool
	sink := &pipelinetest.MemorySink{}
	r := &pipeline.Runner{
		Source: log.Source(), Dead: &pipelinetest.MemoryDead{}, MinBackoff: time.Millisecond, MaxBackoff: 2 * time.Millisecond,
		Sink: writer(func(ctx context.Context, recs []pipeline.Record) error {
			if !up.Load() {
				return errors.New("down")
			}
			return sink.Write(ctx, recs)
		}),
		Extract: func(*extractor.Article) *extractor.Analysis { return &extractor.Analysis{} }, BatchAge: time.Millisecond,
	}
	done := make(chan error, 1)
	go func() {
		_, err := r.Run(t.Context())
		done <- err
	}()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if s := r.Stats(); s.Oldest > 30*time.Millisecond && s.Bytes > 0 && s.RetriesOf[pipeline.StepStore] > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the wait does not show: %+v", r.Stats())
		}
	}
	up.Store(true)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if s := r.Stats(); s.Oldest != 0 || s.Bytes != 0 || s.Stored != 2 {
		t.Errorf("at the end %+v", s)
	}
}

type writer func(context.Context, []pipeline.Record) error

func (w writer) Write(ctx context.Context, recs []pipeline.Record) error { return w(ctx, recs) }

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func TestServe(t *testing.T) {
	m := New("v1", nil)
	var down atomic.Bool
	var asked atomic.Int32
	s, err := m.Serve(ServerConfig{Addr: "127.0.0.1:0", Checks: []Check{
		{Name: "kafka", Do: func(context.Context) error { return nil }},
		{Name: "index", Do: func(context.Context) error {
			asked.Add(1)
			if down.Load() {
				return errors.New("no answer")
			}
			return nil
		}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	at := "http://" + s.Addr()
	if code, body := get(t, at+"/healthz"); code != 200 || !strings.Contains(body, "alive") {
		t.Errorf("/healthz answers %d %s", code, body)
	}
	if code, body := get(t, at+"/metrics"); code != 200 || !strings.Contains(body, `dateline_build_info{extraction="",version="v1"} 1`) || !strings.Contains(body, "go_goroutines") {
		t.Errorf("/metrics answers %d %.200s", code, body)
	}
	if code, _ := get(t, at+"/debug/pprof/"); code != 404 {
		t.Errorf("profiles are served unasked: %d", code)
	}
	if code, body := get(t, at+"/readyz"); code != 200 || !strings.Contains(body, `"index":"ok"`) {
		t.Errorf("/readyz answers %d %s", code, body)
	}
	down.Store(true)
	for range 10 { // the answer holds for a while
		get(t, at+"/readyz")
	}
	if n := asked.Load(); n > 2 {
		t.Errorf("checked %d times in a moment", n)
	}
	var code int
	var body string
	for deadline := time.Now().Add(10 * time.Second); code != 503 && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		code, body = get(t, at+"/readyz")
	}
	var st status
	if err := json.Unmarshal([]byte(body), &st); err != nil || code != 503 || st.Status != "not ready" || st.Checks["index"] != "no answer" || st.Checks["kafka"] != "ok" {
		t.Errorf("/readyz answers %d %s", code, body)
	}
	if _, err := m.Serve(ServerConfig{Addr: s.Addr()}); err == nil || !strings.Contains(err.Error(), "listen for metrics") {
		t.Errorf("a taken address gives %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := http.Get(at + "/healthz"); err == nil {
		t.Error("it answers after Close")
	}

	s, err = m.Serve(ServerConfig{Addr: "127.0.0.1:0", Pprof: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if code, body := get(t, "http://"+s.Addr()+"/debug/pprof/goroutine?debug=1"); code != 200 || !strings.Contains(body, "goroutine profile") {
		t.Errorf("profiles: %d %.100s", code, body)
	}
	if code, _ := get(t, "http://"+s.Addr()+"/readyz"); code != 200 {
		t.Errorf("without checks /readyz answers %d", code)
	}
}

// The lag is that of the last look, and partitions that are gone go.
func TestWatchLag(t *testing.T) {
	m := New("v1", nil)
	answers := [][]Lag{{{"raw", "0", 5}, {"raw", "1", 6}}, nil, {{"raw", "1", 2}}}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	failed, n := 0, 0
	m.WatchLag(ctx, time.Millisecond, func(context.Context) ([]Lag, error) {
		if n == len(answers) {
			cancel()
			return nil, nil
		}
		n++
		if answers[n-1] == nil {
			return nil, errors.New("not now")
		}
		return answers[n-1], nil
	}, func(error) { failed++ })
	want := `
# HELP dateline_consumer_lag Messages of a partition that the group has not committed, of the partitions that this worker holds.
# TYPE dateline_consumer_lag gauge
dateline_consumer_lag{partition="1",topic="raw"} 2
`
	if err := testutil.CollectAndCompare(m.lag, strings.NewReader(want)); err != nil || failed != 1 {
		t.Error(err, failed)
	}
}
