package bleve

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/datelinenews/dateline/pipeline/search"
)

// Histogram counts the articles that q asks for by when they were published.
func (x *Index) Histogram(ctx context.Context, q search.Query, most int) (*search.Histogram, error) {
	if err := q.Validate(); err != nil {
		return nil, fmt.Errorf("count over time: %w", err)
	}
	var times []int64
	_, err := x.collect(ctx, asking{query: matching(q), times: func(ms int64) {
		if ms != noTime {
			times = append(times, ms)
		}
	}})
	if err != nil {
		return nil, fmt.Errorf("count over time: %w", err)
	}
	if len(times) == 0 {
		return search.NewHistogram(time.Time{}, time.Time{}, most), nil
	}
	h := search.NewHistogram(time.UnixMilli(slices.Min(times)), time.UnixMilli(slices.Max(times)), most)
	ends := make([]int64, len(h.Bars))
	for i, b := range h.Bars {
		ends[i] = b.To.UnixMilli()
	}
	for _, ms := range times {
		if i, _ := slices.BinarySearch(ends, ms+1); i < len(ends) {
			h.Bars[i].Count++
		}
	}
	return h, nil
}

// Names are the values of a facet in which a word begins with the prefix.
func (x *Index) Names(ctx context.Context, facet, prefix string, limit int) ([]search.Count, error) {
	word, err := regexp.Compile("^" + search.NamePattern(prefix) + "$")
	if err != nil {
		return nil, fmt.Errorf("list names: %w", err)
	}
	res, err := x.collect(ctx, asking{query: term(fieldKind, kindArticle), facets: []string{facet}})
	if err != nil {
		return nil, fmt.Errorf("list names: %w", err)
	}
	t := res.counts[facet]
	if t == nil {
		return []search.Count{}, nil
	}
	var pass func(string) bool
	if prefix != "" {
		pass = word.MatchString
	}
	return t.most(res.view, limit, pass), nil
}
