package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/pipeline/search"
)

const (
	profileMost = 24 // forms and roles of an entity
	tiesMost    = 16 // entities that it is drawn with
)

type entityView struct {
	Key, Name, Type, Class string
	Articles, Quotes       int
	Aliases                []search.Count
	Roles                  []roleView
	Affiliations           []affiliationView
	Chart                  chartView
	Network                networkView
	With                   []facetView
	Said                   []quoteView
	Hits                   []hitView
	Search, AllQuotes      string
	First, Last            time.Time
	API                    string
}

func (v entityView) frame() frame { return frame{Path: "/entities", Title: v.Name} }

// roleView is a role, with a bar over the time of the entity.
type roleView struct {
	Role        string
	Count       int
	First, Last time.Time
	X, W        float64 // in percent
}

// affiliationView is an organisation that a person is said to belong to.
type affiliationView struct {
	Organisation, URL string
	Count             int
	First, Last       time.Time
}

// entityPage shows what the index has of an entity.
func (s *Server) entityPage(w http.ResponseWriter, r *http.Request) error {
	key := r.PathValue("key")
	if t, ok := typeOf(key); ok {
		if _, _, to, ok := s.corrected.set.Load().Entity(t, "", key); ok && to != key {
			http.Redirect(w, r, entityURL(to), http.StatusSeeOther)
			return nil
		}
	}
	v, err := s.entity(r.Context(), key)
	if errors.Is(err, errNoEntity) {
		// A speaker is taken for a person where nothing says that it is none.
		if name, ok := strings.CutPrefix(key, ner.Person.String()+":"); ok {
			for _, t := range []ner.Type{ner.Organisation, ner.Place} {
				other := t.String() + ":" + name
				res, err := s.Store.Search(r.Context(), search.Query{Entities: [][]string{{other}}, Limit: 1})
				if err == nil && res.Total > 0 {
					http.Redirect(w, r, entityURL(other), http.StatusSeeOther)
					return nil
				}
			}
		}
	}
	if err != nil {
		return err
	}
	s.render(w, r, http.StatusOK, "entity", v)
	return nil
}

// typeOf is the type that a key begins with.
func typeOf(key string) (t ner.Type, ok bool) {
	name, _, _ := strings.Cut(key, ":")
	return t, t.UnmarshalText([]byte(name)) == nil
}

// entity asks for all that its page shows.
func (s *Server) entity(ctx context.Context, key string) (entityView, error) {
	v := entityView{Key: key, API: "/api" + entityURL(key)}
	t, ok := typeOf(key)
	if !ok {
		return v, fmt.Errorf("%w: %q: want person:, organisation: or place: before the name", errNoEntity, show(cut(key, 200)))
	}
	v.Type, v.Class = typeName(t), t.String()
	keys := []string{key}
	q := search.Query{Entities: [][]string{keys}, Sort: search.ByTime, Limit: 8, Facets: 30}
	var (
		res     *search.Results
		profile *search.Profile
		quotes  *search.QuoteResults
		chart   *search.Histogram
	)
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		res, err = s.Store.Search(gctx, q)
		return err
	})
	g.Go(func() (err error) {
		profile, err = s.Store.Profile(gctx, search.Query{}, keys, profileMost)
		return err
	})
	g.Go(func() (err error) {
		quotes, err = s.Store.Quotes(gctx, search.Query{SpeakerKeys: keys, Sort: search.ByTime, Limit: 8})
		return err
	})
	g.Go(func() (err error) {
		chart, err = s.Store.Histogram(gctx, q, bars)
		return err
	})
	if err := g.Wait(); err != nil {
		return v, err
	}
	if res.Total == 0 {
		return v, fmt.Errorf("%w: %s", errNoEntity, show(cut(key, 200)))
	}
	v.Articles, v.Quotes = res.Total, quotes.Total
	v.Name, v.Aliases = nameOf(key, profile.Names)
	if name, ok := s.corrected.nameFor(key); ok && name != v.Name {
		v.Aliases = slices.DeleteFunc(append([]search.Count{{Value: v.Name, Count: v.Articles}}, v.Aliases...), func(c search.Count) bool { return c.Value == name })
		v.Name = show(name)
	}
	of := asked{path: "/", Query: search.Query{Entities: [][]string{keys}}}
	v.Search = of.with(of.Query)
	v.AllQuotes = address("/quotes", search.Query{SpeakerKeys: keys}, nil)
	v.Chart = newChart(chart, func(b search.Bar) string {
		one := of.Query
		one.From, one.To, one.Dates = b.From, b.To, search.Published
		return of.with(one)
	})
	v.Roles = roles(profile.Roles)
	v.Affiliations = s.affiliations(profile.Affiliations)
	var err error
	if v.Said, err = s.inContext(ctx, quotes.Hits); err != nil {
		return v, err
	}
	for i := range res.Hits {
		h := newHit(&res.Hits[i].Record, nil)
		for _, s := range sentencesOf(&res.Hits[i], keys) {
			if h.Lead = show(s); !strings.Contains(res.Hits[i].Record.Title, s) { // the title stands above it
				break
			}
		}
		v.Hits = append(v.Hits, h)
	}
	near := neighbours(res.Facets, key)
	for _, f := range facets(of, res.Facets, nearest(near)) {
		if f.Name == search.FacetSpeaker {
			continue
		}
		f.Values = slices.DeleteFunc(f.Values, func(x facetValue) bool { return x.Page == entityURL(key) })
		f.Values = f.Values[:min(10, len(f.Values))]
		v.With = append(v.With, f)
	}
	v.Network, err = s.network(ctx, v, near)
	return v, err
}

// inContext are quotes with what stands around each in its article.
func (s *Server) inContext(ctx context.Context, hits []search.QuoteHit) ([]quoteView, error) {
	out := make([]quoteView, len(hits))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(4)
	for i := range hits {
		out[i] = quoteHit(&hits[i])
		g.Go(func() error {
			rec, err := s.Store.Get(ctx, hits[i].Article)
			if errors.Is(err, search.ErrNotFound) {
				return nil // deleted since
			}
			if err != nil {
				return err
			}
			out[i].Before, out[i].After = around(rec.Text, hits[i].Quote.Start, hits[i].Quote.End)
			return nil
		})
	}
	return out, g.Wait()
}

// aroundMost is the most bytes that are shown before a quote, and behind it.
const aroundMost = 140

// around is what stands in the paragraph before and behind a span, without the marks of a quotation, cut
// where a word ends.
func around(text string, start, end int) (before, after string) {
	const marks = "\"'“”„‘’«» "
	if start < 0 || end < start || end > len(text) {
		return "", ""
	}
	before, after = text[:start], text[end:]
	if i := strings.LastIndexByte(before, '\n'); i >= 0 {
		before = before[i+1:]
	}
	if i := strings.IndexByte(after, '\n'); i >= 0 {
		after = after[:i]
	}
	before, after = strings.TrimRight(before, marks), strings.TrimLeft(after, marks)
	if n := len(before) - aroundMost; n > 0 {
		if i := strings.IndexByte(before[n:], ' '); i >= 0 {
			n += i + 1
		}
		for n < len(before) && !utf8.RuneStart(before[n]) {
			n++
		}
		before = "…" + before[n:]
	}
	return show(before), show(cut(strings.TrimSpace(after), aroundMost))
}

// nameOf chooses the form to call an entity by: the most frequent of those that give its key, else
// the most frequent.
func nameOf(key string, forms []search.Count) (name string, others []search.Count) {
	best := -1
	facet, _, _ := strings.Cut(key, ":")
	for i, f := range forms {
		if entityKey(facet, f.Value) == key {
			best = i
			break
		}
	}
	if best < 0 && len(forms) > 0 {
		best = 0
	}
	for i, f := range forms {
		f.Value = show(f.Value)
		if i == best {
			name = f.Value
			continue
		}
		others = append(others, f)
	}
	if name == "" {
		_, name, _ = strings.Cut(key, ":")
		name = show(name)
	}
	return name, others
}

// affiliations are those of a profile, as corrected.
func (s *Server) affiliations(list []search.Affiliation) []affiliationView {
	var out []affiliationView
	at := map[string]int{}
	for _, a := range list {
		name := s.corrected.set.Load().Affiliation(a.Organisation)
		if name == "" {
			continue
		}
		if i, ok := at[name]; ok { // two names of one
			o := &out[i]
			o.Count += a.Count
			if !a.First.IsZero() && (o.First.IsZero() || a.First.Before(o.First)) {
				o.First = a.First
			}
			if a.Last.After(o.Last) {
				o.Last = a.Last
			}
			continue
		}
		at[name] = len(out)
		out = append(out, affiliationView{Organisation: show(cut(name, 160)), URL: entityURL(entityKey(ner.Organisation.String(), name)), Count: a.Count, First: a.First, Last: a.Last})
	}
	return out
}

// sentencesOf are those in which a hit names the entity.
func sentencesOf(h *search.Hit, keys []string) []string {
	d := search.NewDocument(&h.Record)
	for i := range d.Mentions {
		if slices.Contains(keys, h.Record.Entities[d.Mentions[i].Entity].Key) {
			return d.Mentions[i].Sentences
		}
	}
	return nil
}

// roles places each role in the time from the first to the last.
func roles(list []search.Role) []roleView {
	var first, last time.Time
	for _, r := range list {
		if !r.First.IsZero() && (first.IsZero() || r.First.Before(first)) {
			first = r.First
		}
		if r.Last.After(last) {
			last = r.Last
		}
	}
	span := last.Sub(first).Hours()
	out := make([]roleView, 0, len(list))
	for _, r := range list {
		v := roleView{Role: show(r.Role), Count: r.Count, First: r.First, Last: r.Last}
		if !r.First.IsZero() {
			v.W = 100
			if span > 0 {
				v.X = round(min(97, r.First.Sub(first).Hours()/span*100))
				v.W = round(max(3, r.Last.Sub(r.First).Hours()/span*100))
				v.W = min(v.W, 100-v.X)
			}
		}
		out = append(out, v)
	}
	slices.SortStableFunc(out, func(a, b roleView) int { return a.First.Compare(b.First) })
	return out
}
