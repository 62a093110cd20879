package web

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/export"
	"github.com/datelinenews/dateline/pipeline/search"
)

// streamPage is how many hits a stream asks for at a time.
const streamPage = 200

// abort tells a client that a stream broke: the connection is cut, for the status has gone out.
func (s *Server) abort(r *http.Request, err error) {
	if r.Context().Err() == nil {
		s.Log.Error("an export broke off", "path", r.URL.Path, "error", err)
	}
	panic(http.ErrAbortHandler)
}

// streamed asks for page after page to the end, newest first. Each is written before the next is
// asked for, so that neither many nor few take memory. The first page's error is returned; after
// that it is too late for a status, and the connection is cut.
func streamed[H any](s *Server, w http.ResponseWriter, r *http.Request, ask func(context.Context, search.Query) ([]H, string, error), begin func(), write func(*H) error, flush func() error) error {
	q, err := s.apiQuery(r)
	if err != nil {
		return err
	}
	q.Sort, q.Limit, q.Facets = search.ByTime, streamPage, 0
	out := http.NewResponseController(w)
	for first := true; ; first = false {
		ctx, cancel := context.WithTimeout(r.Context(), s.Timeout)
		hits, next, err := ask(ctx, q)
		cancel()
		if err != nil {
			if first {
				return err
			}
			s.abort(r, err)
		}
		if first {
			begin()
		}
		// A slow reader has its time for each page, and no more.
		_ = out.SetWriteDeadline(time.Now().Add(2 * s.Timeout)) // not all writers can
		for i := range hits {
			if err := write(&hits[i]); err != nil {
				s.abort(r, err)
			}
		}
		if err := flush(); err != nil {
			s.abort(r, err)
		}
		_ = out.Flush() // not all writers can
		if next == "" {
			return nil
		}
		q.After = next
	}
}

func (s *Server) articleHits(ctx context.Context, q search.Query) ([]search.Hit, string, error) {
	res, err := s.Store.Search(ctx, q)
	if err != nil {
		return nil, "", err
	}
	return res.Hits, res.Next, nil
}

func (s *Server) quoteHits(ctx context.Context, q search.Query) ([]search.QuoteHit, string, error) {
	res, err := s.Store.Quotes(ctx, q)
	if err != nil {
		return nil, "", err
	}
	return res.Hits, res.Next, nil
}

func attachment(w http.ResponseWriter, media, name string) {
	w.Header().Set("Content-Type", media)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	w.Header().Set("Cache-Control", "no-store")
}

func (s *Server) streamArticles(w http.ResponseWriter, r *http.Request) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return streamed(s, w, r, s.articleHits,
		func() { attachment(w, "application/x-ndjson", "articles.ndjson") },
		func(h *search.Hit) error { return enc.Encode(&h.Record) },
		func() error { return nil })
}

func (s *Server) streamQuotes(w http.ResponseWriter, r *http.Request) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return streamed(s, w, r, s.quoteHits,
		func() { attachment(w, "application/x-ndjson", "quotes.ndjson") },
		func(h *search.QuoteHit) error { h.Snippets = nil; return enc.Encode(h) },
		func() error { return nil })
}

func (s *Server) streamArticlesCSV(w http.ResponseWriter, r *http.Request) error {
	c := csv.NewWriter(w)
	return streamed(s, w, r, s.articleHits,
		func() {
			attachment(w, "text/csv; charset=utf-8", "articles.csv")
			_ = c.Write([]string{"id", "published", "source", "title", "url", "people", "organisations", "places", "speakers", "quotes"}) // Flush tells
		},
		func(h *search.Hit) error { return c.Write(articleRow(&h.Record)) },
		func() error { c.Flush(); return c.Error() })
}

func articleRow(rec *pipeline.Record) []string {
	d := search.NewDocument(rec)
	return cells(rec.ID, stamp(rec.Published), rec.Source, rec.Title, rec.URL, strings.Join(d.Persons.Canonical, "; "),
		strings.Join(d.Organisations.Canonical, "; "), strings.Join(d.Places.Canonical, "; "), strings.Join(d.Speakers.Canonical, "; "),
		strconv.Itoa(len(rec.Quotes)))
}

func (s *Server) streamQuotesCSV(w http.ResponseWriter, r *http.Request) error {
	c := csv.NewWriter(w)
	return streamed(s, w, r, s.quoteHits,
		func() {
			attachment(w, "text/csv; charset=utf-8", "quotes.csv")
			_ = c.Write([]string{"article", "index", "published", "source", "title", "url", "speaker", "role", "affiliation", "kind", "cue", "quote", "score"}) // Flush tells
		},
		func(h *search.QuoteHit) error { return c.Write(quoteRow(h)) },
		func() error { c.Flush(); return c.Error() })
}

func quoteRow(h *search.QuoteHit) []string {
	cue := ""
	if h.Quote.Cue != nil {
		cue = h.Quote.Cue.Text
	}
	return cells(h.Article, strconv.Itoa(h.Index), stamp(h.Published), h.Source, h.Title, h.URL, h.Speaker, h.SpeakerRole, h.SpeakerAffiliation,
		string(h.Quote.Kind), cue, h.Quote.Text, strconv.FormatFloat(h.Quote.Score, 'f', 2, 64))
}

// cells are what a spreadsheet takes as text.
func cells(values ...string) []string {
	for i, v := range values {
		values[i] = export.Cell(show(v))
	}
	return values
}

// The most entries of a feed.
const feedMost = 50

type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Links   []atomLink  `xml:"link"`
	Author  atomAuthor  `xml:"author"`
	Entries []atomEntry `xml:"entry"`
}

type atomAuthor struct {
	Name string `xml:"name"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr,omitempty"`
	Href string `xml:"href,attr"`
	Type string `xml:"type,attr,omitempty"`
}

type atomEntry struct {
	ID        string      `xml:"id"`
	Title     string      `xml:"title"`
	Updated   string      `xml:"updated"`
	Published string      `xml:"published,omitempty"`
	Links     []atomLink  `xml:"link"`
	Author    *atomAuthor `xml:"author,omitempty"`
	Summary   string      `xml:"summary"`
}

// feed is a saved search: RFC 4287, newest first.
func (s *Server) feed(w http.ResponseWriter, r *http.Request) error {
	q, err := s.apiQuery(r)
	if err != nil {
		return err
	}
	q.Sort, q.Limit = search.ByTime, feedMost
	of := r.FormValue("of")
	if of != "" && of != "articles" && of != "quotes" {
		return fmt.Errorf("%w: of is %q: want articles or quotes", search.ErrQuery, cut(of, 100))
	}
	base := s.base(r)
	title, path := "Dateline", "/"
	if t := q.String(); t != "" {
		title += ": " + t
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.Timeout)
	defer cancel()
	f := atomFeed{Author: atomAuthor{"Dateline"}}
	if of == "quotes" {
		path = "/quotes"
		title += " (quotes)"
		res, err := s.Store.Quotes(ctx, q)
		if err != nil {
			return err
		}
		for i := range res.Hits {
			f.Entries = append(f.Entries, quoteEntry(base, &res.Hits[i]))
		}
	} else {
		res, err := s.Store.Search(ctx, q)
		if err != nil {
			return err
		}
		for i := range res.Hits {
			f.Entries = append(f.Entries, articleEntry(base, &res.Hits[i].Record))
		}
	}
	f.Title = show(title)
	f.ID = base + address(path, search.Query{Words: q.String()}, nil)
	f.Links = []atomLink{
		{Rel: "self", Href: base + r.URL.RequestURI(), Type: "application/atom+xml"}, {Rel: "alternate", Href: base + address(path, q, nil), Type: "text/html"},
	}
	f.Updated = "1970-01-01T00:00:00Z" // of a feed that has nothing yet
	if len(f.Entries) > 0 {
		f.Updated = f.Entries[0].Updated
	}
	b, err := xml.MarshalIndent(f, "", " ")
	if err != nil {
		return fmt.Errorf("encode feed: %w", err)
	}
	w.Header().Set("Content-Type", "application/atom+xml; charset=utf-8")
	w.Header().Set("Cache-Control", "private, max-age=60")
	_, _ = w.Write(append([]byte(xml.Header), b...)) // the client has gone, or it has not
	return nil
}

// base is how the client calls this server.
func (s *Server) base(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil || s.ProxyHeader != "" && r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// atomTime is a time as Atom has it; an undated article is as old as can be.
func atomTime(times ...time.Time) string {
	for _, t := range times {
		if !t.IsZero() {
			return t.UTC().Format(time.RFC3339)
		}
	}
	return "1970-01-01T00:00:00Z"
}

func articleEntry(base string, rec *pipeline.Record) atomEntry {
	e := atomEntry{
		ID: base + articleURL(rec.ID), Title: headline(rec), Updated: atomTime(rec.Modified, rec.Published),
		Links: []atomLink{{Rel: "alternate", Href: base + articleURL(rec.ID), Type: "text/html"}}, Summary: lead(rec),
	}
	if !rec.Published.IsZero() {
		e.Published = stamp(rec.Published)
	}
	if rec.Source != "" {
		e.Author = &atomAuthor{show(rec.Source)}
	}
	return e
}

func quoteEntry(base string, h *search.QuoteHit) atomEntry {
	link := base + articleURL(h.Article) + "#q" + strconv.Itoa(h.Index)
	e := atomEntry{
		ID: link, Title: show(export.Shorten(h.Speaker+": "+h.Quote.Text, 100)), Updated: atomTime(h.Published),
		Links: []atomLink{{Rel: "alternate", Href: link, Type: "text/html"}}, Summary: show(h.Quote.Text),
	}
	if h.Speaker == "" {
		e.Title = show(export.Shorten(h.Quote.Text, 100))
	}
	if h.Source != "" {
		e.Author = &atomAuthor{show(h.Source)}
	}
	return e
}
