package web

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/corrections"
	"github.com/datelinenews/dateline/pipeline/search"
)

// corrected is a store whose answers are corrected as they are read. Records are right in all; the
// counts of facets are those of the index, under the right names: of two names of one entity that
// an article has both, both count, until it is extracted again.
type corrected struct {
	Store
	set atomic.Pointer[corrections.Set]
}

// more is how many more values of a facet are asked for where some may go.
const more = 20

// keyed is a query for all keys of its entities.
func keyed(set *corrections.Set, q search.Query) search.Query {
	if set.Len() == 0 {
		return q
	}
	groups := make([][]string, len(q.Entities))
	for i, g := range q.Entities {
		for _, k := range g {
			groups[i] = append(groups[i], set.Keys(k)...)
		}
	}
	if len(groups) > 0 {
		q.Entities = groups
	}
	var by []string
	for _, k := range q.SpeakerKeys {
		by = append(by, set.Keys(k)...)
	}
	q.SpeakerKeys = by
	if q.Facets > 0 {
		q.Facets = min(1000, q.Facets+more)
	}
	return q
}

// facets corrects counts, to so many of each.
func (c *corrected) facets(set *corrections.Set, counts map[string][]search.Count, limit int) map[string][]search.Count {
	if counts == nil || set.Len() == 0 {
		return counts
	}
	out := map[string]map[string]int{}
	for facet, list := range counts {
		for _, v := range list {
			to, name, ok := correctedName(set, facet, v.Value)
			if !ok {
				continue
			}
			if out[to] == nil {
				out[to] = map[string]int{}
			}
			out[to][name] += v.Count
		}
	}
	res := map[string][]search.Count{}
	for facet := range counts {
		res[facet] = search.TopCounts(out[facet], limit)
	}
	return res
}

// correctedName is a facet's value as corrected, and the facet that it then is of.
func correctedName(set *corrections.Set, facet, name string) (string, string, bool) {
	if facet == search.FacetSource {
		return facet, name, true
	}
	for _, t := range ner.Types() { // a speaker may be of any type
		if facet != search.FacetSpeaker && facet != t.String() {
			continue
		}
		key := entityKey(t.String(), name)
		to, right, newKey, ok := set.Entity(t, name, key)
		if !ok {
			return facet, name, false
		}
		if newKey != key {
			if facet != search.FacetSpeaker {
				facet = to.String()
			}
			return facet, right, true
		}
	}
	return facet, name, true
}

// Search corrects what is found.
func (c *corrected) Search(ctx context.Context, q search.Query) (*search.Results, error) {
	set := c.set.Load()
	res, err := c.Store.Search(ctx, keyed(set, q))
	if err != nil || set.Len() == 0 {
		return res, err
	}
	for i := range res.Hits {
		res.Hits[i].Record = *set.Apply(&res.Hits[i].Record)
	}
	res.Facets = c.facets(set, res.Facets, q.Facets)
	return res, nil
}

// Quotes corrects what is found.
func (c *corrected) Quotes(ctx context.Context, q search.Query) (*search.QuoteResults, error) {
	set := c.set.Load()
	res, err := c.Store.Quotes(ctx, keyed(set, q))
	if err != nil || set.Len() == 0 {
		return res, err
	}
	for i := range res.Hits {
		correctQuote(set, &res.Hits[i])
	}
	res.Facets = c.facets(set, res.Facets, q.Facets)
	return res, nil
}

func correctQuote(set *corrections.Set, h *search.QuoteHit) {
	nobody := func() {
		h.Speaker, h.SpeakerKey, h.SpeakerType, h.SpeakerRole, h.SpeakerAffiliation = "", "", "", "", ""
	}
	if !set.Said(h.Article, h.Quote.Text, h.SpeakerKey) {
		nobody()
		h.Quote.Speaker = nil
		return
	}
	var t ner.Type
	if h.SpeakerKey == "" || t.UnmarshalText([]byte(h.SpeakerType)) != nil {
		return
	}
	to, name, key, ok := set.Entity(t, h.Speaker, h.SpeakerKey)
	if !ok {
		nobody()
		if h.Quote.Speaker != nil && h.Quote.Speaker.Expression != nil {
			h.Speaker = h.Quote.Speaker.Text
		}
		return
	}
	if key != h.SpeakerKey && to != ner.Person {
		h.SpeakerRole, h.SpeakerAffiliation = "", ""
	}
	h.SpeakerAffiliation = set.Affiliation(h.SpeakerAffiliation)
	h.Speaker, h.SpeakerKey, h.SpeakerType = name, key, to.String()
}

// Get corrects a record.
func (c *corrected) Get(ctx context.Context, id string) (*pipeline.Record, error) {
	r, err := c.Store.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	return c.set.Load().Apply(r), nil
}

// Histogram counts all keys of the query's entities.
func (c *corrected) Histogram(ctx context.Context, q search.Query, most int) (*search.Histogram, error) {
	return c.Store.Histogram(ctx, keyed(c.set.Load(), q), most)
}

// Names are a facet's values as corrected: those that were of another type or name, too.
func (c *corrected) Names(ctx context.Context, facet, prefix string, limit int) ([]search.Count, error) {
	set := c.set.Load()
	if set.Len() == 0 {
		return c.Store.Names(ctx, facet, prefix, limit)
	}
	counts := map[string]int{}
	for _, from := range search.FacetNames() {
		if from != facet && (from == search.FacetSource || facet == search.FacetSource || from == search.FacetSpeaker || facet == search.FacetSpeaker) {
			continue
		}
		list, err := c.Store.Names(ctx, from, prefix, limit+more)
		if err != nil {
			return nil, err
		}
		for _, v := range list {
			if to, name, ok := correctedName(set, from, v.Value); ok && to == facet {
				counts[name] += v.Count
			}
		}
	}
	return search.TopCounts(counts, limit), nil
}

// Profile asks for all keys.
func (c *corrected) Profile(ctx context.Context, q search.Query, keys []string, limit int) (*search.Profile, error) {
	set := c.set.Load()
	var all []string
	for _, k := range keys {
		all = append(all, set.Keys(k)...)
	}
	return c.Store.Profile(ctx, keyed(set, q), all, limit)
}

// Ties asks for all keys.
func (c *corrected) Ties(ctx context.Context, q search.Query, groups [][]string) ([]search.Tie, error) {
	set := c.set.Load()
	all := make([][]string, len(groups))
	for i, g := range groups {
		for _, k := range g {
			all[i] = append(all[i], set.Keys(k)...)
		}
	}
	return c.Store.Ties(ctx, keyed(set, q), all)
}

// Values counts dates in the articles of all keys.
func (c *corrected) Values(ctx context.Context, q search.Query, limit int) ([]search.Count, error) {
	return c.Store.Values(ctx, keyed(c.set.Load(), q), limit)
}

// nameFor is the name that corrections give an entity, where they give one.
func (c *corrected) nameFor(key string) (string, bool) {
	for _, x := range c.set.Load().List() {
		if x.Target() == key {
			if x.Kind == corrections.SameAs {
				return x.To, true
			}
			return x.Name, true
		}
	}
	return "", false
}

// newestFirst orders a list of corrections for reading.
func newestFirst(list []corrections.Correction) []corrections.Correction {
	out := slices.Clone(list)
	slices.SortStableFunc(out, func(a, b corrections.Correction) int {
		return cmp.Or(b.Time.Compare(a.Time), strings.Compare(a.ID, b.ID))
	})
	return out
}
