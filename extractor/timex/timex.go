// Package timex finds expressions of date, time, duration and frequency in an article, gives each
// its TIMEX3 value, and, where it denotes a stretch of the calendar, an interval.
//
// Values follow TimeML 1.2.1 (ISO 8601 with TIMEX3's extensions: 2019-W42, 2019-SU, 198, P3D,
// PRESENT_REF). What the text leaves unknown is X: with no publication time, "yesterday" is
// XXXX-XX-XX, "on Monday" XXXX-WXX-1, "last year" XXXX.
//
// The grammar is a table, data/rules.tsv; grammar.go says how it is written.
package timex

import (
	"slices"
	"time"

	"github.com/datelinenews/dateline/extractor/text"
)

// Type is the TIMEX3 type of an expression.
type Type string

// The TIMEX3 types.
const (
	TypeDate     Type = "DATE"
	TypeTime     Type = "TIME"
	TypeDuration Type = "DURATION"
	TypeSet      Type = "SET"
)

// Date is one expression.
type Date struct {
	text.Span
	// Text is the surface, without a leading preposition.
	Text string `json:"text"`
	Type Type   `json:"type"`
	// Value is the TIMEX3 value.
	Value string `json:"value"`
	// Mod is the TIMEX3 modifier: START, MID, END, APPROX; of a date BEFORE, AFTER, ON_OR_BEFORE,
	// ON_OR_AFTER; of a length MORE_THAN, LESS_THAN, EQUAL_OR_MORE, EQUAL_OR_LESS.
	Mod string `json:"mod,omitempty"`
	// Inferred says that the publication time is unknown and the year was taken from the nearest
	// dated expression.
	Inferred bool `json:"inferred,omitempty"`
	// From and To are the half-open UTC interval; both zero where the value denotes none, as with
	// durations and sets. See when.interval for what parts of the day and seasons are.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
}

// DateOrder says how 1/2/2025 is read where both readings are possible.
type DateOrder int

// The orders.
const (
	MonthFirst DateOrder = iota
	DayFirst
)

// Options are the choices of a Finder. The zero value is the default.
type Options struct {
	Order DateOrder
}

// Find returns the article's expressions in text order, without overlaps. Relative ones are
// resolved against published, or against the dateline in the text where that is explicit; the
// zero time stands for an unknown publication time, and then a month or a day without a year
// takes the year of the nearest dated expression.
func Find(doc *text.Doc, published time.Time) []Date {
	return FindWith(doc, published, Options{})
}

// FindWith is Find with options.
func FindWith(doc *text.Doc, published time.Time, opts Options) []Date {
	f := finders.Get().(*finder)
	defer finders.Put(f)
	return f.find(doc, published, opts)
}

func (f *finder) find(doc *text.Doc, published time.Time, opts Options) []Date {
	f.m.g = load()
	f.m.atoms = f.m.g.vocab.scan(doc, f.m.atoms[:0])
	if n := len(f.m.g.groups) * memoSpan; len(f.m.memo) != n {
		f.m.memo = make([]memo, n)
	}
	f.r = resolver{m: &f.m, doc: doc, order: opts.Order, years: f.r.years[:0], pending: f.r.pending[:0]}
	f.loc = time.UTC
	if !published.IsZero() {
		f.loc = published.Location()
		y, mo, d := published.Date()
		h, mi, s := published.Clock()
		f.r.ref, f.r.clock = civil{y, int(mo), d}, h*3600+mi*60+s
	}
	f.dateline()
	if !f.r.known() {
		f.run(doc) // for the years
		years := f.r.years
		f.r = resolver{m: &f.m, doc: doc, order: opts.Order, years: years, pending: f.r.pending[:0], second: true}
		f.out = f.out[:0]
	}
	f.run(doc)
	var out []Date
	if len(f.out) > 0 {
		out = slices.Clone(f.out)
	}
	clear(f.out) // hold no text
	f.out, f.r.doc = f.out[:0], nil
	return out
}
