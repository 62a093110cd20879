package export

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/quote"
	"github.com/datelinenews/dateline/extractor/timex"
	"github.com/datelinenews/dateline/pipeline"
)

// Summary counts who and what many articles name. Its zero value is empty. It is not for
// concurrent use. An article that comes twice counts twice.
type Summary struct {
	articles, mentions, dates, quotes, spoken int

	entities map[string]*tally // by key
	days     map[string]*tally // by TIMEX3 value
	speakers map[string]*tally // by key: those who have a name
}

// tally is what is known of one value over all articles.
type tally struct {
	names    map[string]int // the names that articles give it, and how many do
	typ      ner.Type
	mentions int
	articles int
	last     int // the last article that it was in, from 1
	sample   *sample
}

// sample is the quote that stands for a speaker's.
type sample struct {
	text  string
	kind  quote.Kind
	score int
}

// Add counts an article.
func (s *Summary) Add(rec *pipeline.Record) {
	if s.entities == nil {
		s.entities, s.days, s.speakers = map[string]*tally{}, map[string]*tally{}, map[string]*tally{}
	}
	s.articles++
	s.mentions += len(rec.Mentions)
	s.dates += len(rec.Dates)
	s.quotes += len(rec.Quotes)
	for _, e := range rec.Entities {
		t := s.count(s.entities, e.Key, e.Name)
		t.typ = e.Type
		t.mentions += len(e.Mentions)
	}
	for _, d := range rec.Dates {
		if d.Type == timex.TypeDate && !d.From.IsZero() {
			s.count(s.days, d.Value, d.Value).mentions++
		}
	}
	for _, q := range rec.Quotes {
		if q.Speaker == nil {
			continue
		}
		s.spoken++
		e := q.Speaker.Entity
		if e == nil || *e < 0 || *e >= len(rec.Entities) {
			continue // "I" and "they" are somebody else in each article
		}
		t := s.count(s.speakers, rec.Entities[*e].Key, rec.Entities[*e].Name)
		t.mentions++
		if f := fitness(q); t.sample == nil || f > t.sample.score {
			t.sample = &sample{q.Text, q.Kind, f}
		}
	}
}

func (s *Summary) count(in map[string]*tally, key, name string) *tally {
	t := in[key]
	if t == nil {
		t = &tally{names: map[string]int{}}
		in[key] = t
	}
	if t.last != s.articles {
		t.last = s.articles
		t.articles++
	}
	t.names[name]++
	return t
}

// name is the one that most articles give, the first in the alphabet of equals.
func (t *tally) name() string {
	best := ""
	for _, n := range slices.Sorted(maps.Keys(t.names)) {
		if best == "" || t.names[n] > t.names[best] {
			best = n
		}
	}
	return best
}

// fitness says how well a quote stands alone: whole sentences in marks, neither clipped nor endless.
func fitness(q quote.Quote) int {
	n := utf8.RuneCountInString(q.Text)
	f := 0
	switch q.Kind {
	case quote.Direct:
		f += 2
	case quote.Mixed:
		f++
	}
	if n >= 40 {
		f += 2
	}
	if n <= 160 {
		f++
	}
	return f
}

// top is the most frequent values, at most n: by articles, then mentions, then name.
func top(in map[string]*tally, n int, keep func(*tally) bool) []*tally {
	var out []*tally
	for _, key := range slices.Sorted(maps.Keys(in)) {
		if t := in[key]; keep(t) {
			out = append(out, t)
		}
	}
	slices.SortStableFunc(out, func(a, b *tally) int {
		return cmp.Or(b.articles-a.articles, b.mentions-a.mentions, strings.Compare(a.name(), b.name()))
	})
	return out[:min(n, len(out))]
}

// SummaryOptions are how a summary is shown.
type SummaryOptions struct {
	// Top is how many values of each list are shown. Default: 8.
	Top int
	// Colour uses ANSI colours.
	Colour bool
	// Width is the most characters of a line. Default: 100.
	Width int
}

// String shows the summary as tables.
func (s *Summary) String(opts SummaryOptions) string {
	opts.Top, opts.Width = cmp.Or(opts.Top, 8), cmp.Or(opts.Width, 100)
	style := textForm{colour: opts.Colour}.style
	var lists []list
	for _, t := range ner.Types() {
		rows := top(s.entities, opts.Top, func(e *tally) bool { return e.typ == t })
		lists = append(lists, list{plural(t), rows, ansiOf(t)})
	}
	lists = append(lists, list{"Dates mentioned", top(s.days, opts.Top, func(*tally) bool { return true }), ansiDate})
	const numbers = 2 * 10
	width := 30
	for _, l := range lists {
		for _, r := range l.rows {
			width = max(width, utf8.RuneCountInString(Printable(r.name(), false))+2)
		}
	}
	width = max(20, min(width, opts.Width-numbers))
	var b strings.Builder
	for _, l := range lists {
		if len(l.rows) == 0 {
			continue
		}
		fmt.Fprintf(&b, "%s%s\n", style(ansiBold, pad(l.title, width)), style(ansiDim, fmt.Sprintf("%10s%10s", "articles", "mentions")))
		for _, r := range l.rows {
			name := pad(Shorten(Printable(r.name(), false), width-2), width-2)
			fmt.Fprintf(&b, "  %s%10s%10s\n", style(l.ansi, name), Thousands(r.articles), Thousands(r.mentions))
		}
		b.WriteByte('\n')
	}
	s.writeQuotes(&b, opts)
	fmt.Fprintf(&b, "%s: %s, %s, %s, %s, %s with a speaker\n", count(s.articles, "article"),
		count(len(s.entities), "name"), count(s.mentions, "mention"), count(s.dates, "date"), count(s.quotes, "quote"), Thousands(s.spoken))
	return b.String()
}

// list is a list of the summary.
type list struct {
	title string
	rows  []*tally
	ansi  string
}

// writeQuotes shows one quote of each of those who are quoted most.
func (s *Summary) writeQuotes(b *strings.Builder, opts SummaryOptions) {
	rows := top(s.speakers, opts.Top, func(*tally) bool { return true })
	if len(rows) == 0 {
		return
	}
	form := textForm{colour: opts.Colour, width: opts.Width - 6}
	fmt.Fprintf(b, "%s\n", form.style(ansiBold, "Quotes"))
	for _, r := range rows {
		said := ""
		if r.mentions > 1 {
			said = form.style(ansiDim, fmt.Sprintf(" (one of %d)", r.mentions))
		}
		fmt.Fprintf(b, "  %s%s\n    %s\n", form.style(ansiPerson, Printable(r.name(), false)), said,
			form.excerpt(quote.Quote{Text: strings.TrimRight(r.sample.text, ", "), Kind: r.sample.kind}))
	}
	b.WriteByte('\n')
}

// pad fills s with spaces to so many characters.
func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
}

// count is a number and its noun, in the plural where it isn't one.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Thousands(n) + " " + noun + "s"
}

// Thousands writes a number with commas.
func Thousands(n int) string {
	s := fmt.Sprint(n)
	if n < 0 {
		return "-" + Thousands(-n)
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
