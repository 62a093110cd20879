package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/search"
)

const (
	valuesMost = 5000 // of dates mentioned
	eventsMost = 60   // on a page
)

type timelineView struct {
	asked
	Published, Mentioned chartView
	// Period is what the list is about; empty: the days around the newest articles.
	Period string
	Events []eventView
	Outside,
	Vague int
	Total int
	Shown int
}

func (v timelineView) frame() frame { return frame{Path: "/timeline", Title: "Timeline", Box: v.Text} }

// eventView is a sentence that speaks of a date.
type eventView struct {
	From      time.Time
	Date      string // as it is read
	Text      string // the expression
	Before    string // the sentence around it
	After     string
	URL       string
	Title     string
	Source    string
	Published time.Time
	Ahead     bool // it was still to come when the article was published
}

// timelinePage shows what is said to happen when, against when it was said.
func (s *Server) timelinePage(w http.ResponseWriter, r *http.Request) error {
	a := ask(r, "/timeline", "at")
	if a.merged(r) {
		http.Redirect(w, r, a.URL(), http.StatusSeeOther)
		return nil
	}
	v := timelineView{asked: a, Period: a.extra.Get("at")}
	var (
		values []search.Count
		chart  *search.Histogram
	)
	g, ctx := errgroup.WithContext(r.Context())
	g.Go(func() (err error) {
		chart, err = s.Store.Histogram(ctx, a.Query, bars)
		return err
	})
	g.Go(func() (err error) {
		values, err = s.Store.Values(ctx, a.Query, valuesMost)
		return err
	})
	if err := g.Wait(); err != nil {
		return err
	}
	link := func(b search.Bar) string {
		next := a
		next.extra = map[string][]string{"at": {search.PeriodString(b.From, b.To)}}
		return next.URL() + "#events"
	}
	mentioned := &search.Histogram{Unit: chart.Unit}
	mentioned.Bars, v.Outside, v.Vague = spread(values, chart)
	v.Published = newChart(chart, link)
	v.Mentioned = newChart(mentioned, link)
	v.Mentioned.Down = true
	for i := range v.Mentioned.Bars {
		v.Mentioned.Bars[i].Y = 0
	}
	var err error
	v.Events, v.Total, err = s.events(r.Context(), a, v.Period)
	if err != nil {
		return err
	}
	v.Shown = len(v.Events)
	s.render(w, r, http.StatusOK, "timeline", v)
	return nil
}

// spread counts values of dates in bars. Those that lie outside of all are counted, and those that
// are wider than a bar or denote no stretch of the calendar.
func spread(values []search.Count, over *search.Histogram) (out []search.Bar, outside, vague int) {
	out = slices.Clone(over.Bars)
	for i := range out {
		out[i].Count = 0
	}
	if len(out) == 0 {
		return out, 0, 0
	}
	for _, v := range values {
		from, to, ok := interval(v.Value)
		if !ok {
			vague += v.Count
			continue
		}
		i, found := slices.BinarySearchFunc(out, from, func(b search.Bar, t time.Time) int {
			switch {
			case !b.To.After(t):
				return -1
			case b.From.After(t):
				return 1
			}
			return 0
		})
		switch {
		case !found:
			outside += v.Count
		case to.Sub(from) > out[i].To.Sub(out[i].From)+24*time.Hour:
			vague += v.Count
		default:
			out[i].Count += v.Count
		}
	}
	return out, outside, vague
}

// interval is the stretch that a TIMEX3 value of a day (with a time, too), a week, a month or a year
// denotes.
func interval(value string) (from, to time.Time, ok bool) {
	if len(value) >= 10 {
		if t, err := time.Parse(time.DateOnly, value[:10]); err == nil {
			return t, t.AddDate(0, 0, 1), true
		}
	}
	if len(value) == len("2025-W03") && value[4:6] == "-W" {
		year, err1 := strconv.Atoi(value[:4])
		week, err2 := strconv.Atoi(value[6:])
		if err1 == nil && err2 == nil && week > 0 && week < 54 {
			// The fourth of January is in the first week (ISO 8601).
			t := time.Date(year, 1, 4, 0, 0, 0, 0, time.UTC)
			t = t.AddDate(0, 0, -(int(t.Weekday())+6)%7+7*(week-1))
			return t, t.AddDate(0, 0, 7), true
		}
	}
	from, to, err := search.Period(value)
	return from, to, err == nil && !from.IsZero() && !to.IsZero()
}

// events are sentences that speak of dates in a period, in the order of the dates.
func (s *Server) events(ctx context.Context, a asked, period string) ([]eventView, int, error) {
	q := a.Query
	q.Sort, q.Offset, q.Limit, q.Facets = search.ByTime, 0, eventsMost, 0
	var from, to time.Time
	if period != "" {
		var err error
		if from, to, err = search.Period(period); err != nil {
			return nil, 0, nil // an address that was changed by hand
		}
		if q.From.IsZero() && q.To.IsZero() {
			q.From, q.To, q.Dates = from, to, search.Mentioned
		}
	} else {
		q.Limit = pageSize
	}
	res, err := s.Store.Search(ctx, q)
	if err != nil {
		return nil, 0, err
	}
	var out []eventView
	for i := range res.Hits {
		out = append(out, eventsOf(&res.Hits[i].Record, from, to)...)
	}
	slices.SortStableFunc(out, func(x, y eventView) int {
		return cmp.Or(x.From.Compare(y.From), x.Published.Compare(y.Published))
	})
	if period == "" { // what is newest
		slices.Reverse(out)
	}
	return out[:min(len(out), eventsMost)], res.Total, nil
}

// eventsOf are the dated sentences of an article that fall into the period; zero is open.
func eventsOf(rec *pipeline.Record, from, to time.Time) []eventView {
	var out []eventView
	for i := range rec.Dates {
		d := &rec.Dates[i]
		if d.From.IsZero() || d.Start < 0 || d.End > len(rec.Text) || d.Start >= d.End {
			continue
		}
		if !from.IsZero() && !d.To.After(from) || !to.IsZero() && !d.From.Before(to) {
			continue
		}
		before, after := search.Around(rec.Text, d.Start, d.End)
		out = append(out, eventView{
			From: d.From, Date: dateRange(*d), Text: show(rec.Text[d.Start:d.End]), Before: show(before), After: show(after),
			URL: articleURL(rec.ID) + "#d" + strconv.Itoa(i), Title: headline(rec), Source: show(rec.Source), Published: rec.Published,
			Ahead: !rec.Published.IsZero() && d.From.After(rec.Published),
		})
	}
	return out
}
