package reprocess_test

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/datelinenews/dateline/extractor"
	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/bleve"
	"github.com/datelinenews/dateline/pipeline/elastic"
	"github.com/datelinenews/dateline/pipeline/pipelinetest/servers"
	"github.com/datelinenews/dateline/pipeline/reprocess"
	"github.com/datelinenews/dateline/pipeline/search"
)

type index interface {
	pipeline.Sink
	search.Searcher
	reprocess.Scanner
	io.Closer
}

func TestEmbedded(t *testing.T) {
	x, err := bleve.Open(t.TempDir(), bleve.Options{})
	if err != nil {
		t.Fatal(err)
	}
	testIndex(t, x, func() {})
}

func TestElasticsearch(t *testing.T) {
	x, err := elastic.Open(elastic.Config{Addresses: []string{servers.Elasticsearch(t)}, Prefix: strings.ToLower(servers.Name("reprocess"))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.Setup(t.Context()); err != nil {
		t.Fatal(err)
	}
	testIndex(t, x, func() {
		if err := x.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

func version(v string) func(*extractor.Article) *extractor.Analysis {
	return func(*extractor.Article) *extractor.Analysis { return &extractor.Analysis{Version: v} }
}

func testIndex(t *testing.T, x index, refresh func()) {
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	const n = 130
	arrived := time.Date(2025, 3, 1, 12, 0, 0, 5e6, time.UTC)
	before := map[string]pipeline.Record{}
	var recs []pipeline.Record
	for i := range n {
		a := &extractor.Article{ID: fmt.Sprintf("a%03d", i), Title: "Calm in Oslo", Body: fmt.Sprintf(" The ferries ran, %d of them.\n", i)}
		if i%2 == 0 {
			a.Published = time.Date(2025, time.Month(1+i%3), 2, 0, 0, 0, 0, time.UTC)
		}
		if i%3 == 0 {
			a.Title = ""
		}
		v := "old"
		if i%10 == 0 {
			v = "new"
		}
		r := pipeline.NewRecord(a, version(v)(a), arrived)
		recs, before[r.ID] = append(recs, r), r
	}
	if err := x.Write(t.Context(), recs); err != nil {
		t.Fatal(err)
	}
	refresh()
	pass := func(cfg reprocess.Config, v string) int {
		t.Helper()
		cfg.Index = x
		s, err := reprocess.NewSource(cfg)
		if err != nil {
			t.Fatal(err)
		}
		dead := pipeline.NewDeadFile(filepath.Join(t.TempDir(), "dead.jsonl"))
		sum, err := (&pipeline.Runner{Source: s, Sink: x, Dead: dead, Extract: version(v), MaxAttempts: 2}).Run(t.Context())
		if err != nil || sum.DeadTotal() > 0 {
			t.Fatalf("%v, %d dead", err, sum.DeadTotal())
		}
		refresh()
		return sum.Stored
	}
	if got := pass(reprocess.Config{Version: "new", After: "a100"}, "new"); got != 27 {
		t.Errorf("%d articles after a100, want 27", got)
	}
	if got := pass(reprocess.Config{Version: "new"}, "new"); got != 90 {
		t.Errorf("%d articles left, want 90", got)
	}
	if got := pass(reprocess.Config{Version: "new"}, "new"); got != 0 {
		t.Errorf("%d articles again", got)
	}
	for id, want := range before {
		r, err := x.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if r.Version != "new" || r.Text != want.Text || r.Revision != want.Revision || !r.Published.Equal(want.Published) {
			t.Errorf("%s is %+v, was %+v", id, r, want)
		}
	}
	// A page is never sent sooner than the rate allows.
	from := time.Now()
	if got := pass(reprocess.Config{Rate: 100}, "all"); got != n {
		t.Errorf("%d articles, want all %d", got, n)
	}
	if took := time.Since(from); took < time.Second {
		t.Errorf("130 articles at 100 a second took %s", took)
	}
	january := search.Query{From: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2025, 2, 1, 0, 0, 0, 0, time.UTC), Dates: search.Published}
	if got := pass(reprocess.Config{Query: january}, "january"); got != 22 {
		t.Errorf("%d articles of January, want 22", got)
	}
}

func TestNewerRevisionStays(t *testing.T) {
	x, err := bleve.Open(t.TempDir(), bleve.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	at := func(day int, body string) pipeline.Record {
		a := &extractor.Article{ID: "a", Body: body, Modified: time.Date(2025, 1, day, 0, 0, 0, 0, time.UTC)}
		return pipeline.NewRecord(a, version("old")(a), time.Time{})
	}
	if err := x.Write(t.Context(), []pipeline.Record{at(1, "first")}); err != nil {
		t.Fatal(err)
	}
	s, err := reprocess.NewSource(reprocess.Config{Index: x})
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Write(t.Context(), []pipeline.Record{at(2, "second")}); err != nil { // meanwhile
		t.Fatal(err)
	}
	a, _, err := pipeline.Decode(b.Messages[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Write(t.Context(), []pipeline.Record{pipeline.NewRecord(a, version("new")(a), b.Messages[0].Origin.Time)}); err != nil {
		t.Fatal(err)
	}
	if r, err := x.Get(t.Context(), "a"); err != nil || r.Text != "second" {
		t.Errorf("%+v, %v: the newer revision is gone", r, err)
	}
	if _, err := s.Read(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("read on: %v, want io.EOF", err)
	}
}
