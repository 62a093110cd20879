package elastic

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"
)

func TestPolls(t *testing.T) {
	x := open(t)
	now := time.Now()
	well := now.Add(-time.Hour)
	polls := []Poll{
		{Host: "one", Time: now, Took: 1500 * time.Millisecond, URL: "https://a.example/rss", Title: "Ada Post", Outcome: "new", Articles: 3, PutOff: 1, Succeeded: now},
		{Host: "one", Time: now, URL: "https://b.example/rss", Outcome: "failed", Reason: "http-404", Error: strings.Repeat("é", 5000), Failures: 4, Succeeded: well},
		{Host: "one", Time: now, URL: "https://c.example/rss", Outcome: "failed", Reason: "name", Error: "no such name", Failures: 1},
		{Host: "one", Time: now.AddDate(0, 0, -91), URL: "https://a.example/rss", Outcome: "unchanged", Succeeded: now.AddDate(0, 0, -91)},
	}
	for range 2 { // as after an answer that was lost on its way
		if err := x.WritePolls(t.Context(), polls); err != nil {
			t.Fatal(err)
		}
	}
	counts := func(c map[string]int, queries map[string]node) {
		t.Helper()
		for what, want := range c {
			if got := x.ids(t, x.feeds(), queries[what]); len(got) != want {
				t.Errorf("%d documents %s, want %d", len(got), what, want)
			}
		}
	}
	queries := map[string]node{
		"in all":              {"match_all": node{}},
		"of failures":         {"term": node{"feed.outcome": "failed"}},
		"with a reason":       {"term": node{"feed.reason": "http-404"}},
		"with a sentence":     {"exists": node{"field": "feed.error"}},
		"that ever succeeded": {"exists": node{"field": "feed.succeeded"}},
		"of a title":          {"term": node{"feed.title": "Ada Post"}},
		"of 4 failures":       {"range": node{"feed.failures": node{"gte": 4}}},
		"of a slow one":       {"range": node{"feed.seconds": node{"gte": 1.5}}},
		"of its articles":     {"term": node{"feed.articles": 3}},
		"of pages put off":    {"term": node{"feed.put_off": 1}},
	}
	counts(map[string]int{
		"in all": 4, "of failures": 2, "with a reason": 1, "with a sentence": 2, "that ever succeeded": 3, "of a title": 1, "of 4 failures": 1,
		"of a slow one": 1, "of its articles": 1, "of pages put off": 1,
	}, queries)
	// Workers delete what is old.
	if err := x.WriteHealth(t.Context(), Health{Host: "one", Time: now}); err != nil {
		t.Fatal(err)
	}
	counts(map[string]int{"in all": 3}, queries)
	if err := x.WritePolls(t.Context(), nil); err != nil {
		t.Errorf("no polls: %v", err)
	}
	// Without setup nothing is made of guesses.
	y := x.under(t, x.cfg.Prefix+"y")
	if err := y.WritePolls(t.Context(), polls); !errors.Is(err, ErrSetup) {
		t.Errorf("without setup: %v", err)
	}
	if err := x.call(t.Context(), esapi.IndicesExistsRequest{Index: []string{y.feeds()}}, nil); err == nil {
		t.Error("the index is made without setup")
	}
}
