package elastic

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/corrections"
	"github.com/datelinenews/dateline/pipeline/pipelinetest"
	"github.com/datelinenews/dateline/pipeline/pipelinetest/servers"
	"github.com/datelinenews/dateline/pipeline/search"
	"github.com/elastic/go-elasticsearch/v8/esapi"
)

// open is an index under a prefix of the test's own on a real server, set up.
func open(t *testing.T, change ...func(*Config)) *Index {
	t.Helper()
	cfg := Config{Addresses: []string{servers.Elasticsearch(t)}, Prefix: strings.ToLower(servers.Name("t")), MinBackoff: time.Millisecond}
	for _, c := range change {
		c(&cfg)
	}
	x, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.Setup(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// Best effort: the server is a test's own, and ends with it.
		names := []string{x.articles() + "-*", x.mentions() + "-*", x.quotes() + "-*", x.ledger(), x.health(), x.feeds(), x.corrections()}
		_ = x.call(context.WithoutCancel(t.Context()), esapi.IndicesDeleteRequest{Index: names, IgnoreUnavailable: yes()}, nil)
		_ = x.Close()
	})
	return x
}

// ids are the IDs of the documents behind an alias that match, as "index/id" without the prefix.
func (x *Index) ids(t *testing.T, alias string, query node) []string {
	t.Helper()
	if err := x.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(node{"size": 10000, "query": query, "_source": false})
	if err != nil {
		t.Fatal(err)
	}
	var res struct {
		Hits struct {
			Hits []struct {
				Index string `json:"_index"`
				ID    string `json:"_id"`
			} `json:"hits"`
		} `json:"hits"`
	}
	if err := x.call(t.Context(), esapi.SearchRequest{Index: []string{alias}, Body: bytes.NewReader(body), IgnoreUnavailable: yes()}, &res); err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, h := range res.Hits.Hits {
		out = append(out, strings.TrimPrefix(h.Index, alias+"-")+"/"+h.ID)
	}
	slices.Sort(out)
	return out
}

func TestSinkContract(t *testing.T) {
	pipelinetest.TestSink(t, pipelinetest.SinkTest{
		Open: func(t *testing.T) pipeline.Sink { return open(t) },
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
			x := s.(*Index)
			found := map[string]bool{}
			for alias, query := range map[string]node{
				x.articles(): {"match_phrase": node{"names.person": person}},
				x.mentions(): {"term": node{"entity.name": person}},
				x.quotes():   {"term": node{"speaker.name": person}},
			} {
				for _, id := range x.ids(t, alias, query) {
					_, id, _ = strings.Cut(id, "/")
					if alias != x.articles() {
						id = id[:strings.LastIndex(id, "#")]
					}
					found[id] = true
				}
			}
			var out []string
			for id := range found {
				out = append(out, id)
			}
			return out
		},
		Reject: func() pipeline.Record {
			r := pipelinetest.NewRecord("hopeless", 1000, "Bo Reed")
			r.Published = time.Date(300_000_000, 1, 1, 0, 0, 0, 0, time.UTC) // JSON has no such year
			return r
		},
	})
}

func TestSearcherContract(t *testing.T) {
	pipelinetest.TestSearcher(t, func(t *testing.T, recs []pipeline.Record) search.Searcher {
		x := open(t)
		if err := x.Write(t.Context(), recs); err != nil {
			t.Fatal(err)
		}
		if err := x.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		return x
	})
}

func TestCorrectionsContract(t *testing.T) {
	pipelinetest.TestCorrections(t, func(t *testing.T) corrections.Store { return open(t).Corrections() })
}

// drop deletes an index.
func (x *Index) drop(t *testing.T, name string) {
	t.Helper()
	if err := x.call(t.Context(), esapi.IndicesDeleteRequest{Index: []string{name}}, nil); err != nil {
		t.Fatal(err)
	}
}
