package web

import (
	"fmt"
	"math"
	"time"

	"github.com/datelinenews/dateline/pipeline/export"
	"github.com/datelinenews/dateline/pipeline/search"
)

// chartView is a histogram as SVG. Its coordinates are of a box of chartWidth by chartHeight, which
// the page stretches.
type chartView struct {
	Bars  []barView
	Ticks []tickView
	Max   int
	Unit  search.Unit
	// From and To are the days that it is about, as a form has them.
	From, To string
	// Down says that the bars hang.
	Down bool
}

const (
	chartWidth  = 1000
	chartHeight = 100
)

type barView struct {
	X, Y, W, H float64
	// HitX and HitW are the column that can be pointed at.
	HitX, HitW float64
	Label      string
	URL        string
	From, To   string // days, both of which count
	Count      int
}

type tickView struct {
	X     float64
	Label string
	// Anchor is SVG's: start, middle or end.
	Anchor string
}

// newChart draws a histogram; url leads from a bar.
func newChart(h *search.Histogram, url func(search.Bar) string) chartView {
	v := chartView{Unit: h.Unit}
	if len(h.Bars) < 2 { // one bar says nothing
		return v
	}
	for _, b := range h.Bars {
		v.Max = max(v.Max, b.Count)
	}
	step := chartWidth / float64(len(h.Bars))
	gap := math.Min(2, step/6)
	for i, b := range h.Bars {
		bar := barView{
			HitX: round(float64(i) * step), HitW: round(step), X: round(float64(i)*step + gap/2), W: round(step - gap),
			Count: b.Count, From: b.From.Format(time.DateOnly), To: b.To.AddDate(0, 0, -1).Format(time.DateOnly),
			Label: fmt.Sprintf("%s: %s", barName(b, h.Unit), plural(b.Count, "article", "articles")), URL: url(b),
		}
		if b.Count > 0 {
			// The square root keeps single articles in sight beside a crowd.
			bar.H = round(math.Max(3, chartHeight*math.Sqrt(float64(b.Count)/float64(v.Max))))
		}
		bar.Y = chartHeight - bar.H
		v.Bars = append(v.Bars, bar)
	}
	v.From, v.To = v.Bars[0].From, v.Bars[len(v.Bars)-1].To
	v.Ticks = ticks(h, step)
	return v
}

func round(f float64) float64 { return math.Round(f*100) / 100 }

// barName says what a bar stands for.
func barName(b search.Bar, u search.Unit) string {
	switch u {
	case search.Day:
		return b.From.Format("2 January 2006")
	case search.Month:
		return b.From.Format("January 2006")
	case search.Year:
		return b.From.Format("2006")
	}
	return fmt.Sprintf("%d to %d", b.From.Year(), b.To.Year()-1)
}

// ticks name some of the bars, as many as have room.
func ticks(h *search.Histogram, step float64) []tickView {
	layout := map[search.Unit]string{search.Day: "2 Jan 2006", search.Month: "Jan 2006", search.Year: "2006", search.Decade: "2006"}[h.Unit]
	n := len(h.Bars)
	every := max(1, int(math.Ceil(float64(n)/6)))
	var out []tickView
	for i := 0; i < n; i += every {
		t := tickView{X: round(float64(i)*step + step/2), Label: h.Bars[i].From.Format(layout), Anchor: "middle"}
		switch {
		case i == 0 && n > 1:
			t.X, t.Anchor = 0, "start"
		case i > n-1-every/2 && n > 1:
			t.X, t.Anchor = chartWidth, "end"
		}
		out = append(out, t)
	}
	return out
}

// Alt says what the chart shows, for those who don't see it.
func (v chartView) Alt() string {
	total := 0
	for _, b := range v.Bars {
		total += b.Count
	}
	if total == 0 {
		return "No dated articles"
	}
	return fmt.Sprintf("%s over time, from %s to %s; at most %s a %s",
		plural(total, "article", "articles"), v.From, v.To, export.Thousands(v.Max), v.Unit)
}
