package bleve

import (
	"context"
	"fmt"
	"time"

	"github.com/blevesearch/bleve/v2"

	"github.com/datelinenews/dateline/pipeline/search"
)

// Counts counts what is in the index.
func (x *Index) Counts(ctx context.Context) (*search.Counts, error) {
	c := &search.Counts{Languages: []search.Count{}, Versions: []search.Count{}}
	var err error
	if c.Articles, c.Quotes, err = x.Count(ctx); err != nil {
		return nil, err
	}
	all := term(fieldKind, kindArticle)
	req := unscored(all, 0, 0)
	for _, field := range []string{fieldLanguage, fieldVersion} {
		req.AddFacet(field, bleve.NewFacetRequest(field, 10))
	}
	res, err := x.index.SearchInContext(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("count: %w", err)
	}
	for field, list := range map[string]*[]search.Count{fieldLanguage: &c.Languages, fieldVersion: &c.Versions} {
		f := res.Facets[field]
		if f == nil {
			continue
		}
		if f.Terms != nil {
			for _, t := range f.Terms.Terms() {
				*list = append(*list, search.Count{Value: t.Term, Count: t.Count})
			}
		}
		if f.Missing > 0 {
			*list = append(*list, search.Count{Count: f.Missing})
		}
	}
	newest, err := x.published(ctx, all, true)
	if err != nil {
		return nil, fmt.Errorf("count: %w", err)
	}
	if !newest.IsZero() {
		c.Newest = newest.UTC().Truncate(time.Millisecond)
	}
	return c, nil
}
