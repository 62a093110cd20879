package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/elastic"
	"github.com/datelinenews/dateline/pipeline/feed"
	"github.com/datelinenews/dateline/pipeline/kafka"
)

// TestTeller: numbers are of the time since the last telling that succeeded, and lag is told by
// partition where anything waits; where it is not known there is none.
func TestTeller(t *testing.T) {
	var got elastic.Health
	var fail, blind error
	stats := pipeline.Stats{Read: 5, Stored: 3, Retries: 1, Causes: map[pipeline.Cause]int{{Stage: pipeline.StageStore, Kind: "rejected"}: 1, {Stage: pipeline.StageDecode, Kind: "html"}: 1}}
	teller := &teller{
		host: "one", stats: func() pipeline.Stats { return stats },
		write: func(_ context.Context, h elastic.Health) error { got = h; return fail },
		lag: func(context.Context) ([]kafka.Lag, error) {
			return []kafka.Lag{{Topic: "raw", Partition: 0, Lag: 4}, {Topic: "raw", Partition: 1}, {Topic: "wire", Partition: 1, Lag: 3}}, blind
		},
	}
	at := time.Date(2025, 3, 4, 10, 0, 0, 0, time.UTC)
	fail = errors.New("away")
	if err := teller.tell(t.Context(), at); !errors.Is(err, fail) {
		t.Errorf("tell returns %v", err)
	}
	fail = nil
	if err := teller.tell(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	lag := int64(7)
	want := elastic.Health{
		Host: "one", Time: at, Read: 5, Stored: 3, Retries: 1, Lag: &lag, Waiting: map[string]int64{"raw/0": 4, "wire/1": 3},
		Dead: []elastic.DeadCount{{Stage: "decode", Reason: "html", Count: 1}, {Stage: "store", Reason: "rejected", Count: 1}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("it tells %+v, want %+v", got, want)
	}
	stats.Read, stats.Stored, blind = 9, 7, errors.New("no broker")
	if err := teller.tell(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	if want := (elastic.Health{Host: "one", Time: at, Read: 4, Stored: 4}); !reflect.DeepEqual(got, want) {
		t.Errorf("then it tells %+v, want %+v", got, want)
	}
}

// TestPollTeller: polls that can't be told are told later, in order, and the log says once why not.
func TestPollTeller(t *testing.T) {
	var log bytes.Buffer
	var got []elastic.Poll
	var fail error
	teller := &pollTeller{host: "one", log: slog.New(slog.NewTextHandler(&log, nil)), write: func(_ context.Context, polls []elastic.Poll) error {
		if fail == nil {
			got = append(got, polls...)
		}
		return fail
	}}
	at := time.Date(2025, 3, 4, 10, 0, 0, 0, time.UTC)
	for i := range 3 {
		teller.polled(feed.Result{URL: fmt.Sprint(i), Time: at, Err: errors.New("boom"), Failures: i})
	}
	fail = errors.New("no way")
	teller.tell(t.Context())
	teller.tell(t.Context())
	teller.polled(feed.Result{URL: "3", Time: at, New: 2, PutOff: 1, Title: "Ada Post", Succeeded: at, Took: time.Second})
	if n := strings.Count(log.String(), "no way"); n != 1 || len(got) > 0 {
		t.Errorf("it is logged %d times, and %d polls are told:\n%s", n, len(got), &log)
	}
	fail = nil
	teller.tell(t.Context())
	teller.tell(t.Context())
	if len(got) != 4 {
		t.Fatalf("%d polls are told, want 4", len(got))
	}
	for i, p := range got[:3] {
		want := elastic.Poll{Host: "one", Time: at, URL: fmt.Sprint(i), Outcome: "failed", Reason: "network", Error: "boom", Failures: i}
		if p != want {
			t.Errorf("poll %d is %+v, want %+v", i, p, want)
		}
	}
	if want := (elastic.Poll{Host: "one", Time: at, URL: "3", Title: "Ada Post", Outcome: "new", Articles: 2, PutOff: 1, Succeeded: at, Took: time.Second}); got[3] != want {
		t.Errorf("the last is %+v, want %+v", got[3], want)
	}
	// A password is for nobody to read; what merely looks like one stays.
	for address, want := range map[string]string{"https://ada:secret@a.example/rss": "https://ada:xxxxx@a.example/rss", "https://a.example/@ada.rss": "https://a.example/@ada.rss"} {
		got = nil
		teller.polled(feed.Result{URL: address, Time: at})
		teller.tell(t.Context())
		if len(got) != 1 || got[0].URL != want {
			t.Errorf("of %s it tells %+v", address, got)
		}
	}
	// What is kept meanwhile is bounded: the oldest go, and that is said.
	got, fail = nil, errors.New("away")
	for i := range pollsKept + 5 {
		teller.polled(feed.Result{URL: fmt.Sprint(i), Time: at})
		if i%4000 == 0 {
			teller.tell(t.Context())
		}
	}
	fail = nil
	stop := teller.start(t.Context(), time.Hour)
	stop()
	if len(got) != pollsKept || got[0].URL != "5" || !strings.Contains(log.String(), "polls=5") {
		t.Errorf("%d polls are told, the first %s:\n%s", len(got), got[0].URL, &log)
	}
}
