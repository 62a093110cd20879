package export

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/quote"
	"github.com/datelinenews/dateline/extractor/timex"
	"github.com/datelinenews/dateline/pipeline"
)

// textForm writes the text with its annotation, and below it who and what was found.
type textForm struct {
	colour bool
	width  int
}

// The ANSI codes of each kind (ECMA-48, select graphic rendition). Quotes are underlined, so that
// the colours of names inside them still show.
const (
	ansiReset        = "\x1b[0m"
	ansiBold         = "\x1b[1m"
	ansiDim          = "\x1b[2m"
	ansiQuote        = "\x1b[4m"
	ansiPerson       = "\x1b[1;36m"
	ansiOrganisation = "\x1b[1;33m"
	ansiPlace        = "\x1b[1;32m"
	ansiDate         = "\x1b[1;35m"
)

func ansiOf(t ner.Type) string {
	switch t {
	case ner.Person:
		return ansiPerson
	case ner.Organisation:
		return ansiOrganisation
	}
	return ansiPlace
}

func (f textForm) begin() string { return "" }

func (f textForm) end(int) string { return "" }

func (f textForm) record(rec *pipeline.Record, n int) (string, error) {
	var b strings.Builder
	if n > 0 {
		b.WriteString("\n")
	}
	f.header(&b, rec)
	if f.colour {
		f.coloured(&b, rec)
	} else {
		bracketed(&b, rec)
	}
	if !strings.HasSuffix(rec.Text, "\n") {
		b.WriteByte('\n')
	}
	f.lists(&b, rec)
	return b.String(), nil
}

func (f textForm) header(b *strings.Builder, rec *pipeline.Record) {
	line := []string{rec.ID}
	if rec.Source != "" {
		line = append(line, rec.Source)
	}
	if !rec.Published.IsZero() {
		line = append(line, timeShort(rec.Published))
	}
	if rec.URL != "" {
		line = append(line, rec.URL)
	}
	b.WriteString(f.style(ansiDim, "── "+Printable(strings.Join(line, " · "), false)+" ──"))
	b.WriteString("\n\n")
}

func (f textForm) style(code, s string) string {
	if !f.colour || s == "" {
		return s
	}
	return code + s + ansiReset
}

func (f textForm) coloured(b *strings.Builder, rec *pipeline.Record) {
	for _, s := range segments(rec) {
		var codes string
		if s.quote >= 0 {
			codes += ansiQuote
		}
		if s.date >= 0 {
			codes += ansiDate
		}
		if s.mention >= 0 {
			codes += ansiOf(rec.Mentions[s.mention].Type)
		}
		if codes == "" && s.Start < len(rec.Title) {
			codes = ansiBold
		}
		surface := Printable(s.In(rec.Text), true)
		if codes == "" {
			b.WriteString(surface)
			continue
		}
		// A style doesn't run over a line's end: pagers forget it there.
		for i, line := range strings.Split(surface, "\n") {
			if i > 0 {
				b.WriteByte('\n')
			}
			if line != "" {
				b.WriteString(codes + line + ansiReset)
			}
		}
	}
}

// bracketed marks names and dates as [person Ada Bell], [date Monday = 2025-01-20], pronouns with
// whom they stand for, and quotes as {1 …}, by their numbers in the list below.
func bracketed(b *strings.Builder, rec *pipeline.Record) {
	opens, closes := map[int][]string{}, map[int]string{}
	for i := len(rec.Quotes) - 1; i >= 0; i-- {
		q := &rec.Quotes[i]
		opens[q.Start] = append(opens[q.Start], fmt.Sprintf("{%d ", i+1))
		closes[q.End] += "}"
	}
	for i := range rec.Mentions {
		m := &rec.Mentions[i]
		opens[m.Start] = append(opens[m.Start], "["+m.Type.String()+" ")
		end := "]"
		if (m.Form == ner.Pronoun || m.Form == ner.Nominal) && m.Entity >= 0 && m.Entity < len(rec.Entities) {
			end = " = " + rec.Entities[m.Entity].Name + "]"
		}
		closes[m.End] = end + closes[m.End]
	}
	for i := range rec.Dates {
		d := &rec.Dates[i]
		opens[d.Start] = append(opens[d.Start], "["+strings.ToLower(string(d.Type))+" ")
		closes[d.End] = " = " + d.Value + "]" + closes[d.End]
	}
	at := 0
	flush := func(end int) {
		b.WriteString(Printable(rec.Text[at:end], true))
		at = end
	}
	for _, s := range segments(rec) {
		flush(s.Start)
		b.WriteString(Printable(closes[s.Start], false))
		for _, o := range opens[s.Start] {
			b.WriteString(o)
		}
	}
	flush(len(rec.Text))
	b.WriteString(Printable(closes[len(rec.Text)], false))
}

// lists says what was found, most mentioned first.
func (f textForm) lists(b *strings.Builder, rec *pipeline.Record) {
	b.WriteByte('\n')
	for _, t := range ner.Types() {
		var names []string
		for _, e := range byMentions(rec.Entities) {
			if e.Type != t {
				continue
			}
			s := f.style(ansiOf(t), Printable(e.Name, false))
			if e.Acronym != "" {
				s += " (" + Printable(e.Acronym, false) + ")"
			}
			if e.Role != "" {
				s += ", " + Printable(e.Role, false)
			}
			if n := len(e.Mentions); n > 1 {
				s += f.style(ansiDim, fmt.Sprintf(" ×%d", n))
			}
			names = append(names, s)
		}
		f.list(b, plural(t), names)
	}
	var dates []string
	for _, d := range rec.Dates {
		dates = append(dates, f.style(ansiDate, Printable(d.Text, false))+" = "+DateValue(d))
	}
	f.list(b, "Dates", dates)
	var quotes []string
	for i, q := range rec.Quotes {
		quotes = append(quotes, fmt.Sprintf("%d. %s: %s", i+1, f.style(ansiPerson, Printable(SpeakerName(rec, q), false)), f.excerpt(q)))
	}
	f.list(b, "Quotes", quotes)
}

// excerpt is a quote on one line.
func (f textForm) excerpt(q quote.Quote) string {
	s := Shorten(Printable(q.Text, false), f.width)
	if q.Kind == quote.Indirect {
		return s
	}
	return "“" + s + "”"
}

func (f textForm) list(b *strings.Builder, title string, items []string) {
	if len(items) == 0 {
		return
	}
	b.WriteString(f.style(ansiBold, title) + "\n")
	for _, s := range items {
		b.WriteString("  " + s + "\n")
	}
}

func plural(t ner.Type) string {
	switch t {
	case ner.Person:
		return "People"
	case ner.Organisation:
		return "Organisations"
	}
	return "Places"
}

// SpeakerName is who says a quote: the entity's name, else the words beside the quote, else "—".
func SpeakerName(rec *pipeline.Record, q quote.Quote) string {
	if s := q.Speaker; s != nil {
		if s.Entity != nil && *s.Entity >= 0 && *s.Entity < len(rec.Entities) {
			return rec.Entities[*s.Entity].Name
		}
		if s.Expression != nil {
			return s.Text
		}
	}
	return "—"
}

// DateValue is a date's value with its modifier.
func DateValue(d timex.Date) string {
	if d.Mod == "" {
		return d.Value
	}
	return d.Value + " (" + strings.ToLower(strings.ReplaceAll(d.Mod, "_", " ")) + ")"
}

func timeShort(t time.Time) string {
	if t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 {
		return t.Format("2 January 2006")
	}
	return t.Format("2 January 2006 15:04")
}

// Printable makes text safe for a terminal: an article may hold escape sequences, which would
// otherwise recolour or rewrite the screen. Control characters become �, and line breaks stay where
// lines is set and become spaces where it isn't.
func Printable(s string, lines bool) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' && lines, r == '\t' && lines:
			return r
		case r == '\n', r == '\t', r == '\r', r == '\u2028', r == '\u2029', r == '\u0085':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return utf8.RuneError
		}
		return r
	}, s)
}

// Shorten cuts a line to width characters at a space, with … at its end.
func Shorten(s string, width int) string {
	s = strings.Join(strings.Fields(s), " ")
	if width <= 1 || utf8.RuneCountInString(s) <= width {
		return s
	}
	runes := []rune(s)
	cut := string(runes[:width-1])
	if i := strings.LastIndexByte(cut, ' '); i > len(cut)/2 && runes[width-1] != ' ' {
		cut = cut[:i]
	}
	return strings.TrimRight(cut, " ,;:—-") + "…"
}
