package bleve

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/blevesearch/bleve/v2/search/query"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/copies"
)

// isFirst is the term of fieldFirst.
const isFirst = "yes"

// firsts are the firsts of clusters in the index that may be similar to m; see package copies. One
// process writes at a time, and the index finds what was written, so that nothing is missed but what
// the batch at hand has.
func (x *Index) firsts(ctx context.Context, m *copies.Member) ([]copies.Member, error) {
	if m.Print.None() {
		return nil, nil
	}
	q := query.NewConjunctionQuery([]query.Query{term(fieldFirst, isFirst), anyTerm(fieldBands, m.Print.Bands())})
	if !m.Published.IsZero() {
		near := query.NewDisjunctionQuery([]query.Query{
			published(m.Published.Add(-copies.Window), m.Published.Add(copies.Window+time.Millisecond)),
			query.NewBooleanQuery([]query.Query{term(fieldKind, kindArticle)}, nil, []query.Query{published(time.Time{}, time.UnixMilli(1<<52))}),
		})
		q.AddQuery(near)
	}
	const most = 1000
	req := unscored(q, most)
	req.Fields = []string{fieldPrint, fieldCluster, fieldPublishedAt}
	res, err := x.data.Load().SearchInContext(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("find copies: %w", err)
	}
	out := make([]copies.Member, 0, len(res.Hits))
	for _, h := range res.Hits {
		f := copies.Member{ID: h.ID[1:], Cluster: storedField(h, fieldCluster), First: true}
		if err := f.Print.UnmarshalText([]byte(storedField(h, fieldPrint))); err != nil {
			return nil, fmt.Errorf("find copies: %w: article %q: %w", ErrDamaged, f.ID, err)
		}
		if ms := storedField(h, fieldPublishedAt); ms != "" {
			n, err := strconv.ParseInt(ms, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("find copies: %w: article %q: %w", ErrDamaged, f.ID, err)
			}
			f.Published = time.UnixMicro(n)
		}
		out = append(out, f)
	}
	return out, nil
}

// copyFields are what an article's document has for finding copies.
func copyFields(fields map[string]any, r *pipeline.Record, m *copies.Member) {
	fields[fieldCluster] = r.Cluster
	if r.First {
		fields[fieldFirst] = isFirst
	}
	if m.Print.None() {
		return
	}
	fields[fieldBands] = m.Print.Bands()
	if b, err := m.Print.MarshalText(); err == nil { // it never fails
		fields[fieldPrint] = string(b)
	}
	if !r.Published.IsZero() {
		fields[fieldPublishedAt] = strconv.FormatInt(r.Published.UnixMicro(), 10)
	}
}

// clustered are the IDs of the articles of a cluster.
func (x *Index) clustered(ctx context.Context, cluster string) ([]string, error) {
	const most = 10_000
	q := query.NewConjunctionQuery([]query.Query{term(fieldKind, kindArticle), term(fieldCluster, cluster)})
	res, err := x.data.Load().SearchInContext(ctx, unscored(q, most))
	if err != nil {
		return nil, fmt.Errorf("find copies: %w", err)
	}
	ids := make([]string, 0, len(res.Hits))
	for _, h := range res.Hits {
		ids = append(ids, h.ID[1:])
	}
	return ids, nil
}
