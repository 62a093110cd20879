package bleve

import (
	"context"
	"fmt"
	"time"

	"github.com/blevesearch/bleve/v2"
	bsearch "github.com/blevesearch/bleve/v2/search"

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
	req := unscored(all, 0)
	for _, field := range []string{fieldLanguage, fieldVersion} {
		req.AddFacet(field, bleve.NewFacetRequest(field, 10))
	}
	res, err := x.data.Load().SearchInContext(ctx, req)
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
	newest := unscored(all, 1)
	newest.SortByCustom(bsearch.SortOrder{&bsearch.SortField{Field: fieldOrder, Type: bsearch.SortFieldAsNumber, Desc: true}})
	newest.Fields = []string{fieldRecord, fieldRevision}
	if res, err = x.data.Load().SearchInContext(ctx, newest); err != nil {
		return nil, fmt.Errorf("count: %w", err)
	}
	for _, h := range res.Hits {
		r, err := unpack(storedField(h, fieldRecord), storedField(h, fieldRevision))
		if err != nil {
			return nil, fmt.Errorf("count: %w", err)
		}
		if !r.Published.IsZero() {
			c.Newest = r.Published.UTC().Truncate(time.Millisecond)
		}
	}
	return c, nil
}
