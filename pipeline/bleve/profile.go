package bleve

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/blevesearch/bleve/v2/numeric"
	bsearch "github.com/blevesearch/bleve/v2/search"
	"github.com/blevesearch/bleve/v2/search/query"
	index "github.com/blevesearch/bleve_index_api"

	"github.com/datelinenews/dateline/pipeline/search"
)

// checkEvery is after how many documents a visit looks whether it is still wanted.
const checkEvery = 4096

// visit reads the doc values of the fields of all documents that a query finds, in no order. It is
// what the library's facets do, for what its facets can't count. The term is only good during a call
// of field; after a document's last, done is called.
func (x *Index) visit(ctx context.Context, q query.Query, fields []string, field index.DocValueVisitor, done func()) (err error) {
	data := x.data.Load()
	inner, err := data.Advanced()
	if err != nil {
		return err
	}
	reader, err := inner.Reader()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	s, err := q.Searcher(ctx, reader, data.Mapping(), bsearch.SearcherOptions{Score: "none"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	values, err := reader.DocValueReader(fields)
	if err != nil {
		return err
	}
	pool := &bsearch.SearchContext{DocumentMatchPool: bsearch.NewDocumentMatchPool(s.DocumentMatchPoolSize(), 0), IndexReader: reader}
	for n := 1; ; n++ {
		if n%checkEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		m, err := s.Next(pool)
		if err != nil || m == nil {
			return err
		}
		if err := values.VisitDocValues(m.IndexInternalID, field); err != nil {
			return err
		}
		done()
		pool.DocumentMatchPool.Put(m)
	}
}

// Profile says what the articles that q asks for call the entity of the keys.
func (x *Index) Profile(ctx context.Context, q search.Query, keys []string, limit int) (*search.Profile, error) {
	if err := q.Validate(); err != nil {
		return nil, fmt.Errorf("profile entity: %w", err)
	}
	wanted := map[string]bool{}
	for _, k := range keys {
		wanted[k] = true
	}
	q.Entities = append(q.Entities[:len(q.Entities):len(q.Entities)], keys)
	names := map[string]int{}
	counted := map[string]map[string]*search.Role{fieldRoles: {}, fieldAffiliations: {}}
	var (
		in        = map[string]map[string]bool{fieldAliases: {}, fieldRoles: {}, fieldAffiliations: {}} // what the article has
		published time.Time
	)
	field := func(name string, term []byte) {
		if name == fieldPublished {
			if ms, ok := millisOf(term); ok {
				published = time.UnixMilli(ms)
			}
			return
		}
		if key, label := search.Label(string(term)); wanted[key] {
			in[name][label] = true
		}
	}
	done := func() {
		for f := range in[fieldAliases] {
			names[f]++
		}
		for name, roles := range counted {
			for r := range in[name] {
				if roles[r] == nil {
					roles[r] = &search.Role{Role: r}
				}
				roles[r].Add(published)
			}
		}
		for _, labels := range in {
			clear(labels)
		}
		published = time.Time{}
	}
	if err := x.visit(ctx, matching(q), []string{fieldAliases, fieldRoles, fieldAffiliations, fieldPublished}, field, done); err != nil {
		return nil, fmt.Errorf("profile entity: %w", err)
	}
	return &search.Profile{
		Names: search.TopCounts(names, limit), Roles: search.TopRoles(counted[fieldRoles], limit),
		Affiliations: search.TopAffiliations(counted[fieldAffiliations], limit),
	}, nil
}

// Ties counts the articles in which two entities are together.
func (x *Index) Ties(ctx context.Context, q search.Query, groups [][]string) ([]search.Tie, error) {
	if err := q.Validate(); err != nil {
		return nil, fmt.Errorf("count ties: %w", err)
	}
	of := map[string][]int{}
	var all []string
	for g, keys := range groups {
		for _, k := range keys {
			of[k] = append(of[k], g)
			all = append(all, k)
		}
	}
	q.Entities = append(q.Entities[:len(q.Entities):len(q.Entities)], all)
	counts := make([]int, len(groups)*len(groups))
	present := make([]bool, len(groups))
	field := func(_ string, term []byte) {
		for _, g := range of[string(term)] {
			present[g] = true
		}
	}
	done := func() {
		for a := range present {
			for b := a + 1; present[a] && b < len(present); b++ {
				if present[b] {
					counts[a*len(groups)+b]++
				}
			}
		}
		clear(present)
	}
	if err := x.visit(ctx, matching(q), []string{fieldKeys}, field, done); err != nil {
		return nil, fmt.Errorf("count ties: %w", err)
	}
	out := []search.Tie{}
	for a := range groups {
		for b := a + 1; b < len(groups); b++ {
			if n := counts[a*len(groups)+b]; n > 0 {
				out = append(out, search.Tie{A: a, B: b, Count: n})
			}
		}
	}
	return out, nil
}

// Values counts the values of the dates mentioned.
func (x *Index) Values(ctx context.Context, q search.Query, limit int) ([]search.Count, error) {
	if err := q.Validate(); err != nil {
		return nil, fmt.Errorf("count dates: %w", err)
	}
	counts := map[string]int{}
	count := func(_ string, term []byte) { counts[string(term)]++ }
	if err := x.visit(ctx, matching(q), []string{fieldValues}, count, func() {}); err != nil {
		return nil, fmt.Errorf("count dates: %w", err)
	}
	return search.TopCounts(counts, limit), nil
}

// millisOf reads the doc value of a time; ok is false for the coarser terms that the index has of a
// number besides.
func millisOf(term []byte) (ms int64, ok bool) {
	if valid, shift := numeric.ValidPrefixCodedTermBytes(term); !valid || shift != 0 {
		return 0, false
	}
	i, err := numeric.PrefixCoded(term).Int64()
	if err != nil {
		return 0, false
	}
	return int64(numeric.Int64ToFloat64(i)), true
}
