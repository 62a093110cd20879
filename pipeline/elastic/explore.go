package elastic

import (
	"context"
	"encoding/json"
	"fmt"
	"sort"
	"time"

	"github.com/datelinenews/dateline/pipeline/search"
)

// Histogram counts the articles that q asks for by when they were published.
func (x *Index) Histogram(ctx context.Context, q search.Query, most int) (*search.Histogram, error) {
	h, err := x.histogram(ctx, q, most)
	if err != nil {
		return nil, fmt.Errorf("count over time: %w", err)
	}
	return h, nil
}

// timeCounts are the buckets of a date_histogram.
type timeCounts struct {
	Buckets []struct {
		Key   float64 `json:"key"`
		Count int     `json:"doc_count"`
	} `json:"buckets"`
}

// timed asks for counts over time by a unit of the calendar, in UTC.
func timed(unit search.Unit) node {
	return node{"date_histogram": node{"field": "@timestamp", "calendar_interval": string(unit), "min_doc_count": 1}}
}

// histogram counts by months, of which every longer bar is made; days are counted only where the bars are days, for
// a long archive has too many of them.
func (x *Index) histogram(ctx context.Context, q search.Query, most int) (*search.Histogram, error) {
	if err := q.Validate(); err != nil {
		return nil, err
	}
	query, err := matching(q)
	if err != nil {
		return nil, err
	}
	var res struct {
		First  timeSpan   `json:"first"`
		Last   timeSpan   `json:"last"`
		Months timeCounts `json:"months"`
		Days   timeCounts `json:"days"`
	}
	aggs := node{"first": node{"min": node{"field": "@timestamp"}}, "last": node{"max": node{"field": "@timestamp"}}, "months": timed(search.Month)}
	if err := x.aggregate(ctx, q, query, aggs, &res); err != nil {
		return nil, err
	}
	h := search.NewHistogram(res.First.time(), res.Last.time(), most)
	counts := res.Months
	if h.Unit == search.Day && len(h.Bars) > 0 {
		if err := x.aggregate(ctx, q, query, node{"days": timed(search.Day)}, &res); err != nil {
			return nil, err
		}
		counts = res.Days
	}
	for _, c := range counts.Buckets {
		at := time.UnixMilli(int64(c.Key))
		// An article that came between the two requests may be in no bar.
		i := sort.Search(len(h.Bars), func(i int) bool { return h.Bars[i].To.After(at) })
		if i < len(h.Bars) && !h.Bars[i].From.After(at) {
			h.Bars[i].Count += c.Count
		}
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
		Names aggregation `json:"names"`
	}
	if err := x.aggregate(ctx, search.Query{}, node{"match_all": node{}}, node{"names": node{"terms": terms}}, &res); err != nil {
		return nil, fmt.Errorf("list names: %w", err)
	}
	return res.Names.counts(), nil
}

// aggregate asks for aggregations over the articles that match, and are where q's can be.
func (x *Index) aggregate(ctx context.Context, q search.Query, query any, aggs node, out any) error {
	var res struct {
		Aggregations json.RawMessage `json:"aggregations"`
	}
	if err := x.search(ctx, where(x.articles(), q), node{"size": 0, "query": query, "aggs": aggs}, &res); err != nil {
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
