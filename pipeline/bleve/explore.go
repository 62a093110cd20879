package bleve

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/blevesearch/bleve/v2"
	bsearch "github.com/blevesearch/bleve/v2/search"
	"github.com/blevesearch/bleve/v2/search/query"

	"github.com/datelinenews/dateline/pipeline/search"
)

// Histogram counts the articles that q asks for by when they were published.
func (x *Index) Histogram(ctx context.Context, q search.Query, most int) (*search.Histogram, error) {
	if err := q.Validate(); err != nil {
		return nil, fmt.Errorf("count over time: %w", err)
	}
	all := query.NewBooleanQuery(conditions(q, kindArticle), nil, nil)
	for _, c := range q.Clauses() {
		p := phrase(fieldText, analyserText, c.Phrase)
		if c.Not {
			all.AddMustNot(p)
			continue
		}
		all.AddMust(p)
	}
	first, err := x.published(ctx, all, false)
	if err != nil {
		return nil, fmt.Errorf("count over time: %w", err)
	}
	last, err := x.published(ctx, all, true)
	if err != nil {
		return nil, fmt.Errorf("count over time: %w", err)
	}
	h := search.NewHistogram(first, last, most)
	if len(h.Bars) == 0 {
		return h, nil
	}
	f := bleve.NewFacetRequest(fieldPublished, len(h.Bars))
	for i, b := range h.Bars {
		from, to := millis(b.From), millis(b.To)
		f.AddNumericRange(strconv.Itoa(i), &from, &to)
	}
	req := unscored(all, 0, 0)
	req.AddFacet(fieldPublished, f)
	res, err := x.index.SearchInContext(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("count over time: %w", err)
	}
	for _, r := range res.Facets[fieldPublished].NumericRanges {
		i, err := strconv.Atoi(r.Name)
		if err != nil {
			return nil, fmt.Errorf("count over time: %w", err)
		}
		h.Bars[i].Count = r.Count
	}
	return h, nil
}

// published is the first or last publication time of what a query finds, zero where there is none.
func (x *Index) published(ctx context.Context, q query.Query, last bool) (time.Time, error) {
	req := unscored(q, 1, 0)
	req.SortByCustom(bsearch.SortOrder{&bsearch.SortField{Field: fieldPublished, Type: bsearch.SortFieldAsNumber, Desc: last}})
	req.Fields = []string{fieldRecord, fieldRevision}
	res, err := x.index.SearchInContext(ctx, req)
	if err != nil || len(res.Hits) == 0 {
		return time.Time{}, err
	}
	r, err := unpack(storedField(res.Hits[0], fieldRecord), storedField(res.Hits[0], fieldRevision))
	if err != nil {
		return time.Time{}, err
	}
	return r.Published, nil
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
