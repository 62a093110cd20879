package web

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/datelinenews/dateline/pipeline/export"
	"github.com/datelinenews/dateline/pipeline/search"
)

type statusView struct {
	Panels []Panel
	Chart  chartView
}

func (statusView) frame() frame { return frame{Path: "/status", Title: "Status"} }

// statusPage says how the index does.
func (s *Server) statusPage(w http.ResponseWriter, r *http.Request) error {
	v := statusView{}
	var err error
	if v.Panels, err = s.panels(r.Context()); err != nil {
		return err
	}
	if v.Chart, err = s.published(r.Context(), asked{path: "/"}); err != nil {
		return err
	}
	s.render(w, r, http.StatusOK, "status", v)
	return nil
}

// panels are the index's own counts, and what the program adds.
func (s *Server) panels(ctx context.Context) ([]Panel, error) {
	articles, err := s.Store.Search(ctx, search.Query{Limit: 1, Sort: search.ByTime, Facets: 1})
	if err != nil {
		return nil, err
	}
	quotes, err := s.Store.Quotes(ctx, search.Query{Limit: 1, Sort: search.ByTime})
	if err != nil {
		return nil, err
	}
	now := s.Now()
	index := Panel{Title: "Index", Rows: []PanelRow{
		{"Articles", export.Thousands(articles.Total)}, {"Quotes", export.Thousands(quotes.Total)},
	}}
	if len(articles.Hits) > 0 && !articles.Hits[0].Record.Published.IsZero() {
		index.Rows = append(index.Rows, PanelRow{"Newest article", day(articles.Hits[0].Record.Published)})
		index.Rows = append(index.Rows, PanelRow{"Extraction of the newest", articles.Hits[0].Record.Version})
	}
	if s.Name != "" {
		index.Rows = append(index.Rows, PanelRow{"Where", s.Name})
	}
	if rate, over, ok := s.pace.observe(now, articles.Total); ok {
		index.Rows = append(index.Rows, PanelRow{"New articles", export.Thousands(int(rate+0.5)) + " a minute, over the last " + over.Round(time.Second).String()})
	}
	out := []Panel{index}
	if s.Status != nil {
		more, err := s.Status(ctx)
		if err != nil {
			s.Log.Warn("the status is incomplete", "error", err)
			out = append(out, Panel{Title: "Incomplete", Note: "A part of the status can't be had now; the reason is in the server's log."})
		}
		out = append(out, more...)
	}
	server := Panel{Title: "Server", Rows: []PanelRow{
		{"Up for", now.Sub(s.started).Round(time.Second).String()}, {"Version", s.Version},
	}}
	return append(out, server), nil
}

// pace tells how fast the index grows from the times that somebody looked.
type pace struct {
	mu   sync.Mutex
	seen []sample
}

type sample struct {
	at    time.Time
	count int
}

// paceWindow is how far back growth is looked at.
const paceWindow = 15 * time.Minute

// observe adds a count, and returns the growth a minute since the first that is not too old.
func (p *pace) observe(now time.Time, count int) (rate float64, over time.Duration, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.seen) > 0 && now.Sub(p.seen[0].at) > paceWindow {
		p.seen = p.seen[1:]
	}
	if len(p.seen) > 500 {
		p.seen = p.seen[250:]
	}
	p.seen = append(p.seen, sample{now, count})
	over = now.Sub(p.seen[0].at)
	if over < time.Second {
		return 0, 0, false
	}
	return float64(count-p.seen[0].count) / over.Minutes(), over, true
}
