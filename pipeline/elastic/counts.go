package elastic

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/datelinenews/dateline/pipeline/search"
)

// Counts counts what is in the indices, as far as it can be found already: see Refresh.
func (x *Index) Counts(ctx context.Context) (*search.Counts, error) {
	c := &search.Counts{}
	for alias, n := range map[string]*int{x.articles(): &c.Articles, x.mentions(): &c.Mentions, x.quotes(): &c.Quotes} {
		if err := x.count(ctx, alias, n); err != nil {
			return nil, fmt.Errorf("count: %w", err)
		}
	}
	var res struct {
		Languages aggregation `json:"languages"`
		Versions  aggregation `json:"versions"`
		Newest    timeSpan    `json:"newest"`
	}
	by := func(field string) node { return node{"terms": node{"field": field, "size": 10, "missing": ""}} }
	err := x.aggregate(ctx, search.Query{}, node{"match_all": node{}}, node{
		"languages": by("article.language"), "versions": by("article.version"), "newest": node{"max": node{"field": "@timestamp"}},
	}, &res)
	if err != nil {
		return nil, fmt.Errorf("count: %w", err)
	}
	c.Languages, c.Versions, c.Newest = res.Languages.counts(), res.Versions.counts(), res.Newest.time()
	return c, nil
}

// count counts an alias's documents.
func (x *Index) count(ctx context.Context, alias string, n *int) error {
	body, err := json.Marshal(node{"query": node{"match_all": node{}}})
	if err != nil {
		return err
	}
	var res struct {
		Count int `json:"count"`
	}
	err = x.patiently(ctx, func() error {
		return x.call(ctx, esapi.CountRequest{Index: []string{alias}, Body: bytes.NewReader(body), IgnoreUnavailable: yes(), AllowNoIndices: yes()}, &res)
	})
	*n = res.Count
	return err
}
