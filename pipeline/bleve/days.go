package bleve

import (
	"fmt"
	"time"

	"github.com/datelinenews/dateline/pipeline/search"
)

// Dates are indexed as terms of a calendar tree, of which a century is the parent of its years, a
// year of its months and a month of its days: the cells of a prefix tree, as Lucene's
// DateRangePrefixTree has them. A cell's name is a prefix of its descendants' ("19", "1987",
// "198702", "19870213").
//
// An interval is cut into the fewest cells; each is a term "=cell", and each ancestor of one a term
// "<ancestor": something lies within it. A query's interval is cut likewise, and overlaps where
// one of its cells is a cell of the document ("=cell"), holds one ("<cell") or lies in one
// ("=ancestor"). So any number of intervals in one document are asked with one disjunction of
// terms, and the bounds of two intervals never mix, as they would in two multi-valued numeric
// fields; a document for each date would need a join. A day is the smallest cell, for a query
// asks for whole days.

var (
	firstDay = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)
	lastDay  = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) // exclusive
)

// cells cuts the half-open interval, widened to whole days, into the fewest cells.
func cells(from, to time.Time) []string {
	const day = 24 * time.Hour
	at, end := from.UTC().Truncate(day), to.UTC().Truncate(day)
	if end.Before(to) {
		end = end.Add(day)
	}
	if at.Before(firstDay) {
		at = firstDay
	}
	if end.After(lastDay) {
		end = lastDay
	}
	var out []string
	for at.Before(end) {
		y, m, d := at.Date()
		fits := func(next time.Time) bool { return !next.After(end) }
		switch {
		case d == 1 && m == 1 && y%100 == 0 && fits(at.AddDate(100, 0, 0)):
			out = append(out, fmt.Sprintf("%02d", y/100))
			at = at.AddDate(100, 0, 0)
		case d == 1 && m == 1 && fits(at.AddDate(1, 0, 0)):
			out = append(out, fmt.Sprintf("%04d", y))
			at = at.AddDate(1, 0, 0)
		case d == 1 && fits(at.AddDate(0, 1, 0)):
			out = append(out, fmt.Sprintf("%04d%02d", y, m))
			at = at.AddDate(0, 1, 0)
		default:
			out = append(out, fmt.Sprintf("%04d%02d%02d", y, m, d))
			at = at.AddDate(0, 0, 1)
		}
	}
	return out
}

// indexDays are the terms of a document's intervals.
func indexDays(intervals []search.Interval) []string {
	terms := distinct{}
	for _, iv := range intervals {
		for _, c := range cells(iv.From, iv.To) {
			terms.add("=" + c)
			for n := len(c) - 2; n > 0; n -= 2 {
				terms.add("<" + c[:n])
			}
		}
	}
	return terms.list
}

// queryDays are the terms of which a document that overlaps the interval has one. A zero time is an
// open end.
func queryDays(from, to time.Time) []string {
	if from.IsZero() {
		from = firstDay
	}
	if to.IsZero() {
		to = lastDay
	}
	terms := distinct{}
	for _, c := range cells(from, to) {
		terms.add("=" + c)
		if len(c) < len("20060102") {
			terms.add("<" + c)
		}
		for n := len(c) - 2; n > 0; n -= 2 {
			terms.add("=" + c[:n])
		}
	}
	return terms.list
}

// distinct is a list without doubles.
type distinct struct {
	list []string
	has  map[string]bool
}

func (d *distinct) add(s string) {
	if d.has[s] {
		return
	}
	if d.has == nil {
		d.has = map[string]bool{}
	}
	d.has[s] = true
	d.list = append(d.list, s)
}
