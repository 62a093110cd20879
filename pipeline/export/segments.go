package export

import (
	"cmp"
	"slices"
	"unicode/utf8"

	"github.com/datelinenews/dateline/extractor/text"
	"github.com/datelinenews/dateline/pipeline"
)

// segment is a stretch of the text in which nothing begins or ends. Its marks are indices into the
// record's lists, -1 where it is in none of them.
type segment struct {
	text.Span
	mention, date, quote int
}

// segments cuts the text wherever a mention, date or quote begins or ends. Of two that overlap in
// one list, the later counts: a quote within a quote.
func segments(rec *pipeline.Record) []segment {
	type edge struct {
		at    int
		kind  int // 0 mention, 1 date, 2 quote
		index int
		end   bool
	}
	var edges []edge
	add := func(s text.Span, kind, index int) {
		if s.Start < 0 || s.Start >= s.End || s.End > len(rec.Text) || !onRune(rec.Text, s.Start) || !onRune(rec.Text, s.End) {
			return // a record from elsewhere may be wrong; its text is shown all the same
		}
		edges = append(edges, edge{s.Start, kind, index, false}, edge{s.End, kind, index, true})
	}
	for i, m := range rec.Mentions {
		add(m.Span, 0, i)
	}
	for i, d := range rec.Dates {
		add(d.Span, 1, i)
	}
	for i, q := range rec.Quotes {
		add(q.Span, 2, i)
	}
	slices.SortStableFunc(edges, func(a, b edge) int { return cmp.Compare(a.at, b.at) })

	var out []segment
	var open [3][]int
	at := 0
	emit := func(end int) {
		if end == at {
			return
		}
		s := segment{Span: text.Span{Start: at, End: end}, mention: last(open[0]), date: last(open[1]), quote: last(open[2])}
		out = append(out, s)
		at = end
	}
	for _, e := range edges {
		emit(e.at)
		if e.end {
			open[e.kind] = slices.DeleteFunc(open[e.kind], func(i int) bool { return i == e.index })
		} else {
			open[e.kind] = append(open[e.kind], e.index)
		}
	}
	emit(len(rec.Text))
	return out
}

func last(s []int) int {
	if len(s) == 0 {
		return -1
	}
	return s[len(s)-1]
}

func onRune(s string, i int) bool { return i == len(s) || utf8.RuneStart(s[i]) }
