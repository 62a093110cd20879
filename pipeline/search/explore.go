package search

import (
	"context"
	"strings"
	"time"
	"unicode"
)

// Explorer answers what a page shows around the hits. It is safe for concurrent use.
type Explorer interface {
	// Histogram counts the articles that a query asks for by when they were published, in at most
	// so many bars. It has no bars where no article has a publication time.
	Histogram(ctx context.Context, q Query, most int) (*Histogram, error)
	// Names are the values of a facet in which a word begins with the prefix, in any case, with the
	// most frequent first and then by value.
	Names(ctx context.Context, facet, prefix string, limit int) ([]Count, error)
}

// Histogram is counts of articles over time. Its bars follow each other without a gap.
type Histogram struct {
	// Unit is what a bar stands for: Day, Month, Year or Decade.
	Unit Unit  `json:"unit"`
	Bars []Bar `json:"bars"`
}

// Bar counts the articles of a half-open interval of UTC.
type Bar struct {
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
	Count int       `json:"count"`
}

// Unit is the width of a bar.
type Unit string

// The units.
const (
	Day    Unit = "day"
	Month  Unit = "month"
	Year   Unit = "year"
	Decade Unit = "decade"
)

// NewHistogram makes empty bars from the first to the last time, of the smallest unit that needs no
// more than most of them; zero times make none. Where even decades are too many, the earliest bar
// takes all that is before it.
func NewHistogram(first, last time.Time, most int) *Histogram {
	h := &Histogram{Unit: Day, Bars: []Bar{}}
	if first.IsZero() || last.IsZero() || most < 1 {
		return h
	}
	first, last = first.UTC(), last.UTC()
	for _, h.Unit = range []Unit{Day, Month, Year, Decade} {
		if h.Unit == Decade || h.fits(first, last, most) {
			break
		}
	}
	// From the last bar backwards, so that the newest are there whatever the first is.
	for from := h.Unit.start(last); len(h.Bars) < most; from = h.Unit.add(from, -1) {
		h.Bars = append(h.Bars, Bar{From: from, To: h.Unit.add(from, 1)})
		if !from.After(first) {
			break
		}
	}
	for i, j := 0, len(h.Bars)-1; i < j; i, j = i+1, j-1 {
		h.Bars[i], h.Bars[j] = h.Bars[j], h.Bars[i]
	}
	if h.Bars[0].From.After(first) {
		h.Bars[0].From = h.Unit.start(first)
	}
	return h
}

// fits reports whether most bars are enough.
func (h *Histogram) fits(first, last time.Time, most int) bool {
	return !h.Unit.add(h.Unit.start(first), most).Before(h.Unit.add(h.Unit.start(last), 1))
}

func (u Unit) start(t time.Time) time.Time {
	y, m, d := t.UTC().Date()
	switch u {
	case Day:
	case Month:
		d = 1
	case Year:
		m, d = time.January, 1
	case Decade:
		y, m, d = y-y%10, time.January, 1
	}
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

func (u Unit) add(t time.Time, n int) time.Time {
	switch u {
	case Day:
		return t.AddDate(0, 0, n)
	case Month:
		return t.AddDate(0, n, 0)
	case Year:
		return t.AddDate(n, 0, 0)
	}
	return t.AddDate(10*n, 0, 0)
}

// NamePattern is the regular expression of the names of which a word begins with the prefix, for
// both Go's and Lucene's syntax. It is to match a whole name.
func NamePattern(prefix string) string {
	var b strings.Builder
	b.WriteString("(.*( |-|'|’))?")
	for _, r := range prefix {
		lower, upper := unicode.ToLower(r), unicode.ToUpper(r)
		switch {
		case lower != upper:
			b.WriteString("(" + string(lower) + "|" + string(upper) + ")")
		case r < unicode.MaxASCII && !unicode.IsDigit(r):
			b.WriteString(`\` + string(r))
		default:
			b.WriteRune(r)
		}
	}
	b.WriteString(".*")
	return b.String()
}
