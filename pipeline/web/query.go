package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/datelinenews/dateline/pipeline/search"
)

// pageSize is how many hits a page has.
const pageSize = 20

// maxQuery is the longest question, in bytes.
const maxQuery = 4096

// asked is a page's query as its address has it.
type asked struct {
	Text  string // as it was typed
	Query search.Query
	Page  int // from 1
	// Problem says what of the text could not be read; the rest is asked.
	Problem string
	path    string
	extra   url.Values // parameters of the page's own
}

// ask reads the question of a page's address.
func ask(r *http.Request, path string, extra ...string) asked {
	a := asked{path: path, Page: 1, extra: url.Values{}}
	a.Text = strings.ToValidUTF8(r.FormValue("q"), "")
	if len(a.Text) > maxQuery {
		a.Text = strings.ToValidUTF8(a.Text[:maxQuery], "")
		a.Problem = "The query was too long, and is cut."
	}
	var err error
	if a.Query, err = search.Parse(a.Text); err != nil {
		a.Problem = told(err)
	}
	if r.FormValue("sort") == string(search.ByTime) {
		a.Query.Sort = search.ByTime
	}
	if n, err := strconv.Atoi(r.FormValue("page")); err == nil && n > 1 {
		a.Page = n
	}
	for _, name := range extra {
		if v := r.FormValue(name); v != "" {
			a.extra.Set(name, v)
		}
	}
	a.Query.Fold = a.extra.Get("copies") != "all" && slices.Contains(extra, "copies")
	a.Query.Limit, a.Query.Offset = pageSize, (a.Page-1)*pageSize
	return a
}

// merged reads the fields of a form beside the search box into the query, and says whether there
// were any: then the page's address is to be the query's.
func (a *asked) merged(r *http.Request) bool {
	some := false
	for name, list := range map[string]*[]string{
		"person": &a.Query.Persons, "org": &a.Query.Organisations, "place": &a.Query.Places,
		"speaker": &a.Query.Speakers, "source": &a.Query.Sources, "cue": &a.Query.Cues, "kind": &a.Query.Kinds,
	} {
		if !r.Form.Has(name) {
			continue
		}
		some = true
		for _, v := range r.Form[name] {
			if v = strings.TrimSpace(v); v != "" && !slices.Contains(*list, v) {
				*list = append(*list, v)
			}
		}
	}
	if r.Form.Has("words") {
		some = true
		a.Query.Words = strings.TrimSpace(a.Query.Words + " " + r.FormValue("words"))
	}
	if r.Form.Has("from") || r.Form.Has("to") {
		some = true
		a.Query.From, a.Query.To = search.Query{}.From, search.Query{}.To
		if from, to := strings.TrimSpace(r.FormValue("from")), strings.TrimSpace(r.FormValue("to")); from != "" || to != "" {
			p, err := search.Parse("published:" + from + ".." + to)
			if err != nil {
				a.Problem = told(err)
				return false
			}
			a.Query.From, a.Query.To, a.Query.Dates = p.From, p.To, search.Published
		} else {
			a.Query.Dates = search.AnyDate
		}
	}
	return some
}

// URL is the address of the query on this page.
func (a asked) URL() string { return a.with(a.Query) }

// with is the address of another query, from its first page.
func (a asked) with(q search.Query) string { return address(a.path, q, a.extra) }

// At is the address of another page of the same.
func (a asked) At(page int) string {
	u := a.with(a.Query)
	if page <= 1 {
		return u
	}
	mark := "?"
	if strings.Contains(u, "?") {
		mark = "&"
	}
	return u + mark + "page=" + strconv.Itoa(page)
}

// On is the address of the same query on another page.
func (a asked) On(path string) string { return address(path, a.Query, nil) }

// Sorted is the address of the query in another order.
func (a asked) Sorted(order string) string {
	q := a.Query
	q.Sort = search.Sort(order)
	return a.with(q)
}

// Copies is the address of the query with all copies of a story, or with each story once.
func (a asked) Copies() string {
	b := a
	b.extra = url.Values{"copies": {"all"}}
	if !a.Query.Fold {
		b.extra = nil
	}
	return b.URL()
}

// ByTime says that the newest come first.
func (a asked) ByTime() bool {
	return a.Query.Sort == search.ByTime || len(a.Query.Clauses()) == 0
}

// address is a query's on a page.
func address(path string, q search.Query, extra url.Values) string {
	v := url.Values{}
	for name, values := range extra {
		v[name] = values
	}
	if s := q.String(); s != "" {
		v.Set("q", s)
	}
	if q.Sort != search.ByRelevance {
		v.Set("sort", string(q.Sort))
	}
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

// field is a facet's list in a query.
func field(q *search.Query, facet string) *[]string {
	switch facet {
	case search.FacetPerson:
		return &q.Persons
	case search.FacetOrganisation:
		return &q.Organisations
	case search.FacetPlace:
		return &q.Places
	case search.FacetSpeaker:
		return &q.Speakers
	}
	return &q.Sources
}

// toggled is the query with or without a facet's value.
func toggled(q search.Query, facet, value string) (out search.Query, on bool) {
	list := field(&q, facet)
	if i := slices.Index(*list, value); i >= 0 {
		*list = slices.Delete(slices.Clone(*list), i, i+1)
		return q, false
	}
	*list = append(slices.Clone(*list), value)
	return q, true
}

// filterView is a condition of the query that can be taken away.
type filterView struct{ Name, Value, URL string }

// Filters are the conditions besides the words.
func (a asked) Filters() []filterView {
	var out []filterView
	lists := func(q *search.Query) []struct {
		name string
		list *[]string
	} {
		return []struct {
			name string
			list *[]string
		}{
			{"person", &q.Persons}, {"org", &q.Organisations}, {"place", &q.Places}, {"speaker", &q.Speakers}, {"source", &q.Sources},
			{"by", &q.SpeakerKeys}, {"cue", &q.Cues}, {"kind", &q.Kinds},
			{"not person", &q.Not.Persons}, {"not org", &q.Not.Organisations}, {"not place", &q.Not.Places},
			{"not speaker", &q.Not.Speakers}, {"not source", &q.Not.Sources},
		}
	}
	for i, l := range lists(&a.Query) {
		for k, v := range *l.list {
			q := a.Query
			other := lists(&q)[i].list
			*other = slices.Delete(slices.Clone(*other), k, k+1)
			out = append(out, filterView{l.name, show(v), a.with(q)})
		}
	}
	for i, g := range a.Query.Entities {
		q := a.Query
		q.Entities = slices.Delete(slices.Clone(q.Entities), i, i+1)
		out = append(out, filterView{"entity", show(strings.Join(g, " or ")), a.with(q)})
	}
	if a.Query.Cluster != "" {
		q := a.Query
		q.Cluster = ""
		out = append(out, filterView{"copies of", show(a.Query.Cluster), a.with(q)})
	}
	if p := search.PeriodString(a.Query.From, a.Query.To); p != "" {
		q := a.Query
		name := "date"
		if q.Dates != search.AnyDate {
			name = string(q.Dates)
		}
		q.From, q.To, q.Dates = search.Query{}.From, search.Query{}.To, search.AnyDate
		out = append(out, filterView{name, p, a.with(q)})
	}
	return out
}

// pagerView is the way to other pages.
type pagerView struct {
	Previous, Next string
	From, To       int
	Total          int
	// End says that there is more, but no page of it.
	End bool
}

func (a asked) pager(total int) pagerView {
	v := pagerView{From: min((a.Page-1)*pageSize+1, total), To: min(a.Page*pageSize, total), Total: total}
	if a.Page > 1 {
		v.Previous = a.At(a.Page - 1)
	}
	if total > a.Page*pageSize {
		if (a.Page+1)*pageSize <= search.Window {
			v.Next = a.At(a.Page + 1)
		} else {
			v.End = true
		}
	}
	return v
}
