package elastic

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/datelinenews/dateline/pipeline/search"
)

// Histogram counts the articles that q asks for by when they were published.
func (x *Index) Histogram(ctx context.Context, q search.Query, most int) (*search.Histogram, error) {
	if err := q.Validate(); err != nil {
		return nil, fmt.Errorf("count over time: %w", err)
	}
	query, err := matching(q)
	if err != nil {
		return nil, fmt.Errorf("count over time: %w", err)
	}
	type bound struct {
		Value *float64 `json:"value"`
	}
	var span struct {
		First bound `json:"first"`
		Last  bound `json:"last"`
	}
	aggs := node{"first": node{"min": node{"field": "@timestamp"}}, "last": node{"max": node{"field": "@timestamp"}}}
	if err := x.aggregate(ctx, query, aggs, &span); err != nil {
		return nil, fmt.Errorf("count over time: %w", err)
	}
	if span.First.Value == nil || span.Last.Value == nil {
		return search.NewHistogram(time.Time{}, time.Time{}, most), nil
	}
	h := search.NewHistogram(time.UnixMilli(int64(*span.First.Value)), time.UnixMilli(int64(*span.Last.Value)), most)
	filters := node{}
	for i, b := range h.Bars {
		filters[strconv.Itoa(i)] = overlap("@timestamp", b.From, b.To)
	}
	var bars struct {
		Bars struct {
			Buckets map[string]struct {
				Count int `json:"doc_count"`
			} `json:"buckets"`
		} `json:"bars"`
	}
	if len(h.Bars) == 0 {
		return h, nil
	}
	if err := x.aggregate(ctx, query, node{"bars": node{"filters": node{"filters": filters}}}, &bars); err != nil {
		return nil, fmt.Errorf("count over time: %w", err)
	}
	for i := range h.Bars {
		h.Bars[i].Count = bars.Bars.Buckets[strconv.Itoa(i)].Count
	}
	return h, nil
}

// Names are the values of a facet in which a word begins with the prefix.
func (x *Index) Names(ctx context.Context, facet, prefix string, limit int) ([]search.Count, error) {
	field, ok := facetFields(false)[facet]
	if !ok {
		return []search.Count{}, nil
	}
	terms := node{"field": field, "size": limit, "shard_size": max(1000, 10*limit)}
	if prefix != "" {
		terms["include"] = search.NamePattern(prefix)
	}
	var res struct {
		Names struct {
			Buckets []struct {
				Key   string `json:"key"`
				Count int    `json:"doc_count"`
			} `json:"buckets"`
		} `json:"names"`
	}
	if err := x.aggregate(ctx, node{"match_all": node{}}, node{"names": node{"terms": terms}}, &res); err != nil {
		return nil, fmt.Errorf("list names: %w", err)
	}
	counts := []search.Count{}
	for _, b := range res.Names.Buckets {
		counts = append(counts, search.Count{Value: b.Key, Count: b.Count})
	}
	return counts, nil
}

// aggregate asks for aggregations over the articles that match.
func (x *Index) aggregate(ctx context.Context, query any, aggs node, out any) error {
	body, err := json.Marshal(node{"size": 0, "query": query, "aggs": aggs})
	if err != nil {
		return fmt.Errorf("encode query: %w", err)
	}
	var res struct {
		Aggregations json.RawMessage `json:"aggregations"`
	}
	err = x.patiently(ctx, func() error {
		return x.call(ctx, esapi.SearchRequest{
			Index: []string{x.articles()}, Body: bytes.NewReader(body), IgnoreUnavailable: yes(), AllowNoIndices: yes(),
		}, &res)
	})
	if err != nil {
		return err
	}
	if len(res.Aggregations) == 0 {
		return nil // there is no index yet
	}
	if err := json.Unmarshal(res.Aggregations, out); err != nil {
		return fmt.Errorf("decode counts: %w", err)
	}
	return nil
}
