package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/search"
)

const (
	facetValues = 8   // of each facet on a page
	bars        = 120 // at most, of a histogram: ten years by month
	chips       = 7   // names of a hit
	leadBytes   = 240
	hitSnippets = 2
)

type searchView struct {
	asked
	Pager  pagerView
	Hits   []hitView
	Facets []facetView
	Chart  chartView
	Export []linkView
	API    string
}

func (v searchView) frame() frame {
	title := "Search"
	if v.Text != "" {
		title = v.Text
	}
	return frame{Path: "/", Title: title, Box: v.Text, Feed: address("/feed.atom", v.Query, nil)}
}

type linkView struct{ Name, URL string }

// hitView is an article in a list.
type hitView struct {
	URL, Title, Source string
	Published          time.Time
	Snippets           [][]piece
	Lead               string
	Names              []nameView
	More               int
	Quotes             int
	// Copies are other articles of the same story, which are found there.
	Copies    int
	CopiesURL string
}

// copiesOf is where all copies of a story are listed.
func copiesOf(cluster string) string {
	return address("/", search.Query{Cluster: cluster, Sort: search.ByTime}, map[string][]string{"copies": {"all"}})
}

// nameView is an entity as a chip.
type nameView struct {
	Name, Class, URL, Title string
}

// facetView is the values of a facet.
type facetView struct {
	Name, Title string
	Values      []facetValue
}

type facetValue struct {
	Value string
	Count int
	URL   string
	On    bool
	// Share is the value's count in percent of all.
	Share int
	// Page is the entity's page; empty where the value is none.
	Page string
}

// searchPage lists articles.
func (s *Server) searchPage(w http.ResponseWriter, r *http.Request) error {
	a := ask(r, "/", "copies")
	if a.merged(r) {
		http.Redirect(w, r, a.URL(), http.StatusSeeOther)
		return nil
	}
	v := searchView{asked: a, API: address("/api/search", a.Query, nil)}
	a.Query.Facets = facetValues
	if err := a.Query.Validate(); err != nil {
		return err
	}
	var res *search.Results
	g, ctx := errgroup.WithContext(r.Context())
	g.Go(func() (err error) {
		res, err = s.Store.Search(ctx, a.Query)
		return err
	})
	g.Go(func() (err error) {
		v.Chart, err = s.published(ctx, a)
		return err
	})
	if err := g.Wait(); err != nil {
		return err
	}
	v.Pager = a.pager(res.Total)
	for i := range res.Hits {
		h := newHit(&res.Hits[i].Record, res.Hits[i].Snippets)
		if h.Copies = res.Hits[i].Copies; h.Copies > 0 {
			h.CopiesURL = copiesOf(res.Hits[i].Record.Cluster)
		}
		v.Hits = append(v.Hits, h)
	}
	v.Facets = facets(a, res.Facets, res.Total)
	v.Export = []linkView{
		{"CSV", address("/api/search.csv", a.Query, nil)}, {"NDJSON", address("/api/search.ndjson", a.Query, nil)},
	}
	s.render(w, r, http.StatusOK, "search", v)
	return nil
}

// published draws the articles of a query over time; a bar leads to its own.
func (s *Server) published(ctx context.Context, a asked) (chartView, error) {
	h, err := s.Store.Histogram(ctx, a.Query, bars)
	if err != nil {
		return chartView{}, err
	}
	return newChart(h, func(b search.Bar) string {
		q := a.Query
		q.From, q.To, q.Dates = b.From, b.To, search.Published
		return a.with(q)
	}), nil
}

func newHit(r *pipeline.Record, snippets []string) hitView {
	h := hitView{URL: articleURL(r.ID), Title: headline(r), Source: show(r.Source), Published: r.Published, Quotes: len(r.Quotes)}
	for _, s := range snippets {
		if len(h.Snippets) < hitSnippets && !ofTitle(s, r.Title) {
			h.Snippets = append(h.Snippets, pieces(s))
		}
	}
	if len(h.Snippets) == 0 {
		h.Lead = lead(r)
	}
	h.Names = names(r, chips)
	h.More = len(r.Entities) - len(h.Names)
	return h
}

// ofTitle reports whether a snippet is of the title, which stands above it already.
func ofTitle(snippet, title string) bool {
	plain := strings.NewReplacer(search.MarkStart, "", search.MarkEnd, "", "…", "").Replace(snippet)
	return strings.Contains(title, strings.TrimSpace(plain))
}

// headline is an article's title, or how it begins.
func headline(r *pipeline.Record) string {
	title := r.Title
	if strings.TrimSpace(title) == "" {
		title, _, _ = strings.Cut(strings.TrimSpace(r.Text), "\n")
	}
	return show(cut(title, 200))
}

// lead is how an article's body begins.
func lead(r *pipeline.Record) string {
	body := strings.TrimPrefix(r.Text, r.Title)
	return show(cut(strings.Join(strings.Fields(cut(body, 4*leadBytes)), " "), leadBytes))
}

// cut is so many bytes of s at most, to the end of a word where there is one.
func cut(s string, most int) string {
	s = strings.TrimSpace(s)
	if len(s) <= most {
		return s
	}
	end := most
	for !utf8.RuneStart(s[end]) {
		end--
	}
	if i := strings.LastIndexByte(s[:end], ' '); i > most/2 {
		end = i
	}
	return s[:end] + "…"
}

// names are the entities that an article mentions most.
func names(r *pipeline.Record, most int) []nameView {
	order := make([]int, len(r.Entities))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(len(r.Entities[b].Mentions), len(r.Entities[a].Mentions))
	})
	var out []nameView
	for _, i := range order[:min(most, len(order))] {
		e := &r.Entities[i]
		v := nameView{Name: show(cut(e.Name, 80)), Class: e.Type.String(), URL: entityURL(e.Key), Title: typeName(e.Type)}
		if e.Role != "" {
			v.Title += ": " + show(cut(e.Role, 120))
		}
		if of := affiliated(e.Affiliation, e.Role); of != "" {
			v.Title += ", " + cut(of, 120)
		}
		out = append(out, v)
	}
	return out
}

// typeName is a type's name to begin with.
func typeName(t ner.Type) string {
	s := t.String()
	return strings.ToUpper(s[:1]) + s[1:]
}

var facetTitles = map[string]string{
	search.FacetPerson: "People", search.FacetOrganisation: "Organisations", search.FacetPlace: "Places",
	search.FacetSpeaker: "Speakers", search.FacetSource: "Sources",
}

// facets are the counts of an answer, as links that put a value into the query or take it out. Its bars are
// shares of all.
func facets(a asked, counts map[string][]search.Count, all int) []facetView {
	var out []facetView
	for _, name := range search.FacetNames() {
		f := facetView{Name: name, Title: facetTitles[name]}
		for _, c := range counts[name] {
			q, added := toggled(a.Query, name, c.Value)
			v := facetValue{Value: show(cut(c.Value, 120)), Count: c.Count, URL: a.with(q), On: !added, Share: min(100, max(1, c.Count*100/max(all, 1)))}
			if name != search.FacetSource {
				v.Page = entityURL(entityKey(name, c.Value))
			}
			f.Values = append(f.Values, v)
		}
		if len(f.Values) > 0 {
			out = append(out, f)
		}
	}
	return out
}
