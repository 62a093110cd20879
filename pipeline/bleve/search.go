package bleve

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/blevesearch/bleve/v2"
	bsearch "github.com/blevesearch/bleve/v2/search"
	"github.com/blevesearch/bleve/v2/search/query"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/search"
)

const facetSource = search.FacetSource

// snippets is the most snippets of a hit.
const snippets = 3

// titleBoost is how much more a word in the title counts.
const titleBoost = 2

func namesFields() []string {
	return []string{search.FacetPerson, search.FacetOrganisation, search.FacetPlace, search.FacetSpeaker}
}

// Search returns the articles that q asks for.
func (x *Index) Search(ctx context.Context, q search.Query) (*search.Results, error) {
	res, err := x.ask(ctx, q, kindArticle)
	if err != nil {
		return nil, fmt.Errorf("search articles: %w", err)
	}
	out := &search.Results{Total: res.total, Hits: []search.Hit{}, Facets: facets(res, q), Next: next(res, q)}
	clauses := q.Clauses()
	for _, h := range res.hits {
		r, err := unpack(h.fields[fieldRecord], h.fields[fieldRevision])
		if err != nil {
			return nil, fmt.Errorf("search articles: %w", err)
		}
		out.Hits = append(out.Hits, search.Hit{Record: *r, Score: h.place.score, Copies: max(res.folded[foldHash([]byte(r.Cluster))]-1, 0), Snippets: search.Snippets(r.Text, clauses, snippets)})
	}
	return out, nil
}

// Quotes returns the quotes that q asks for.
func (x *Index) Quotes(ctx context.Context, q search.Query) (*search.QuoteResults, error) {
	res, err := x.ask(ctx, q, kindQuote)
	if err != nil {
		return nil, fmt.Errorf("search quotes: %w", err)
	}
	out := &search.QuoteResults{Total: res.total, Hits: []search.QuoteHit{}, Facets: facets(res, q), Next: next(res, q)}
	clauses := q.Clauses()
	for _, h := range res.hits {
		var hit search.QuoteHit
		if err := json.Unmarshal([]byte(h.fields[fieldRecord]), &hit); err != nil {
			return nil, fmt.Errorf("search quotes: %w: decode quote: %w", ErrDamaged, err)
		}
		hit.Score, hit.Snippets = h.place.score, search.Snippets(hit.Quote.Text, clauses, snippets)
		out.Hits = append(out.Hits, hit)
	}
	return out, nil
}

// Get returns the record with the ID.
func (x *Index) Get(ctx context.Context, id string) (*pipeline.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("get article: %w", err)
	}
	fields, err := x.document(articleID(id))
	if err != nil {
		return nil, fmt.Errorf("get article: %w", err)
	}
	if fields == nil {
		return nil, fmt.Errorf("get article: %w: %q", search.ErrNotFound, id)
	}
	r, err := unpack(fields[fieldRecord], fields[fieldRevision])
	if err != nil {
		return nil, fmt.Errorf("get article: %w", err)
	}
	return r, nil
}

// Count is the number of articles and of quotes.
func (x *Index) Count(ctx context.Context) (articles, quotes int, err error) {
	for kind, n := range map[string]*int{kindArticle: &articles, kindQuote: &quotes} {
		res, err := x.data.Load().SearchInContext(ctx, unscored(term(fieldKind, kind), 0))
		if err != nil {
			return 0, 0, fmt.Errorf("count: %w", err)
		}
		*n = total(res)
	}
	return articles, quotes, nil
}

// probe reads a document.
func (x *Index) probe() error {
	req := unscored(term(fieldKind, kindArticle), 1)
	req.Fields = []string{fieldRecord, fieldRevision}
	res, err := x.data.Load().Search(req)
	if err != nil {
		return err
	}
	for _, h := range res.Hits {
		if _, err := unpack(storedField(h, fieldRecord), storedField(h, fieldRevision)); err != nil {
			return err
		}
	}
	return nil
}

// ask asks for documents of the kind.
func (x *Index) ask(ctx context.Context, q search.Query, kind string) (*found, error) {
	if err := q.Validate(); err != nil {
		return nil, err
	}
	words := []string{fieldText, fieldTitle}
	if kind == kindQuote {
		words = []string{fieldWords}
	}
	filter := bleve.NewConjunctionQuery(conditions(q, kind)...)
	scored := query.NewBooleanQuery(nil, nil, nil)
	ranked, excluded := false, exclusions(q)
	for _, c := range q.Clauses() {
		if c.Not {
			excluded = append(excluded, phrase(words[0], analyserText, c.Phrase))
			continue
		}
		ranked = true
		scored.AddMust(phrase(words[0], analyserText, c.Phrase))
		if len(words) > 1 {
			title := phrase(words[1], analyserText, c.Phrase)
			title.SetBoost(titleBoost)
			scored.AddShould(title)
		}
	}
	a := asking{size: q.PageSize(), skip: q.Offset, fold: q.Fold, ranked: ranked && q.Sort == search.ByRelevance}
	if a.ranked {
		scored.AddFilter(filter)
		scored.AddMustNot(excluded...)
		a.query = scored
	} else {
		all := query.NewBooleanQuery([]query.Query{filter}, nil, nil)
		if ranked {
			all.AddMust(scored.Must)
		}
		all.AddMustNot(excluded...)
		a.query = all
	}
	if q.After != "" {
		var err error
		if a.after, err = readPlace(q.After); err != nil {
			return nil, err
		}
	}
	if q.Facets > 0 {
		a.facets = search.FacetNames()
	}
	return x.collect(ctx, a)
}

// next is where the answer goes on.
func next(res *found, q search.Query) string {
	if len(res.hits) < q.PageSize() || q.Fold {
		return ""
	}
	return res.hits[len(res.hits)-1].place.cursor()
}

// unscored is a request that spares the engine the scores.
func unscored(q query.Query, size int) *bleve.SearchRequest {
	req := bleve.NewSearchRequestOptions(q, size, 0, false)
	req.Score = "none"
	return req
}

// conditions are what must hold besides the words.
func conditions(q search.Query, kind string) []query.Query {
	out := []query.Query{term(fieldKind, kind)}
	for _, n := range []struct {
		facet string
		names []string
	}{
		{search.FacetPerson, q.Persons}, {search.FacetOrganisation, q.Organisations},
		{search.FacetPlace, q.Places}, {search.FacetSpeaker, q.Speakers},
	} {
		for _, name := range n.names {
			out = append(out, named(n.facet, name))
		}
	}
	if len(q.Sources) > 0 {
		out = append(out, anyTerm(facetSource, q.Sources))
	}
	if q.Cluster != "" {
		out = append(out, term(fieldCluster, q.Cluster))
	}
	for _, group := range q.Entities {
		out = append(out, anyTerm(fieldKeys, group))
	}
	if len(q.SpeakerKeys) > 0 {
		out = append(out, anyTerm(fieldBy, q.SpeakerKeys))
	}
	if kind == kindQuote {
		if len(q.Cues) > 0 {
			var cues []string
			for _, c := range q.Cues {
				cues = append(cues, search.Cue(c))
			}
			out = append(out, anyTerm(fieldCue, cues))
		}
		if len(q.Kinds) > 0 {
			out = append(out, anyTerm(fieldQuoteKind, q.Kinds))
		}
	}
	if from, to := q.Days(); !from.IsZero() || !to.IsZero() {
		dates := query.NewDisjunctionQuery(nil)
		if q.Dates != search.Published {
			dates.AddQuery(anyTerm(fieldDays, queryDays(from, to)))
		}
		if q.Dates != search.Mentioned {
			dates.AddQuery(published(from, to))
		}
		out = append(out, dates)
	}
	return out
}

// named asks for a name in any of its forms. One without a letter or digit is nobody's.
func named(facet, name string) query.Query {
	any := query.NewDisjunctionQuery(nil)
	for _, form := range search.NameForms(name) {
		any.AddQuery(phrase(facet+suffixForms, analyserNames, form))
	}
	return any
}

// exclusions are what must not hold besides the words.
func exclusions(q search.Query) []query.Query {
	var out []query.Query
	for facet, names := range map[string][]string{
		search.FacetPerson: q.Not.Persons, search.FacetOrganisation: q.Not.Organisations,
		search.FacetPlace: q.Not.Places, search.FacetSpeaker: q.Not.Speakers,
	} {
		for _, name := range names {
			out = append(out, named(facet, name))
		}
	}
	if len(q.Not.Sources) > 0 {
		out = append(out, anyTerm(facetSource, q.Not.Sources))
	}
	return out
}

// matching asks for articles without ranking them.
func matching(q search.Query) query.Query {
	all := query.NewBooleanQuery(conditions(q, kindArticle), nil, exclusions(q))
	for _, c := range q.Clauses() {
		if p := phrase(fieldText, analyserText, c.Phrase); c.Not {
			all.AddMustNot(p)
		} else {
			all.AddMust(p)
		}
	}
	return all
}

func term(field, value string) query.Query {
	t := query.NewTermQuery(value)
	t.SetField(field)
	return t
}

func anyTerm(field string, values []string) query.Query {
	any := query.NewDisjunctionQuery(nil)
	for _, v := range values {
		any.AddQuery(term(field, v))
	}
	return any
}

func phrase(field, analyser, words string) *query.MatchPhraseQuery {
	p := query.NewMatchPhraseQuery(words)
	p.SetField(field)
	p.Analyzer = analyser
	return p
}

// published asks for a publication time in the half-open interval; zero is open.
func published(from, to time.Time) query.Query {
	var least, most *float64
	inclusive, exclusive := true, false
	if !from.IsZero() {
		v := millis(from)
		least = &v
	}
	if !to.IsZero() {
		v := millis(to)
		most = &v
	}
	n := query.NewNumericRangeInclusiveQuery(least, most, &inclusive, &exclusive)
	n.SetField(fieldPublished)
	return n
}

func storedField(h *bsearch.DocumentMatch, name string) string {
	s, _ := h.Fields[name].(string)
	return s
}

// facets are the answer's counts.
func facets(res *found, q search.Query) map[string][]search.Count {
	if q.Facets == 0 {
		return nil
	}
	out := map[string][]search.Count{}
	for name, t := range res.counts {
		out[name] = t.most(res.view, q.Facets, nil)
	}
	return out
}

// total is the number of all hits.
func total(res *bleve.SearchResult) int {
	return int(res.Total) //nolint:gosec // documents of one index are far fewer
}
