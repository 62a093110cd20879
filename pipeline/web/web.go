// Package web shows an index to people and to programs: pages that are drawn on the server, a JSON
// API, and feeds of saved searches. It knows an index only by the interfaces of package search.
//
// Pages need no script; the one there is adds brushing, suggestions and keys. Nothing is fetched
// from elsewhere, and the content security policy forbids it. Whatever an article says is text: it
// goes through html/template, without control characters and apart from the page's own direction of
// writing (see show).
//
// The URL is the query: all that decides what a page shows is in its address.
package web

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/datelinenews/dateline/pipeline/corrections"
	"github.com/datelinenews/dateline/pipeline/search"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed assets
var assetFiles embed.FS

// Store is the index that is shown.
type Store interface {
	search.Searcher
	search.Explorer
	search.Profiler
}

// Config says what to show, and to whom. Its zero values work, but for Store.
type Config struct {
	Store Store
	// Name says what is shown, on the status page: a folder or an address.
	Name string
	// Version is the program's.
	Version string
	// Log gets what goes wrong. Default: nothing is logged.
	Log *slog.Logger
	// Status gives what the status page shows besides the counts of the index. Default: nothing.
	Status func(context.Context) ([]Panel, error)

	// Corrections are applied to what is read, where set; Edit lets people make and undo them.
	Corrections corrections.Store
	Edit        bool

	// Token, where set, must come with each request: as a bearer token, or as the cookie that the
	// page /login sets.
	Token string
	// ProxyHeader, where set, is a header in which a proxy names the user; a request without it is
	// refused, and so is one that does not come from ProxyFrom.
	ProxyHeader string
	// ProxyFrom are the proxy's addresses. Default: loopback.
	ProxyFrom []netip.Prefix
	// Loopback refuses requests for another host than localhost, so that no page elsewhere can make
	// its own name point here (DNS rebinding).
	Loopback bool

	// PerSecond and Burst are how many requests one client may send. Defaults: 50 and 200.
	PerSecond float64
	Burst     int
	// AtOnce is the most requests that are answered at once; others wait a little, and are then
	// refused. Default: 64.
	AtOnce int
	// Timeout is for one question to the index. Default: 30 s.
	Timeout time.Duration
	// Now is the clock, for tests. Default: time.Now.
	Now func() time.Time
}

// Panel is a part of the status page.
type Panel struct {
	Title string     `json:"title"`
	Rows  []PanelRow `json:"rows"`
	// Note stands below the rows.
	Note string `json:"note,omitempty"`
}

// PanelRow is a name and its value.
type PanelRow struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Server is an http.Handler.
type Server struct {
	Config
	pages     pages
	corrected *corrected // what Store is, where there are corrections
	reloaded  atomic.Int64
	handler   http.Handler
	limiter   *limiter
	slots     chan struct{}
	started   time.Time
	pace      pace
	spec      []byte // the OpenAPI document
}

// New makes a server.
func New(c Config) (*Server, error) {
	if c.Store == nil {
		return nil, errors.New("web: nothing to show")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.PerSecond <= 0 {
		c.PerSecond = 50
	}
	if c.Burst <= 0 {
		c.Burst = 200
	}
	if c.AtOnce <= 0 {
		c.AtOnce = 64
	}
	if c.Timeout <= 0 {
		c.Timeout = 30 * time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if len(c.ProxyFrom) == 0 {
		c.ProxyFrom = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	}
	s := &Server{Config: c, slots: make(chan struct{}, c.AtOnce), started: c.Now()}
	s.corrected = &corrected{Store: c.Store}
	if c.Corrections != nil {
		s.Store = s.corrected
		ctx, cancel := context.WithTimeout(context.Background(), c.Timeout)
		defer cancel()
		if err := s.reload(ctx); err != nil {
			return nil, fmt.Errorf("web: %w", err)
		}
	}
	s.limiter = newLimiter(c.PerSecond, c.Burst, c.Now)
	var err error
	if s.pages, err = parsePages(); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	if s.spec, err = s.openAPI(); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	// A page elsewhere can make a browser send a form here, and this is refused.
	s.handler = s.secured(http.NewCrossOriginProtection().Handler(s.routes()))
	return s, nil
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// pageFunc is a handler that may fail.
type pageFunc func(w http.ResponseWriter, r *http.Request) error

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, p := range map[string]pageFunc{
		"GET /{$}":            s.searchPage,
		"GET /articles/{id}":  s.articlePage,
		"GET /entities/{key}": s.entityPage,
		"GET /quotes":         s.quotesPage,
		"GET /timeline":       s.timelinePage,
		"GET /status":         s.statusPage,
		"GET /help":           s.helpPage,
		"GET /corrections":    s.correctionsPage,
		"POST /corrections":   s.correct,
		"GET /":               s.nothingPage,
	} {
		mux.Handle(pattern, s.follow(s.html(p)))
	}
	for pattern, e := range s.endpoints() {
		mux.Handle(pattern, s.follow(s.json(e)))
	}
	for _, path := range []string{"/corrections.jsonl", "/corrections.tsv"} {
		mux.Handle("GET "+path, s.html(s.exportCorrections))
	}
	mux.Handle("GET /assets/", http.StripPrefix("/", assets()))
	mux.HandleFunc("GET /login", s.loginForm)
	mux.HandleFunc("POST /login", s.login)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("ok\n")) // the client has gone, or it has not
	})
	return mux
}

// assets serves the style and the script. They are a part of the program, so that their address
// holds as long as it does.
func assets() http.Handler {
	files := http.FileServerFS(assetFiles)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "private, max-age=86400")
		files.ServeHTTP(w, r)
	})
}
