package elastic

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/search"
	"github.com/elastic/go-elasticsearch/v8/esapi"
)

const (
	snippets   = 3 // at most, of a hit
	titleBoost = 2 // how much more a word in the title counts
)

// node is a part of a request's JSON.
type node map[string]any

// facetFields are the fields that facets count in articles; in quotes the speaker is the quote's.
func facetFields(quotes bool) map[string]string {
	f := map[string]string{
		search.FacetPerson: "people", search.FacetOrganisation: "organisations", search.FacetPlace: "places",
		search.FacetSpeaker: "speakers", search.FacetSource: "article.source",
	}
	if quotes {
		f[search.FacetSpeaker] = "speaker.name"
	}
	return f
}

// answer is what Elasticsearch answers.
type answer struct {
	Hits struct {
		Total struct {
			Value int `json:"value"`
		} `json:"total"`
		Hits []struct {
			Score  *float64          `json:"_score"`
			Source source            `json:"_source"`
			Sort   []json.RawMessage `json:"sort"`
		} `json:"hits"`
	} `json:"hits"`
	Aggregations map[string]aggregation `json:"aggregations"`
}

// aggregation is a number, or the most frequent values of a field.
type aggregation struct {
	Value   int `json:"value"`
	Buckets []struct {
		Key   string `json:"key"`
		Count int    `json:"doc_count"`
	} `json:"buckets"`
}

// source is what is read back of an article or a quote.
type source struct {
	Record  json.RawMessage `json:"record"`
	Text    string          `json:"text"`
	Article struct {
		Revision int64 `json:"revision"`
	} `json:"article"`
}

func (s *source) record() (*pipeline.Record, error) {
	r := &pipeline.Record{}
	if err := json.Unmarshal(s.Record, r); err != nil {
		return nil, fmt.Errorf("decode record: %w", err)
	}
	r.Text, r.Revision = s.Text, s.Article.Revision
	return r, nil
}

// Search returns the articles that q asks for. What was written a moment ago may not be found yet:
// see Refresh.
func (x *Index) Search(ctx context.Context, q search.Query) (*search.Results, error) {
	res, err := x.ask(ctx, q, false)
	if err != nil {
		return nil, fmt.Errorf("search articles: %w", err)
	}
	out := &search.Results{Total: res.total(q), Hits: []search.Hit{}, Facets: res.facets(q), Next: res.next(q)}
	clauses := q.Clauses()
	for i := range res.Hits.Hits {
		h := &res.Hits.Hits[i]
		r, err := h.Source.record()
		if err != nil {
			return nil, fmt.Errorf("search articles: %w", err)
		}
		out.Hits = append(out.Hits, search.Hit{Record: *r, Score: score(h.Score), Snippets: search.Snippets(r.Text, clauses, snippets)})
	}
	if q.Fold {
		if err := x.countCopies(ctx, q, out.Hits); err != nil {
			return nil, fmt.Errorf("search articles: %w", err)
		}
	}
	return out, nil
}

// Quotes returns the quotes that q asks for.
func (x *Index) Quotes(ctx context.Context, q search.Query) (*search.QuoteResults, error) {
	res, err := x.ask(ctx, q, true)
	if err != nil {
		return nil, fmt.Errorf("search quotes: %w", err)
	}
	out := &search.QuoteResults{Total: res.total(q), Hits: []search.QuoteHit{}, Facets: res.facets(q), Next: res.next(q)}
	clauses := q.Clauses()
	for i := range res.Hits.Hits {
		h := &res.Hits.Hits[i]
		var hit search.QuoteHit
		if err := json.Unmarshal(h.Source.Record, &hit); err != nil {
			return nil, fmt.Errorf("search quotes: decode quote: %w", err)
		}
		hit.Score, hit.Snippets = score(h.Score), search.Snippets(hit.Quote.Text, clauses, snippets)
		out.Hits = append(out.Hits, hit)
	}
	return out, nil
}

func score(s *float64) float64 {
	if s == nil {
		return 0
	}
	return *s
}

// Get returns the record with the ID, as it was last written.
func (x *Index) Get(ctx context.Context, id string) (*pipeline.Record, error) {
	if id == "" {
		return nil, fmt.Errorf("get article: %w: %q", search.ErrNotFound, id)
	}
	entries, _, err := x.entries(ctx, []string{id})
	if err != nil {
		return nil, fmt.Errorf("get article: %w", err)
	}
	if entries[0] == nil {
		return nil, fmt.Errorf("get article: %w: %q", search.ErrNotFound, id)
	}
	for _, s := range entries[0].Sets {
		r, err := x.getAt(ctx, x.articleRef(id, s), id)
		if err != nil {
			return nil, fmt.Errorf("get article: %w", err)
		}
		if r != nil { // else an intent that is not carried out yet
			return r, nil
		}
	}
	return nil, fmt.Errorf("get article: %w: %q", search.ErrNotFound, id)
}

// ask sends the question.
func (x *Index) ask(ctx context.Context, q search.Query, quotes bool) (*answer, error) {
	if err := q.Validate(); err != nil {
		return nil, err
	}
	alias := x.articles()
	if quotes {
		alias = x.quotes()
	}
	req, err := request(q, quotes)
	if err != nil {
		return nil, err
	}
	in := where(alias, q)
	var res answer
	if q.Facets == 0 || !unbounded(req) {
		addFacets(req, q, quotes, manyValues)
		err = x.search(ctx, in, req, &res)
		return &res, err
	}
	if err := x.search(ctx, in, req, &res); err != nil {
		return nil, err
	}
	// Where nothing narrows the question its facets are those of everything, and have a request of their own:
	// Elasticsearch keeps answers without hits, by shard, so that only the months that have changed are counted again.
	// It keeps little, but then the most frequent of everything are among the most frequent of each month.
	counts := node{"size": 0, "query": req["query"]}
	addFacets(counts, q, quotes, someValues)
	var facets answer
	if err := x.search(ctx, in, counts, &facets); err != nil {
		return nil, err
	}
	if res.Aggregations == nil {
		res.Aggregations = map[string]aggregation{}
	}
	maps.Copy(res.Aggregations, facets.Aggregations)
	return &res, nil
}

// search sends a request for hits, or for counts. That a shard fails is an error, for the answer of the others
// would pass for the whole.
func (x *Index) search(ctx context.Context, in place, req node, out any) error {
	body, err := json.Marshal(req)
	if err != nil {
		return fmt.Errorf("encode query: %w", err)
	}
	ask := esapi.SearchRequest{Index: in.months, AllowPartialSearchResults: new(bool)}
	if ranked(req) {
		// The statistics of all months count in each: else a word would be as rare as it is in the article's
		// month. That is a round of its own over all shards.
		ask.SearchType = "dfs_query_then_fetch"
	}
	do := func() error {
		return x.patiently(ctx, func() error {
			ask.Body = bytes.NewReader(body)
			return x.call(ctx, ask, out)
		})
	}
	if len(in.months) > 0 {
		err := do()
		var status *StatusError
		if !errors.As(err, &status) || temporary(status.Status) {
			return err
		}
		// There is no index of one of the months, or we may read the alias alone.
	}
	ask.Index, ask.IgnoreUnavailable, ask.AllowNoIndices = []string{in.alias}, yes(), yes()
	return do()
}

// ranked reports whether a request orders its hits by their scores.
func ranked(req node) bool {
	order, ok := req["sort"].([]node)
	return ok && len(order) > 0 && order[0]["_score"] != nil
}

// place is where hits can be: in the months' indices where they are named, else in all of the alias.
type place struct {
	alias  string
	months []string
}

// mostMonths is how many indices are named in a request.
const mostMonths = 24

// where says where the hits of a question can be: where it is bounded by publication, in those months. A month is a
// shard, and each that is asked costs time, a hit or not.
func where(alias string, q search.Query) place {
	all := place{alias: alias}
	from, to := q.Days()
	if q.Dates != search.Published || from.IsZero() || to.IsZero() {
		return all
	}
	in := all
	for m := time.Date(from.Year(), from.Month(), 1, 0, 0, 0, 0, time.UTC); m.Before(to); m = m.AddDate(0, 1, 0) {
		if len(in.months) == mostMonths {
			return all
		}
		in.months = append(in.months, alias+"-"+m.Format(monthLayout))
	}
	return in
}

// request is the question as Elasticsearch takes it.
func request(q search.Query, quotes bool) (node, error) {
	text, title := "text", "article.title"
	if quotes {
		text, title = "quote.text", ""
	}
	must, should, not := []node{}, []node{}, exclusions(q)
	for _, c := range q.Clauses() {
		switch {
		case c.Not:
			not = append(not, phrase(text, c.Phrase, 1))
		default:
			must = append(must, phrase(text, c.Phrase, 1))
			if title != "" {
				should = append(should, phrase(title, c.Phrase, titleBoost))
			}
		}
	}
	sort := []node{
		{"@timestamp": node{"order": "desc", "missing": "_last", "unmapped_type": "date"}},
		{"article.id": node{"order": "asc", "unmapped_type": "keyword"}},
	}
	if quotes {
		sort = append(sort, node{"quote.index": node{"order": "asc", "unmapped_type": "integer"}})
	}
	if q.Sort == search.ByRelevance && len(must) > 0 {
		sort = append([]node{{"_score": node{"order": "desc"}}}, sort...)
	} else {
		should = []node{} // it would count for the score alone
	}
	req := node{
		"from": q.Offset, "size": q.PageSize(), "track_total_hits": true, "sort": sort,
		"query":   node{"bool": node{"must": must, "should": should, "must_not": not, "filter": conditions(q, quotes)}},
		"_source": []string{"record", "text", "article.revision"},
	}
	aggs := node{}
	if q.Fold {
		req["collapse"] = node{"field": "fold"}
		aggs[foldedTotal] = node{"cardinality": node{"field": "fold", "precision_threshold": 40_000, "execution_hint": "direct"}}
	}
	if q.After != "" {
		after, err := search.RawCursor(q.After, len(sort))
		if err != nil {
			return nil, err
		}
		req["search_after"] = after
	}
	if len(aggs) > 0 {
		req["aggs"] = aggs
	}
	return req, nil
}

// unbounded reports whether a request is for everything.
func unbounded(req node) bool {
	query := req["query"].(node)["bool"].(node)
	return len(query["must"].([]node))+len(query["filter"].([]node))+len(query["must_not"].([]node)) == 0
}

// Each month is a shard, and names its own most frequent values: so many, or so many times what is asked for, that the
// counts over all months are right. What Elasticsearch then leaves open, it gives as doc_count_error_upper_bound.
const (
	manyValues = 1000
	someValues = 200
	manyTimes  = 10
)

// addFacets asks for the counts of the facets that q wants, with at least so many values of each shard.
func addFacets(req node, q search.Query, quotes bool, values int) {
	if q.Facets == 0 {
		return
	}
	aggs, ok := req["aggs"].(node)
	if !ok {
		aggs = node{}
		req["aggs"] = aggs
	}
	for name, field := range facetFields(quotes) {
		aggs[name] = node{"terms": node{
			"field": field, "size": q.Facets, "shard_size": max(values, manyTimes*q.Facets),
			// Values are counted as they come. Elasticsearch's usual way, by their ordinals, costs each shard time for all
			// the names that it has, in hits or not, and where nothing narrows the question a query for each of them.
			"execution_hint": "map",
		}}
	}
}

// matching asks for articles, as a part of an aggregation.
func matching(q search.Query) (any, error) {
	q.After = ""
	req, err := request(q, false)
	if err != nil {
		return nil, err
	}
	return req["query"], nil
}

// foldedTotal is the aggregation that counts what a folded answer has.
const foldedTotal = "folded"

// total counts the answer's hits.
func (a *answer) total(q search.Query) int {
	if q.Fold {
		return a.Aggregations[foldedTotal].Value
	}
	return a.Hits.Total.Value
}

// countCopies says of each hit how many more articles it stands for.
func (x *Index) countCopies(ctx context.Context, q search.Query, hits []search.Hit) error {
	var ids []string
	for _, h := range hits {
		if h.Record.Cluster != "" {
			ids = append(ids, h.Record.Cluster)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	query, err := matching(q)
	if err != nil {
		return err
	}
	var res struct {
		Copies aggregation `json:"copies"`
	}
	query = node{"bool": node{"filter": []any{query, node{"terms": node{"fold": ids}}}}}
	aggs := node{"copies": node{"terms": node{"field": "fold", "size": len(ids), "execution_hint": "map"}}}
	if err := x.aggregate(ctx, q, query, aggs, &res); err != nil {
		return err
	}
	for _, b := range res.Copies.Buckets {
		for i := range hits {
			if hits[i].Record.Cluster == b.Key {
				hits[i].Copies = b.Count - 1
			}
		}
	}
	return nil
}

// next is where the answer goes on.
func (a *answer) next(q search.Query) string {
	n := len(a.Hits.Hits)
	if n < q.PageSize() || q.Fold {
		return ""
	}
	return search.WriteCursor(a.Hits.Hits[n-1].Sort)
}

// conditions are what must hold besides the words.
func conditions(q search.Query, quotes bool) []node {
	out := []node{}
	for _, n := range []struct {
		field string
		names []string
	}{
		{"names.person", q.Persons}, {"names.organisation", q.Organisations}, {"names.place", q.Places}, {"names.speaker", q.Speakers},
	} {
		for _, name := range n.names {
			out = append(out, named(n.field, name))
		}
	}
	if len(q.Sources) > 0 {
		out = append(out, node{"terms": node{"article.source": q.Sources}})
	}
	for _, group := range q.Entities {
		out = append(out, node{"terms": node{"entities": group}})
	}
	if q.Cluster != "" {
		out = append(out, node{"term": node{"cluster": q.Cluster}})
	}
	switch {
	case len(q.SpeakerKeys) > 0 && quotes:
		out = append(out, node{"terms": node{"speaker.key": q.SpeakerKeys}})
	case len(q.SpeakerKeys) > 0:
		out = append(out, node{"terms": node{"speaker_keys": q.SpeakerKeys}})
	}
	if quotes && len(q.Cues) > 0 {
		var cues []string
		for _, c := range q.Cues {
			cues = append(cues, search.Cue(c))
		}
		out = append(out, node{"terms": node{"quote.cue": cues}})
	}
	if quotes && len(q.Kinds) > 0 {
		out = append(out, node{"terms": node{"quote.kind": q.Kinds}})
	}
	if from, to := q.Days(); !from.IsZero() || !to.IsZero() {
		var dates []node
		if q.Dates != search.Published {
			dates = append(dates, overlap("dates", from, to))
		}
		if q.Dates != search.Mentioned {
			dates = append(dates, overlap("@timestamp", from, to))
		}
		out = append(out, anyOf(dates))
	}
	return out
}

// named asks for a name in any of its forms.
func named(field, name string) node {
	var forms []node
	for _, form := range search.NameForms(name) {
		forms = append(forms, phrase(field, form, 1))
	}
	return anyOf(forms)
}

// exclusions are what must not hold besides the words.
func exclusions(q search.Query) []node {
	out := []node{}
	for field, names := range map[string][]string{
		"names.person": q.Not.Persons, "names.organisation": q.Not.Organisations, "names.place": q.Not.Places, "names.speaker": q.Not.Speakers,
	} {
		for _, name := range names {
			out = append(out, named(field, name))
		}
	}
	if len(q.Not.Sources) > 0 {
		out = append(out, node{"terms": node{"article.source": q.Not.Sources}})
	}
	return out
}

// anyOf asks that one of the conditions holds; none does where there are none.
func anyOf(conditions []node) node {
	if len(conditions) == 0 {
		return node{"match_none": node{}}
	}
	return node{"bool": node{"should": conditions, "minimum_should_match": 1}}
}

func phrase(field, words string, boost float64) node {
	return node{"match_phrase": node{field: node{"query": words, "boost": boost}}}
}

// overlap asks for an interval that overlaps, or a time that lies in, the half-open interval; zero
// is open.
func overlap(field string, from, to time.Time) node {
	r := node{"format": "epoch_millis"}
	if !from.IsZero() {
		r["gte"] = from.UnixMilli()
	}
	if !to.IsZero() {
		r["lt"] = to.UnixMilli()
	}
	return node{"range": node{field: r}}
}

// facets are the answer's counts.
func (a *answer) facets(q search.Query) map[string][]search.Count {
	if q.Facets == 0 {
		return nil
	}
	out := map[string][]search.Count{}
	for _, name := range search.FacetNames() {
		out[name] = a.Aggregations[name].counts()
	}
	return out
}

// counts are the values, most frequent first.
func (a aggregation) counts() []search.Count {
	out := make([]search.Count, len(a.Buckets))
	for i, b := range a.Buckets {
		out[i] = search.Count{Value: b.Key, Count: b.Count}
	}
	return out
}
