package bleve

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/blevesearch/bleve/v2"

	"github.com/datelinenews/dateline/pipeline/search"
)

// Histogram counts the articles that q asks for by when they were published.
func (x *Index) Histogram(ctx context.Context, q search.Query, most int) (*search.Histogram, error) {
	if err := q.Validate(); err != nil {
		return nil, fmt.Errorf("count over time: %w", err)
	}
	var times []int64
	field := func(_ string, term []byte) {
		if ms, ok := millisOf(term); ok {
			times = append(times, ms)
		}
	}
	if err := x.visit(ctx, matching(q), []string{fieldPublished}, field, func() {}); err != nil {
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
	req := unscored(term(fieldKind, kindArticle), 0, 0)
	f := bleve.NewFacetRequest(facet, limit)
	if prefix != "" {
		f.SetRegexFilter("^" + search.NamePattern(prefix) + "$")
	}
	req.AddFacet(facet, f)
	res, err := x.index.SearchInContext(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("list names: %w", err)
	}
	counts := []search.Count{}
	if got := res.Facets[facet]; got != nil && got.Terms != nil {
		for _, t := range got.Terms.Terms() {
			counts = append(counts, search.Count{Value: t.Term, Count: t.Count})
		}
	}
	return counts, nil
}
