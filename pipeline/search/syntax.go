package search

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Parse reads a question as people type it into one box. Words, "exact phrases" and -words are as
// in Query.Words; besides there are fields, whose value is a word or stands in double quotes:
//
//	person:"Ada Bell"  org:KNU  place:Oslo  speaker:Bell  source:"Harbour Wire"
//	date:2025-01..2025-02  mentioned:2025-01-20  published:2024..
//	entity:person:ada-bell  by:person:ada-bell  cue:warned  kind:indirect  cluster:ID
//
// A minus before a person, org, place, speaker or source excludes it. A day counts whole, and so
// do months and years; one end of an interval may be missing. What looks like a field and is none
// ("12:30") is words. An error is ErrQuery; the query is then of all that could be read.
func Parse(s string) (Query, error) {
	var (
		q     Query
		words []string
		first error
	)
	for _, t := range terms(s) {
		if err := t.apply(&q); err != nil {
			if first == nil {
				first = err
			}
			continue
		}
		if t.field == "" {
			words = append(words, t.raw)
		}
	}
	q.Words = strings.Join(words, " ")
	return q, first
}

// term is a part of what was typed.
type term struct {
	raw   string // as it is in Query.Words
	field string // empty: words
	value string
	not   bool
}

// fieldNames are the fields, with other spellings of them.
var fieldNames = map[string]string{
	"person": "person", "people": "person", "who": "person",
	"org": "org", "organisation": "org", "organization": "org",
	"place": "place", "where": "place",
	"speaker": "speaker", "said": "speaker",
	"source": "source", "date": "date", "mentioned": "mentioned", "published": "published",
	"entity": "entity", "by": "by", "cue": "cue", "kind": "kind", "cluster": "cluster",
}

// terms cuts what was typed at white space outside of double quotes.
func terms(s string) []term {
	var out []term
	for at := 0; at < len(s); {
		r, n := utf8.DecodeRuneInString(s[at:])
		if unicode.IsSpace(r) {
			at += n
			continue
		}
		t, end := oneTerm(s[at:])
		out = append(out, t)
		at += end
	}
	return out
}

// oneTerm reads the term that s begins with, and says where it ends.
func oneTerm(s string) (term, int) {
	var t term
	rest := s
	if strings.HasPrefix(rest, "-") {
		t.not, rest = true, rest[1:]
	}
	if name, after, ok := strings.Cut(rest, ":"); ok {
		if field, known := fieldNames[strings.ToLower(name)]; known && after != "" {
			if r, _ := utf8.DecodeRuneInString(after); !unicode.IsSpace(r) {
				value, n := fieldValue(after)
				t.field, t.value = field, value
				return t, len(s) - len(after) + n
			}
		}
	}
	end := len(s) - len(rest)
	if r, n := utf8.DecodeRuneInString(rest); isMark(r) {
		end += n
		if i := strings.IndexFunc(s[end:], isMark); i >= 0 {
			_, n = utf8.DecodeRuneInString(s[end+i:])
			end += i + n
		} else { // it is closed here, so that what String puts behind it stays outside
			t.raw = strings.TrimRightFunc(s, unicode.IsSpace) + `"`
			return t, len(s)
		}
		t.raw = s[:end]
		return t, end
	}
	for end < len(s) {
		r, n := utf8.DecodeRuneInString(s[end:])
		if unicode.IsSpace(r) || isMark(r) {
			break
		}
		end += n
	}
	t.raw = s[:end]
	return t, end
}

// fieldValue reads a value, in double quotes or up to white space, and says where it ends. Within
// quotes a backslash stands before a quote or a backslash that is meant as such.
func fieldValue(s string) (string, int) {
	r, n := utf8.DecodeRuneInString(s)
	if !isMark(r) {
		if i := strings.IndexFunc(s, unicode.IsSpace); i >= 0 {
			return s[:i], i
		}
		return s, len(s)
	}
	var b strings.Builder
	for at := n; at < len(s); {
		r, n := utf8.DecodeRuneInString(s[at:])
		switch {
		case r == '\\' && at+1 < len(s) && (s[at+1] == '"' || s[at+1] == '\\'):
			b.WriteByte(s[at+1])
			at += 2
			continue
		case isMark(r):
			return b.String(), at + n
		}
		b.WriteString(s[at : at+n])
		at += n
	}
	return b.String(), len(s)
}

// apply adds the term's condition to the query.
func (t *term) apply(q *Query) error {
	if t.field == "" {
		return nil
	}
	if strings.TrimSpace(t.value) == "" {
		return fmt.Errorf("%w: %s: says nothing: put a value behind the colon", ErrQuery, t.field)
	}
	list := map[string]*[]string{
		"person": &q.Persons, "org": &q.Organisations, "place": &q.Places, "speaker": &q.Speakers, "source": &q.Sources,
		"by": &q.SpeakerKeys, "cue": &q.Cues, "kind": &q.Kinds,
	}
	if t.not {
		list = map[string]*[]string{
			"person": &q.Not.Persons, "org": &q.Not.Organisations, "place": &q.Not.Places, "speaker": &q.Not.Speakers, "source": &q.Not.Sources,
		}
	}
	switch l := list[t.field]; {
	case l != nil:
		*l = append(*l, t.value)
		return nil
	case t.not:
		return fmt.Errorf("%w: -%s:%s: only person, org, place, speaker and source can be excluded", ErrQuery, t.field, t.value)
	case t.field == "cluster":
		q.Cluster = t.value
		return nil
	case t.field == "entity":
		q.Entities = append(q.Entities, strings.Split(t.value, "|"))
		return nil
	}
	from, to, err := Period(t.value)
	if err != nil {
		return fmt.Errorf("%w: %s:%s: want a day, a month, a year, or two with .. between, such as 2025-01-20, 2025.. or 2025-01..2025-02", ErrQuery, t.field, t.value)
	}
	if !q.From.IsZero() || !q.To.IsZero() {
		return fmt.Errorf("%w: %s:%s: there is a date already, and only one can be asked for", ErrQuery, t.field, t.value)
	}
	q.From, q.To = from, to
	q.Dates = map[string]Dates{"date": AnyDate, "mentioned": Mentioned, "published": Published}[t.field]
	return nil
}

// Period reads a day, a month, a year, or an interval of two of them with ".." between, of which
// one may be missing, as a half-open interval; zero is open.
func Period(s string) (from, to time.Time, err error) {
	first, last, two := strings.Cut(s, "..")
	if !two {
		return calendar(s)
	}
	if first == "" && last == "" {
		return from, to, fmt.Errorf("%q has no end", s)
	}
	if first != "" {
		if from, _, err = calendar(first); err != nil {
			return from, to, err
		}
	}
	if last != "" {
		if _, to, err = calendar(last); err != nil {
			return from, to, err
		}
	}
	if !from.IsZero() && !to.IsZero() && !to.After(from) {
		return from, to, fmt.Errorf("%q ends before it begins", s)
	}
	return from, to, nil
}

// calendar is the half-open interval of a day, month or year.
func calendar(s string) (from, to time.Time, err error) {
	for _, f := range []struct {
		layout              string
		years, months, days int
	}{{time.DateOnly, 0, 0, 1}, {"2006-01", 0, 1, 0}, {"2006", 1, 0, 0}} {
		if t, err := time.Parse(f.layout, s); err == nil && t.Year() > 0 && len(s) == len(f.layout) {
			return t, t.AddDate(f.years, f.months, f.days), nil
		}
	}
	return from, to, fmt.Errorf("%q is no day, month or year", s)
}

// String writes the question as Parse reads it; order, page and facets are not part of it.
func (q *Query) String() string {
	var parts []string
	if q.Words != "" {
		parts = append(parts, q.Words)
	}
	add := func(prefix string, values []string) {
		for _, v := range values {
			parts = append(parts, prefix+":"+quoteValue(v))
		}
	}
	add("person", q.Persons)
	add("org", q.Organisations)
	add("place", q.Places)
	add("speaker", q.Speakers)
	add("source", q.Sources)
	for _, g := range q.Entities {
		add("entity", []string{strings.Join(g, "|")})
	}
	add("by", q.SpeakerKeys)
	if q.Cluster != "" {
		add("cluster", []string{q.Cluster})
	}
	add("cue", q.Cues)
	add("kind", q.Kinds)
	add("-person", q.Not.Persons)
	add("-org", q.Not.Organisations)
	add("-place", q.Not.Places)
	add("-speaker", q.Not.Speakers)
	add("-source", q.Not.Sources)
	if p := PeriodString(q.From, q.To); p != "" {
		field := "date"
		if q.Dates != AnyDate {
			field = string(q.Dates)
		}
		parts = append(parts, field+":"+p)
	}
	return strings.Join(parts, " ")
}

// quoteValue puts a value into quotes where Parse would read another without.
func quoteValue(v string) string {
	if v != "" && !strings.ContainsFunc(v, func(r rune) bool { return unicode.IsSpace(r) || isMark(r) }) {
		return v
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range v {
		switch {
		case r == '\\' || r == '"':
			b.WriteByte('\\')
			b.WriteRune(r)
		case isMark(r): // would end the value, and matches as a straight one does
			b.WriteString(`\"`)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// PeriodString writes a half-open interval of whole days as Period reads it, as short as it can be.
func PeriodString(from, to time.Time) string {
	q := Query{From: from, To: to}
	from, to = q.Days()
	switch {
	case from.IsZero() && to.IsZero():
		return ""
	case from.IsZero():
		return ".." + to.AddDate(0, 0, -1).Format(time.DateOnly)
	case to.IsZero():
		return from.Format(time.DateOnly) + ".."
	}
	switch {
	case from.YearDay() == 1 && from.AddDate(1, 0, 0).Equal(to):
		return from.Format("2006")
	case from.Day() == 1 && from.AddDate(0, 1, 0).Equal(to):
		return from.Format("2006-01")
	case from.AddDate(0, 0, 1).Equal(to):
		return from.Format(time.DateOnly)
	case from.YearDay() == 1 && to.YearDay() == 1:
		return from.Format("2006") + ".." + to.AddDate(-1, 0, 0).Format("2006")
	case from.Day() == 1 && to.Day() == 1:
		return from.Format("2006-01") + ".." + to.AddDate(0, -1, 0).Format("2006-01")
	}
	return from.Format(time.DateOnly) + ".." + to.AddDate(0, 0, -1).Format(time.DateOnly)
}
