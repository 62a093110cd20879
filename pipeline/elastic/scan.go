package elastic

import (
	"context"
	"fmt"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/search"
)

// Scan returns a page of stored articles, fewer than the limit only at the end. What was written a
// moment ago may be missing or be of its earlier state: see Refresh.
func (x *Index) Scan(ctx context.Context, s search.Scan) ([]pipeline.Record, error) {
	q := s.Query
	q.Sort, q.Offset, q.Limit, q.Facets, q.After = search.ByTime, 0, max(s.Limit, 1), 0, ""
	if err := q.Validate(); err != nil {
		return nil, fmt.Errorf("scan articles: %w", err)
	}
	req, err := request(q, false)
	if err != nil {
		return nil, fmt.Errorf("scan articles: %w", err)
	}
	req["track_total_hits"] = false
	req["sort"] = []node{{"article.id": node{"order": "asc", "unmapped_type": "keyword"}}}
	if s.After != "" {
		req["search_after"] = []string{s.After}
	}
	if s.NotVersion != "" {
		req["query"] = node{"bool": node{
			"filter": []any{req["query"]}, "must_not": []node{{"term": node{"article.version": s.NotVersion}}},
		}}
	}
	var res answer
	if err := x.search(ctx, where(x.articles(), q), req, &res); err != nil {
		return nil, fmt.Errorf("scan articles: %w", err)
	}
	out := make([]pipeline.Record, 0, len(res.Hits.Hits))
	for i := range res.Hits.Hits {
		r, err := res.Hits.Hits[i].Source.record()
		if err != nil {
			return nil, fmt.Errorf("scan articles: %w", err)
		}
		out = append(out, *r)
	}
	return out, nil
}
