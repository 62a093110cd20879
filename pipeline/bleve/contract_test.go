package bleve

import (
	"errors"
	"testing"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/pipelinetest"
	"github.com/datelinenews/dateline/pipeline/search"
)

// opened is an index in a folder of the test's own.
func opened(t *testing.T, dir string, o Options) *Index {
	t.Helper()
	x, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	return x
}

func TestSinkContract(t *testing.T) {
	pipelinetest.TestSink(t, pipelinetest.SinkTest{
		Open: func(t *testing.T) pipeline.Sink { return opened(t, t.TempDir(), Options{}) },
		Get: func(t *testing.T, s pipeline.Sink, id string) *pipeline.Record {
			r, err := s.(*Index).Get(t.Context(), id)
			if errors.Is(err, search.ErrNotFound) {
				return nil
			}
			if err != nil {
				t.Fatal(err)
			}
			return r
		},
		Find: func(t *testing.T, s pipeline.Sink, person string) []string {
			x, seen, ids := s.(*Index), map[string]bool{}, []string{}
			found := func(id string) {
				if !seen[id] {
					seen[id] = true
					ids = append(ids, id)
				}
			}
			for _, q := range []search.Query{{Persons: []string{person}}, {Speakers: []string{person}}} {
				res, err := x.Search(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				for _, h := range res.Hits {
					found(h.Record.ID)
				}
				quotes, err := x.Quotes(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				for _, h := range quotes.Hits {
					found(h.Article)
				}
			}
			return ids
		},
	})
}

func TestSearcherContract(t *testing.T) {
	pipelinetest.TestSearcher(t, func(t *testing.T, recs []pipeline.Record) search.Searcher {
		x := opened(t, t.TempDir(), Options{})
		if err := x.Write(t.Context(), recs); err != nil {
			t.Fatal(err)
		}
		return x
	})
}
