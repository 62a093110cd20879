package web

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/export"
	"github.com/datelinenews/dateline/pipeline/search"
)

// The most hits of an answer, and how many where none are asked for.
const (
	apiMost    = 100
	apiDefault = 20
)

// endpoint is a question of the API. The OpenAPI document is made of these, so that it can't
// promise what is not there.
type endpoint struct {
	summary string
	params  []param
	// answer is a value of the type that it answers with.
	answer any
	// media is the type of what it streams, where it does.
	media string
	// ask gives the answer; stream writes it.
	ask    func(ctx context.Context, r *http.Request) (any, error)
	stream func(w http.ResponseWriter, r *http.Request) error
}

// param is a parameter, in the query unless its name is in the path.
type param struct {
	name, about string
	// kind is a JSON type: string, integer or boolean.
	kind string
	enum []string
}

var (
	paramQuery  = param{name: "q", kind: "string", about: `The question, as in the search box: words, "exact phrases", -words, person:"Ada Bell", org:, place:, speaker:, source:, date:2025-01..2025-02, mentioned:, published:, entity:KEY, by:KEY, cue:, kind:.`}
	paramSort   = param{name: "sort", kind: "string", enum: []string{"relevance", "time"}, about: "Order: relevance, or time (newest first)."}
	paramLimit  = param{name: "limit", kind: "integer", about: "How many items, 1 to 100. Default: 20."}
	paramCursor = param{name: "cursor", kind: "string", about: "The next of the answer before, to the same question."}
	paramFacets = param{name: "facets", kind: "integer", about: "Also count so many of the most frequent values of each facet, at most 100. Default: 0."}
)

// endpoints are those of the API, by pattern.
func (s *Server) endpoints() map[string]endpoint {
	return map[string]endpoint{
		"GET /api/search": {
			summary: "Articles that a question asks for.", params: []param{paramQuery, paramSort, paramLimit, paramCursor, paramFacets},
			answer: searchAnswer{}, ask: s.apiSearch,
		},
		"GET /api/search.csv": {
			summary: "All of them, to the end, as a table; newest first.", params: []param{paramQuery}, media: "text/csv", stream: s.streamArticlesCSV,
		},
		"GET /api/search.ndjson": {
			summary: "All of them, to the end, as records, one a line; newest first.", params: []param{paramQuery}, media: "application/x-ndjson", stream: s.streamArticles,
		},
		"GET /api/articles/{id}": {
			summary: "An article with all that was found in it.",
			params: []param{
				{name: "id", kind: "string", about: "The article's ID."},
				{name: "offsets", kind: "string", enum: []string{"bytes", "utf16", "codepoints"}, about: "What spans count. Default: bytes of UTF-8."},
			},
			answer: pipeline.Record{}, ask: s.apiArticle,
		},
		"GET /api/entities": {
			summary: "People, organisations and places of whose names a word begins so; most articles first.",
			params: []param{
				{name: "q", kind: "string", about: "How a word of the name begins, in any case. Empty: all."},
				{name: "type", kind: "string", enum: []string{"person", "organisation", "place"}, about: "Only this type."},
				paramLimit,
			},
			answer: entitiesAnswer{}, ask: s.apiEntities,
		},
		"GET /api/entities/{key}": {
			summary: "What the index has of an entity.", params: []param{{name: "key", kind: "string", about: "The entity's key, such as person:ada-bell."}},
			answer: entityAnswer{}, ask: s.apiEntity,
		},
		"GET /api/quotes": {
			summary: "Quotes that a question asks for: its words are the quote's, its speaker the quote's.",
			params:  []param{paramQuery, paramSort, paramLimit, paramCursor, paramFacets}, answer: quotesAnswer{}, ask: s.apiQuotes,
		},
		"GET /api/quotes.csv": {
			summary: "All of them, to the end, as a table; newest first.", params: []param{paramQuery}, media: "text/csv", stream: s.streamQuotesCSV,
		},
		"GET /api/quotes.ndjson": {
			summary: "All of them, to the end, one a line; newest first.", params: []param{paramQuery}, media: "application/x-ndjson", stream: s.streamQuotes,
		},
		"GET /api/suggest": {
			summary: "Names to go on with, while somebody types.", params: []param{{name: "q", kind: "string", about: "How a word of the name begins."}},
			answer: suggestAnswer{}, ask: s.apiSuggest,
		},
		"GET /api/status": {summary: "Counts, rate and what else the status page shows.", answer: statusAnswer{}, ask: s.apiStatus},
		"GET /feed.atom": {
			summary: "The newest articles, or quotes, that a question asks for, as an Atom feed: a saved search.",
			params:  []param{paramQuery, {name: "of", kind: "string", enum: []string{"articles", "quotes"}, about: "What the feed is of. Default: articles."}},
			media:   "application/atom+xml", stream: s.feed,
		},
		"GET /openapi.json": {summary: "This document.", media: "application/json", stream: s.serveSpec},
	}
}

// The answers. Their names stay; new ones may come.

type searchAnswer struct {
	Total  int                       `json:"total"`
	Items  []articleItem             `json:"items"`
	Facets map[string][]search.Count `json:"facets,omitempty"`
	// Next is the cursor of the page behind; absent at the end.
	Next string `json:"next,omitempty"`
}

type articleItem struct {
	ID            string    `json:"id"`
	URL           string    `json:"url,omitempty"`
	Title         string    `json:"title,omitempty"`
	Source        string    `json:"source,omitempty"`
	Language      string    `json:"language,omitempty"`
	Published     time.Time `json:"published,omitzero"`
	Score         float64   `json:"score"`
	Snippets      []snippet `json:"snippets"`
	People        []string  `json:"people"`
	Organisations []string  `json:"organisations"`
	Places        []string  `json:"places"`
	Speakers      []string  `json:"speakers"`
	Quotes        int       `json:"quotes"`
}

// snippet is a stretch of text, and the half-open byte ranges in it of the words that were asked for.
type snippet struct {
	Text  string   `json:"text"`
	Marks [][2]int `json:"marks"`
}

type entityItem struct {
	Key      string `json:"key"`
	Name     string `json:"name"`
	Type     string `json:"type"`
	Articles int    `json:"articles"`
}

type entitiesAnswer struct {
	Items []entityItem `json:"items"`
}

type entityAnswer struct {
	Key          string               `json:"key"`
	Name         string               `json:"name"`
	Type         string               `json:"type"`
	Articles     int                  `json:"articles"`
	Quotes       int                  `json:"quotes"`
	Names        []search.Count       `json:"names"`
	Roles        []search.Role        `json:"roles"`
	Affiliations []search.Affiliation `json:"affiliations"`
	With         []entityItem         `json:"with"`
	Sources      []search.Count       `json:"sources"`
	Histogram    *search.Histogram    `json:"histogram"`
}

type quotesAnswer struct {
	Total  int                       `json:"total"`
	Items  []search.QuoteHit         `json:"items"`
	Facets map[string][]search.Count `json:"facets,omitempty"`
	Next   string                    `json:"next,omitempty"`
}

type suggestion struct {
	// Query is what to put into the question.
	Query string `json:"query"`
	entityItem
}

type suggestAnswer struct {
	Items []suggestion `json:"items"`
}

type statusAnswer struct {
	Panels []Panel `json:"panels"`
}

// json makes a handler of an endpoint.
func (s *Server) json(e endpoint) http.Handler {
	known := map[string]bool{}
	for _, p := range e.params {
		known[p.name] = true
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name := range r.URL.Query() {
			if !known[name] {
				writeProblem(w, problem{Status: http.StatusBadRequest, Title: "Unknown parameter", Detail: "There is no parameter " + strconv.Quote(cut(name, 100)) + ": see /openapi.json."})
				return
			}
		}
		if e.stream != nil {
			if err := e.stream(w, r); err != nil {
				writeProblem(w, s.failure(r, err))
			}
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), s.Timeout)
		defer cancel()
		answer, err := e.ask(ctx, r)
		if err != nil {
			writeProblem(w, s.failure(r, err))
			return
		}
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(answer); err != nil {
			writeProblem(w, s.failure(r, fmt.Errorf("encode answer: %w", err)))
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "private, no-cache")
		_, _ = b.WriteTo(w) // the client has gone, or it has not
	})
}

// apiQuery reads a question of the API. Unlike a page's it must be right in all its parts.
func (s *Server) apiQuery(r *http.Request) (search.Query, error) {
	text := r.FormValue("q")
	if len(text) > maxQuery {
		return search.Query{}, fmt.Errorf("%w: q has %d bytes, at most %d", search.ErrQuery, len(text), maxQuery)
	}
	q, err := search.Parse(strings.ToValidUTF8(text, ""))
	if err != nil {
		return q, err
	}
	switch sort := r.FormValue("sort"); sort {
	case "", "relevance":
	case "time":
		q.Sort = search.ByTime
	default:
		return q, fmt.Errorf("%w: sort is %q: want relevance or time", search.ErrQuery, cut(sort, 100))
	}
	if q.Limit, err = number(r, "limit", apiDefault, 1, apiMost); err != nil {
		return q, err
	}
	if q.Facets, err = number(r, "facets", 0, 0, 100); err != nil {
		return q, err
	}
	if c := r.FormValue("cursor"); c != "" {
		if q.After, err = openCursor(c, &q); err != nil {
			return q, err
		}
	}
	return q, q.Validate()
}

func number(r *http.Request, name string, byDefault, least, most int) (int, error) {
	s := r.FormValue(name)
	if s == "" {
		return byDefault, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%w: %s is %q: want a number from %d to %d", search.ErrQuery, name, cut(s, 100), least, most)
	}
	return n, nil
}

// A cursor holds where the index goes on, and a hash of the question that it belongs to: with
// another question it would give nonsense.

func questionHash(q *search.Query) string {
	sum := sha256.Sum256([]byte(string(q.Sort) + "\x00" + q.String()))
	return hex.EncodeToString(sum[:6])
}

func newCursor(next string, q *search.Query) string {
	if next == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString([]byte(questionHash(q) + next))
}

func openCursor(c string, q *search.Query) (string, error) {
	b, err := base64.RawURLEncoding.DecodeString(c)
	hash := questionHash(q)
	if err != nil || len(b) <= len(hash) || string(b[:len(hash)]) != hash {
		return "", fmt.Errorf("%w: the cursor is not of an answer to this question: begin anew without it", search.ErrQuery)
	}
	return string(b[len(hash):]), nil
}

func (s *Server) apiSearch(ctx context.Context, r *http.Request) (any, error) {
	q, err := s.apiQuery(r)
	if err != nil {
		return nil, err
	}
	res, err := s.Store.Search(ctx, q)
	if err != nil {
		return nil, err
	}
	out := searchAnswer{Total: res.Total, Items: []articleItem{}, Facets: res.Facets, Next: newCursor(res.Next, &q)}
	for i := range res.Hits {
		out.Items = append(out.Items, newArticleItem(&res.Hits[i]))
	}
	return out, nil
}

func newArticleItem(h *search.Hit) articleItem {
	r := &h.Record
	d := search.NewDocument(r)
	item := articleItem{
		ID: r.ID, URL: r.URL, Title: r.Title, Source: r.Source, Language: r.Language, Published: r.Published, Score: h.Score,
		People: list(d.Persons.Canonical), Organisations: list(d.Organisations.Canonical), Places: list(d.Places.Canonical),
		Speakers: list(d.Speakers.Canonical), Quotes: len(r.Quotes), Snippets: []snippet{},
	}
	for _, s := range h.Snippets {
		item.Snippets = append(item.Snippets, newSnippet(s))
	}
	return item
}

func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

func newSnippet(s string) snippet {
	out := snippet{Marks: [][2]int{}}
	var b strings.Builder
	for i, part := range strings.Split(s, search.MarkStart) {
		marked, rest, found := strings.Cut(part, search.MarkEnd)
		if i == 0 || !found {
			b.WriteString(part)
			continue
		}
		start := b.Len()
		b.WriteString(marked)
		out.Marks = append(out.Marks, [2]int{start, b.Len()})
		b.WriteString(rest)
	}
	out.Text = b.String()
	return out
}

func (s *Server) apiArticle(ctx context.Context, r *http.Request) (any, error) {
	rec, err := s.Store.Get(ctx, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	unit := export.Unit(r.FormValue("offsets"))
	if unit == "" {
		return rec, nil
	}
	out, err := export.Convert(*rec, unit)
	if err != nil {
		return nil, fmt.Errorf("%w: offsets: %w", search.ErrQuery, err)
	}
	return out, nil
}

func (s *Server) apiQuotes(ctx context.Context, r *http.Request) (any, error) {
	q, err := s.apiQuery(r)
	if err != nil {
		return nil, err
	}
	res, err := s.Store.Quotes(ctx, q)
	if err != nil {
		return nil, err
	}
	for i := range res.Hits {
		res.Hits[i].Snippets = nil // the whole quote is there
	}
	return quotesAnswer{Total: res.Total, Items: res.Hits, Facets: res.Facets, Next: newCursor(res.Next, &q)}, nil
}

// named asks for entities of whose names a word begins so.
func (s *Server) named(ctx context.Context, prefix, kind string, limit int) ([]entityItem, error) {
	out := []entityItem{}
	for _, t := range ner.Types() {
		if kind != "" && kind != t.String() {
			continue
		}
		counts, err := s.Store.Names(ctx, t.String(), prefix, limit)
		if err != nil {
			return nil, err
		}
		for _, c := range counts {
			out = append(out, entityItem{Key: entityKey(t.String(), c.Value), Name: c.Value, Type: t.String(), Articles: c.Count})
		}
	}
	sortItems(out)
	return out[:min(limit, len(out))], nil
}

func (s *Server) apiEntities(ctx context.Context, r *http.Request) (any, error) {
	limit, err := number(r, "limit", apiDefault, 1, apiMost)
	if err != nil {
		return nil, err
	}
	kind := r.FormValue("type")
	var t ner.Type
	if kind != "" && t.UnmarshalText([]byte(kind)) != nil {
		return nil, fmt.Errorf("%w: type is %q: want person, organisation or place", search.ErrQuery, cut(kind, 100))
	}
	items, err := s.named(ctx, cut(strings.ToValidUTF8(r.FormValue("q"), ""), 100), kind, limit)
	return entitiesAnswer{Items: items}, err
}

// suggestMost is how many names are suggested, and suggestLetters how many must be there.
const (
	suggestMost    = 8
	suggestLetters = 2
)

func (s *Server) apiSuggest(ctx context.Context, r *http.Request) (any, error) {
	out := suggestAnswer{Items: []suggestion{}}
	prefix := strings.TrimSpace(cut(strings.ToValidUTF8(r.FormValue("q"), ""), 100))
	if len([]rune(prefix)) < suggestLetters {
		return out, nil
	}
	items, err := s.named(ctx, prefix, "", suggestMost)
	if err != nil {
		return nil, err
	}
	for _, i := range items {
		q := search.Query{}
		l := field(&q, i.Type)
		*l = []string{i.Name}
		out.Items = append(out.Items, suggestion{Query: q.String(), entityItem: i})
	}
	return out, nil
}

func (s *Server) apiEntity(ctx context.Context, r *http.Request) (any, error) {
	key := r.PathValue("key")
	t, ok := typeOf(key)
	if !ok {
		return nil, fmt.Errorf("%w: %q: want person:, organisation: or place: before the name", errNoEntity, cut(key, 200))
	}
	keys := []string{key}
	q := search.Query{Entities: [][]string{keys}, Sort: search.ByTime, Limit: 1, Facets: 50}
	res, err := s.Store.Search(ctx, q)
	if err != nil {
		return nil, err
	}
	if res.Total == 0 {
		return nil, fmt.Errorf("%w: %s", errNoEntity, cut(key, 200))
	}
	profile, err := s.Store.Profile(ctx, search.Query{}, keys, 100)
	if err != nil {
		return nil, err
	}
	quotes, err := s.Store.Quotes(ctx, search.Query{SpeakerKeys: keys, Sort: search.ByTime, Limit: 1})
	if err != nil {
		return nil, err
	}
	chart, err := s.Store.Histogram(ctx, q, bars)
	if err != nil {
		return nil, err
	}
	name, _ := nameOf(key, profile.Names)
	out := entityAnswer{
		Key: key, Name: name, Type: t.String(), Articles: res.Total, Quotes: quotes.Total, Names: profile.Names, Roles: profile.Roles, Affiliations: profile.Affiliations,
		With: []entityItem{}, Sources: res.Facets[search.FacetSource], Histogram: chart,
	}
	for _, n := range ner.Types() {
		for _, c := range res.Facets[n.String()] {
			if k := entityKey(n.String(), c.Value); k != key {
				out.With = append(out.With, entityItem{Key: k, Name: c.Value, Type: n.String(), Articles: c.Count})
			}
		}
	}
	sortItems(out.With)
	return out, nil
}

func (s *Server) apiStatus(ctx context.Context, _ *http.Request) (any, error) {
	panels, err := s.panels(ctx)
	return statusAnswer{Panels: panels}, err
}

func (s *Server) serveSpec(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(s.spec) // the client has gone, or it has not
	return nil
}

// sortItems puts most articles first, and then goes by key.
func sortItems(items []entityItem) {
	slices.SortStableFunc(items, func(a, b entityItem) int {
		return cmp.Or(cmp.Compare(b.Articles, a.Articles), strings.Compare(a.Key, b.Key))
	})
}
