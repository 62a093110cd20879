package bleve

import (
	"context"
	"fmt"

	bsearch "github.com/blevesearch/bleve/v2/search"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/search"
)

// Scan returns a page of stored articles, empty only at the end. The version is not a term of the
// index, so that all articles that the query chooses are read.
func (x *Index) Scan(ctx context.Context, s search.Scan) ([]pipeline.Record, error) {
	q := s.Query
	q.Sort, q.Offset, q.Limit, q.Facets, q.After = search.ByTime, 0, max(s.Limit, 1), 0, ""
	if err := q.Validate(); err != nil {
		return nil, fmt.Errorf("scan articles: %w", err)
	}
	all := matching(q)
	for after := s.After; ; {
		req := unscored(all, q.Limit)
		req.Fields = []string{fieldRecord, fieldRevision}
		req.SortByCustom(bsearch.SortOrder{&bsearch.SortField{Field: fieldID, Type: bsearch.SortFieldAsString}})
		if after != "" {
			req.SetSearchAfter([]string{after})
		}
		res, err := x.data.Load().SearchInContext(ctx, req)
		if err != nil {
			return nil, fmt.Errorf("scan articles: %w", err)
		}
		out := []pipeline.Record{}
		for _, h := range res.Hits {
			r, err := unpack(storedField(h, fieldRecord), storedField(h, fieldRevision))
			if err != nil {
				return nil, fmt.Errorf("scan articles: %w", err)
			}
			after = r.ID
			if s.NotVersion == "" || r.Version != s.NotVersion {
				out = append(out, *r)
			}
		}
		if len(out) > 0 || len(res.Hits) < q.Limit {
			return out, nil
		}
	}
}
