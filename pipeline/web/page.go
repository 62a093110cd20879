package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/datelinenews/dateline/extractor/coref"
	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/pipeline/export"
	"github.com/datelinenews/dateline/pipeline/search"
)

// pages are the templates, each with the layout around it.
type pages map[string]*template.Template

func parsePages() (pages, error) {
	layout, err := template.New("layout").Funcs(functions()).ParseFS(templateFiles, "templates/layout.html", "templates/parts.html")
	if err != nil {
		return nil, fmt.Errorf("parse layout: %w", err)
	}
	out := pages{}
	for _, name := range []string{"search", "article", "entity", "quotes", "timeline", "status", "help", "error", "login", "corrections"} {
		t, err := layout.Clone()
		if err != nil {
			return nil, fmt.Errorf("parse %s: %w", name, err)
		}
		if out[name], err = t.ParseFS(templateFiles, "templates/"+name+".html"); err != nil {
			return nil, fmt.Errorf("parse %s: %w", name, err)
		}
	}
	return out, nil
}

func functions() template.FuncMap {
	return template.FuncMap{
		"show": show, "n": export.Thousands, "day": day, "stamp": stamp, "entity": entityURL, "article": articleURL,
		"percent": func(f float64) string { return strconv.Itoa(int(f*100+0.5)) + " %" },
		"pieces":  pieces,
		"key":     entityKey,
		"add":     func(a, b int) int { return a + b },
		"sure":    sureness,
		"plural":  plural,
	}
}

// menu are the pages that each page leads to.
var menu = []linkView{{"Articles", "/"}, {"Quotes", "/quotes"}, {"Timeline", "/timeline"}, {"Status", "/status"}}

// frame is what the layout shows around a page.
type frame struct {
	Path  string // of the page's entry in the menu
	Title string
	Box   string // what is in the search box
	Feed  string // address of the page's Atom feed, where it has one
	Main  any
	Menu  []linkView
}

// framed is implemented by what pages show, to say what is around them.
type framed interface{ frame() frame }

// render writes a page whole, or an error.
func (s *Server) render(w http.ResponseWriter, r *http.Request, status int, name string, main any) {
	f := frame{Title: "Dateline"}
	if v, ok := main.(framed); ok {
		f = v.frame()
	}
	f.Main, f.Menu = main, menu
	if s.Corrections != nil && (s.Edit || s.corrected.set.Load().Len() > 0) {
		f.Menu = append(f.Menu[:len(f.Menu):len(f.Menu)], linkView{"Corrections", "/corrections"})
	}
	if f.Path == "" {
		f.Path = r.URL.Path
	}
	var b bytes.Buffer
	if err := s.pages[name].ExecuteTemplate(&b, "layout", f); err != nil {
		s.Log.Error("a page can't be drawn", "page", name, "error", err)
		http.Error(w, "This page can't be drawn.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "private, no-cache")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // the client has gone, or it has not
}

// errorView is a page that says what went wrong.
type errorView struct {
	Status       int
	Title, Hint  string
	Query, Retry string
}

func (v errorView) frame() frame { return frame{Title: v.Title, Box: v.Query} }

// html makes a handler of a page.
func (s *Server) html(p pageFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), s.Timeout)
		defer cancel()
		err := p(w, r.WithContext(ctx))
		if err == nil {
			return
		}
		f := s.failure(r, err)
		if strings.HasPrefix(r.URL.Path, "/api/") {
			writeProblem(w, f)
			return
		}
		s.render(w, r, f.Status, "error", errorView{Status: f.Status, Title: f.Title, Hint: f.Detail, Query: r.FormValue("q")})
	})
}

// failure is an error as a client is told of it. What is not the client's fault is logged, and told
// without its details.
func (s *Server) failure(r *http.Request, err error) problem {
	switch {
	case errors.Is(err, search.ErrNotFound), errors.Is(err, errNoEntity), errors.Is(err, errNoPage):
		return problem{Status: http.StatusNotFound, Title: "Not found", Detail: told(err)}
	case errors.Is(err, search.ErrQuery):
		return problem{Status: http.StatusBadRequest, Title: "This can't be asked", Detail: told(err)}
	case errors.Is(err, context.DeadlineExceeded):
		return problem{Status: http.StatusGatewayTimeout, Title: "This takes too long", Detail: "The index did not answer in time: narrow the query, or try again."}
	case errors.Is(err, context.Canceled):
		return problem{Status: 499, Title: "Cancelled", Detail: "The request was cancelled."}
	}
	s.Log.Error("a question failed", "path", r.URL.Path, "error", err)
	return problem{Status: http.StatusBadGateway, Title: "The index does not answer", Detail: "The reason is in the server's log."}
}

// told is an error's text without the names of the functions that it went through.
func told(err error) string {
	s := err.Error()
	for _, mark := range []error{search.ErrQuery, search.ErrNotFound, errNoEntity, errNoPage} {
		if i := strings.Index(s, mark.Error()+": "); i >= 0 {
			s = s[i+len(mark.Error())+2:]
			if errors.Is(mark, search.ErrNotFound) || errors.Is(mark, errNoEntity) {
				s = mark.Error() + ": " + s
			}
			break
		}
	}
	if word, _, _ := strings.Cut(s, " "); word != "" && !strings.Contains(word, ":") {
		r, n := utf8.DecodeRuneInString(s)
		s = string(unicode.ToUpper(r)) + s[n:]
	}
	return s + "."
}

// Errors of this package's own.
var (
	errNoEntity = errors.New("no article in the index names this entity")
	errNoPage   = errors.New("there is no such page")
)

func (s *Server) nothingPage(_ http.ResponseWriter, r *http.Request) error {
	return fmt.Errorf("%w: %s", errNoPage, r.URL.Path)
}

func (s *Server) helpPage(w http.ResponseWriter, r *http.Request) error {
	s.render(w, r, http.StatusOK, "help", helpView{})
	return nil
}

type helpView struct{}

func (helpView) frame() frame { return frame{Title: "How to search"} }

// show is a text of an article's as a page may have it: control characters, and those that turn the
// direction of what follows, are replaced by a sign that can be seen.
func show(s string) string {
	if !strings.ContainsFunc(s, unshown) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if unshown(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// unshown are control characters, embeddings, overrides and isolates of direction, and the marks of
// snippets where they are not marks.
func unshown(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case unicode.IsControl(r), r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069', r == '\u2028', r == '\u2029':
		return true
	}
	return string(r) == search.MarkStart || string(r) == search.MarkEnd
}

// day is a date as it is read.
func day(t time.Time) string {
	if t.IsZero() {
		return "undated"
	}
	return t.UTC().Format("2 Jan 2006")
}

// stamp is a date as machines read it.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func articleURL(id string) string { return "/articles/" + url.PathEscape(id) }

func entityURL(key string) string { return "/entities/" + url.PathEscape(key) }

// entityKey is the key that articles give the entity of a facet's value; speakers are mostly people.
func entityKey(facet, name string) string {
	switch facet {
	case search.FacetOrganisation:
		return coref.Key(ner.Organisation, name)
	case search.FacetPlace:
		return coref.Key(ner.Place, name)
	}
	return coref.Key(ner.Person, name)
}

// sureness is a score as a class: how sure the extraction is.
func sureness(score float64) string {
	switch {
	case score >= 0.9:
		return "sure"
	case score >= 0.7:
		return "likely"
	}
	return "unsure"
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return export.Thousands(n) + " " + many
}

// piece is a stretch of a snippet.
type piece struct {
	Text string
	Mark bool
}

// pieces cuts a snippet at its marks.
func pieces(s string) []piece {
	var out []piece
	for i, part := range strings.Split(s, search.MarkStart) {
		marked, rest, found := strings.Cut(part, search.MarkEnd)
		if i == 0 || !found {
			out = append(out, piece{Text: show(part)})
			continue
		}
		out = append(out, piece{Text: show(marked), Mark: true}, piece{Text: show(rest)})
	}
	return out
}
