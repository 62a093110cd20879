package elastic

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/datelinenews/dateline/pipeline/search"
)

// profileTerms is the most forms, and roles, of an entity that are looked at.
const profileTerms = 10_000

// counted are the buckets of a terms aggregation, with the times of their articles where asked for.
type counted struct {
	Buckets []struct {
		Key   string   `json:"key"`
		Count int      `json:"doc_count"`
		First timeSpan `json:"first"`
		Last  timeSpan `json:"last"`
	} `json:"buckets"`
}

type timeSpan struct {
	Value *float64 `json:"value"`
}

func (s timeSpan) time() time.Time {
	if s.Value == nil {
		return time.Time{}
	}
	return time.UnixMilli(int64(*s.Value)).UTC()
}

// labelsOf is the regular expression, of Lucene's syntax, of all that is labelled with the key.
func labelsOf(key string) string {
	var b strings.Builder
	for _, r := range search.Labelled(key, "") {
		if r < unicode.MaxASCII && !unicode.IsLetter(r) && !unicode.IsDigit(r) && r > ' ' {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String() + ".*"
}

// Profile says what the articles that q asks for call the entity of the keys.
func (x *Index) Profile(ctx context.Context, q search.Query, keys []string, limit int) (*search.Profile, error) {
	if err := q.Validate(); err != nil {
		return nil, fmt.Errorf("profile entity: %w", err)
	}
	q.Entities = append(q.Entities[:len(q.Entities):len(q.Entities)], keys)
	query, err := matching(q)
	if err != nil {
		return nil, fmt.Errorf("profile entity: %w", err)
	}
	names := map[string]int{}
	labelled := map[string]map[string]*search.Role{"roles": {}, "affiliations": {}}
	seen := map[string][]string{}
	for _, key := range keys {
		over := func(field string) node {
			return node{
				"terms": node{"field": field, "size": profileTerms, "include": labelsOf(key)},
				"aggs":  node{"first": node{"min": node{"field": "@timestamp"}}, "last": node{"max": node{"field": "@timestamp"}}},
			}
		}
		aggs := node{
			"aliases": node{"terms": node{"field": "aliases", "size": profileTerms, "include": labelsOf(key)}},
			"roles":   over("roles"), "affiliations": over("affiliations"),
		}
		var res map[string]counted
		if err := x.aggregate(ctx, q, query, aggs, &res); err != nil {
			return nil, fmt.Errorf("profile entity: %w", err)
		}
		for field, c := range res {
			for _, b := range c.Buckets {
				_, label := search.Label(b.Key)
				seen[field+" "+label] = append(seen[field+" "+label], b.Key)
				roles, ok := labelled[field]
				if !ok {
					names[label] += b.Count
					continue
				}
				r := roles[label]
				if r == nil {
					r = &search.Role{Role: label}
					roles[label] = r
				}
				r.Count += b.Count
				for _, at := range []time.Time{b.First.time(), b.Last.time()} {
					if !at.IsZero() {
						n := r.Count
						r.Add(at) // for First and Last
						r.Count = n
					}
				}
			}
		}
	}
	if err := x.countOnce(ctx, q, query, seen, names, labelled); err != nil {
		return nil, fmt.Errorf("profile entity: %w", err)
	}
	return &search.Profile{
		Names: search.TopCounts(names, limit), Roles: search.TopRoles(labelled["roles"], limit),
		Affiliations: search.TopAffiliations(labelled["affiliations"], limit),
	}, nil
}

// countOnce counts again what several keys have, for an article may have it of more than one.
func (x *Index) countOnce(ctx context.Context, q search.Query, query any, seen map[string][]string, names map[string]int, labelled map[string]map[string]*search.Role) error {
	filters := node{}
	for id, terms := range seen {
		if len(terms) > 1 {
			field, _, _ := strings.Cut(id, " ")
			filters[id] = node{"terms": node{field: terms}}
		}
	}
	if len(filters) == 0 {
		return nil
	}
	var res struct {
		Once struct {
			Buckets map[string]struct {
				Count int `json:"doc_count"`
			} `json:"buckets"`
		} `json:"once"`
	}
	if err := x.aggregate(ctx, q, query, node{"once": node{"filters": node{"filters": filters}}}, &res); err != nil {
		return err
	}
	for id, b := range res.Once.Buckets {
		field, label, _ := strings.Cut(id, " ")
		if roles, ok := labelled[field]; ok {
			roles[label].Count = b.Count
		} else {
			names[label] = b.Count
		}
	}
	return nil
}

// Ties counts the articles in which two entities are together.
func (x *Index) Ties(ctx context.Context, q search.Query, groups [][]string) ([]search.Tie, error) {
	if err := q.Validate(); err != nil {
		return nil, fmt.Errorf("count ties: %w", err)
	}
	query, err := matching(q)
	if err != nil {
		return nil, fmt.Errorf("count ties: %w", err)
	}
	out := []search.Tie{}
	filters := node{}
	for i, keys := range groups {
		filters[strconv.Itoa(i)] = node{"terms": node{"entities": keys}}
	}
	if len(groups) < 2 {
		return out, nil
	}
	var res struct {
		Pairs struct {
			Buckets []struct {
				Key   string `json:"key"`
				Count int    `json:"doc_count"`
			} `json:"buckets"`
		} `json:"pairs"`
	}
	if err := x.aggregate(ctx, q, query, node{"pairs": node{"adjacency_matrix": node{"filters": filters}}}, &res); err != nil {
		return nil, fmt.Errorf("count ties: %w", err)
	}
	counts := map[search.Tie]int{}
	for _, b := range res.Pairs.Buckets {
		var a, z int
		if n, err := fmt.Sscanf(b.Key, "%d&%d", &a, &z); err != nil || n != 2 {
			continue // one alone
		}
		counts[search.Tie{A: min(a, z), B: max(a, z)}] = b.Count
	}
	for a := range groups {
		for b := a + 1; b < len(groups); b++ {
			if n := counts[search.Tie{A: a, B: b}]; n > 0 {
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
	query, err := matching(q)
	if err != nil {
		return nil, fmt.Errorf("count dates: %w", err)
	}
	var res struct {
		Values counted `json:"values"`
	}
	aggs := node{"values": node{"terms": node{"field": "date_values", "size": limit, "shard_size": max(1000, 10*limit)}}}
	if err := x.aggregate(ctx, q, query, aggs, &res); err != nil {
		return nil, fmt.Errorf("count dates: %w", err)
	}
	counts := []search.Count{}
	for _, b := range res.Values.Buckets {
		counts = append(counts, search.Count{Value: b.Key, Count: b.Count})
	}
	return counts, nil
}
