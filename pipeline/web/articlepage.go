package web

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/quote"
	"github.com/datelinenews/dateline/extractor/text"
	"github.com/datelinenews/dateline/extractor/timex"
	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/export"
)

// The most of each kind that the lists beside an article have; its text has all.
const (
	whoMost   = 200
	datesMost = 200
	quoteMost = 300
)

type articleView struct {
	ID, Title, Source, URL, Host, Version string
	Published, Modified                   time.Time
	Paragraphs                            []paragraphView
	Groups                                []whoGroup
	Dates                                 []dateView
	DatesMore                             int
	Quotes                                []quoteView
	QuotesMore                            int
	Back                                  string
	Edit                                  bool
	At                                    string // the page's own address
	API                                   string
}

func (v articleView) frame() frame { return frame{Path: "/", Title: v.Title, Box: v.Back} }

type paragraphView struct {
	Heading bool
	Runs    []runView
}

// runView is a stretch of the text in which nothing begins or ends.
type runView struct {
	Text  string
	ID    string // the anchor of what begins here
	Class string
	Title string
	URL   string // of a name: its entity's page
	// Marks are of the quotes that end here.
	Marks []quoteMark
}

// quoteMark leads from a quote in the text to its entry in the list.
type quoteMark struct {
	N       int
	Speaker string
	To      string // where the speaker stands in the text
}

type whoGroup struct {
	Title, Class string
	Entities     []whoView
	More         int
}

type whoView struct {
	Name, Acronym, Role, URL string
	Of, OfURL                string // a person's organisation, where the role does not say it
	Key, Type                string
	Count                    int
	Score                    float64
	First                    string // the anchor of the first mention
}

type dateView struct {
	N                    int
	Text, Value, Type    string
	Range                string
	Inferred, Unresolved bool
}

type quoteView struct {
	N                          int
	Text, Kind, Cue, Rule      string
	Speaker, SpeakerURL        string
	SpeakerKey                 string
	SpeakerAt, Role, Of        string
	Before, After              string // what stands around it in its paragraph
	Score                      float64
	Marks                      bool
	Article, Title, Source, At string
	Published                  time.Time
}

// articlePage shows one article.
func (s *Server) articlePage(w http.ResponseWriter, r *http.Request) error {
	rec, err := s.Store.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	v := newArticle(rec)
	v.Edit, v.At = s.Edit && s.Corrections != nil, articleURL(rec.ID)
	v.Back = cut(strings.ToValidUTF8(r.FormValue("q"), ""), maxQuery)
	s.render(w, r, http.StatusOK, "article", v)
	return nil
}

func newArticle(rec *pipeline.Record) articleView {
	v := articleView{
		ID: rec.ID, Title: headline(rec), Source: show(rec.Source), Version: rec.Version, Published: rec.Published, Modified: rec.Modified,
		API: "/api" + articleURL(rec.ID),
	}
	if strings.HasPrefix(rec.URL, "https://") || strings.HasPrefix(rec.URL, "http://") {
		v.URL = rec.URL
		_, host, _ := strings.Cut(rec.URL, "//")
		v.Host, _, _ = strings.Cut(host, "/")
		v.Host = show(v.Host)
	}
	v.Paragraphs = paragraphs(rec)
	v.Groups = who(rec)
	for i := range rec.Dates {
		if i == datesMost {
			v.DatesMore = len(rec.Dates) - i
			break
		}
		v.Dates = append(v.Dates, newDate(rec.Dates[i], i))
	}
	for i := range rec.Quotes {
		if i == quoteMost {
			v.QuotesMore = len(rec.Quotes) - i
			break
		}
		v.Quotes = append(v.Quotes, newQuote(rec, i))
	}
	return v
}

func newDate(d timex.Date, i int) dateView {
	return dateView{
		N: i, Text: show(d.Text), Value: show(export.DateValue(d)), Type: strings.ToLower(string(d.Type)), Range: dateRange(d),
		Inferred: d.Inferred, Unresolved: d.From.IsZero(),
	}
}

// dateRange is the stretch of the calendar that a date stands for, in words.
func dateRange(d timex.Date) string {
	if d.From.IsZero() {
		return ""
	}
	from, last := d.From.UTC(), d.To.UTC().Add(-time.Second)
	switch {
	case d.To.Sub(d.From) < 24*time.Hour && d.Type == timex.TypeTime:
		return from.Format("2 January 2006, 15:04")
	case from.Format(time.DateOnly) == last.Format(time.DateOnly):
		return from.Format("Monday, 2 January 2006")
	case from.YearDay() == 1 && d.To.Equal(d.From.AddDate(1, 0, 0)):
		return from.Format("2006")
	case from.Day() == 1 && d.To.Equal(d.From.AddDate(0, 1, 0)):
		return from.Format("January 2006")
	}
	return from.Format("2 January 2006") + " to " + last.Format("2 January 2006")
}

func newQuote(rec *pipeline.Record, i int) quoteView {
	q := &rec.Quotes[i]
	v := quoteView{N: i + 1, Text: show(q.Text), Kind: string(q.Kind), Rule: show(q.Rule), Score: q.Score, Marks: q.Kind != quote.Indirect}
	if q.Cue != nil {
		v.Cue = show(q.Cue.Text)
	}
	if q.Speaker == nil {
		return v
	}
	if e := q.Speaker.Entity; e != nil && *e >= 0 && *e < len(rec.Entities) {
		v.Speaker, v.SpeakerURL, v.Role = show(rec.Entities[*e].Name), entityURL(rec.Entities[*e].Key), show(rec.Entities[*e].Role)
		v.SpeakerKey, v.Of = rec.Entities[*e].Key, affiliated(rec.Entities[*e].Affiliation, rec.Entities[*e].Role)
	}
	if q.Speaker.Expression != nil {
		if v.Speaker == "" {
			v.Speaker = show(q.Speaker.Text)
		}
		v.SpeakerAt = speakerAnchor(rec, q)
	}
	if v.SpeakerAt == "" && q.Speaker.Entity != nil {
		v.SpeakerAt = firstMention(rec, *q.Speaker.Entity)
	}
	return v
}

// speakerAnchor is the mention at the expression that names the speaker; empty where there is none.
func speakerAnchor(rec *pipeline.Record, q *quote.Quote) string {
	for i := range rec.Mentions {
		m := &rec.Mentions[i]
		if m.Start >= q.Speaker.Start && m.End <= q.Speaker.End || m.Start <= q.Speaker.Start && m.End >= q.Speaker.End {
			return mentionID(i)
		}
	}
	return ""
}

func firstMention(rec *pipeline.Record, e int) string {
	if e < 0 || e >= len(rec.Entities) || len(rec.Entities[e].Mentions) == 0 {
		return ""
	}
	return mentionID(rec.Entities[e].Mentions[0])
}

func mentionID(i int) string { return fmt.Sprintf("m%d", i) }

// who lists the entities by type, most mentioned first.
func who(rec *pipeline.Record) []whoGroup {
	var out []whoGroup
	titles := map[ner.Type]string{ner.Person: "People", ner.Organisation: "Organisations", ner.Place: "Places"}
	for _, t := range ner.Types() {
		g := whoGroup{Title: titles[t], Class: t.String()}
		for i := range rec.Entities {
			e := &rec.Entities[i]
			if e.Type != t {
				continue
			}
			v := whoView{Name: show(e.Name), Acronym: show(e.Acronym), Role: show(e.Role), URL: entityURL(e.Key), Key: e.Key, Type: t.String(), Count: len(e.Mentions), First: firstMention(rec, i)}
			if v.Of = affiliated(e.Affiliation, e.Role); v.Of != "" {
				v.OfURL = entityURL(entityKey(ner.Organisation.String(), e.Affiliation))
			}
			for _, m := range e.Mentions {
				if m >= 0 && m < len(rec.Mentions) {
					v.Score = max(v.Score, rec.Mentions[m].Score)
				}
			}
			g.Entities = append(g.Entities, v)
		}
		slices.SortStableFunc(g.Entities, func(a, b whoView) int { return cmp.Compare(b.Count, a.Count) })
		if n := len(g.Entities); n > whoMost {
			g.Entities, g.More = g.Entities[:whoMost], n-whoMost
		}
		if len(g.Entities) > 0 {
			out = append(out, g)
		}
	}
	return out
}

// affiliated is a person's organisation to be shown behind the role; empty where the role says it, in full, by
// its initials ("RSF commander") or by its first word ("Velora's chairman", "head of Velora").
func affiliated(organisation, role string) string {
	if organisation == "" || strings.Contains(strings.ToLower(role), strings.ToLower(organisation)) {
		return ""
	}
	words := strings.Fields(organisation)
	var initials []byte
	for _, w := range words {
		if 'A' <= w[0] && w[0] <= 'Z' {
			initials = append(initials, w[0])
		}
	}
	said := strings.Fields(strings.NewReplacer("’s", "'s").Replace(role))
	for i, w := range said {
		bare := strings.TrimSuffix(w, "'s")
		if len(initials) > 1 && bare == string(initials) || bare == words[0] && (bare != w || i > 0 && i == len(said)-1) {
			return ""
		}
	}
	return show(organisation)
}

// edge is where something begins or ends.
type edge struct {
	at    int
	kind  int // 0 mention, 1 date, 2 quote
	index int
	end   bool
}

// edges are those of a record, in order; spans that are not of its text are left out.
func edges(rec *pipeline.Record) []edge {
	var out []edge
	onRune := func(i int) bool { return i == len(rec.Text) || utf8.RuneStart(rec.Text[i]) }
	add := func(s text.Span, kind, index int) {
		if s.Start < 0 || s.Start >= s.End || s.End > len(rec.Text) || !onRune(s.Start) || !onRune(s.End) {
			return
		}
		out = append(out, edge{s.Start, kind, index, false}, edge{s.End, kind, index, true})
	}
	for i := range rec.Mentions {
		add(rec.Mentions[i].Span, 0, i)
	}
	for i := range rec.Dates {
		add(rec.Dates[i].Span, 1, i)
	}
	for i := range rec.Quotes {
		add(rec.Quotes[i].Span, 2, i)
	}
	slices.SortStableFunc(out, func(a, b edge) int { return cmp.Compare(a.at, b.at) })
	return out
}

// paragraphs cuts the text into lines, and each into runs.
func paragraphs(rec *pipeline.Record) []paragraphView {
	var (
		out  []paragraphView
		line paragraphView
		open [3][]int
		ids  []string
		at   int
	)
	flush := func() {
		if len(line.Runs) > 0 {
			out = append(out, line)
		}
		line = paragraphView{}
	}
	emit := func(end int) {
		if end == at {
			return
		}
		run := describe(rec, open)
		for at < end {
			head, _, broken := strings.Cut(rec.Text[at:end], "\n")
			if head != "" {
				piece := run
				piece.Text, piece.ID = show(head), ""
				if len(ids) > 0 {
					piece.ID = ids[0]
					// Of what begins at one place, all can be led to.
					for _, id := range ids[1:] {
						line.Runs = append(line.Runs, runView{ID: id})
					}
					ids = nil
				}
				line.Heading = at < len(rec.Title)
				line.Runs = append(line.Runs, piece)
			}
			at += len(head)
			if broken {
				flush()
				at++
			}
		}
		at = end
	}
	for _, e := range edges(rec) {
		emit(e.at)
		if !e.end {
			open[e.kind] = append(open[e.kind], e.index)
			ids = append(ids, fmt.Sprintf("%c%d", "mdq"[e.kind], e.index))
			continue
		}
		open[e.kind] = slices.DeleteFunc(open[e.kind], func(i int) bool { return i == e.index })
		if n := len(line.Runs); e.kind == 2 && n > 0 && e.index < quoteMost {
			q := newQuote(rec, e.index)
			line.Runs[n-1].Marks = append(line.Runs[n-1].Marks, quoteMark{N: q.N, Speaker: q.Speaker, To: q.SpeakerAt})
		}
	}
	emit(len(rec.Text))
	flush()
	return out
}

// describe is what a run is a part of. Of two of a kind the later counts.
func describe(rec *pipeline.Record, open [3][]int) runView {
	var v runView
	var classes []string
	if q := open[2]; len(q) > 0 {
		classes = append(classes, "quote", fmt.Sprintf("q%d", q[len(q)-1]))
	}
	if d := open[1]; len(d) > 0 {
		date := newDate(rec.Dates[d[len(d)-1]], 0)
		classes = append(classes, "date")
		v.Title = date.Value
		if date.Range != "" {
			v.Title += " · " + date.Range
		}
		if date.Inferred {
			v.Title += " · year inferred"
		}
	}
	if m := open[0]; len(m) > 0 {
		mention := &rec.Mentions[m[len(m)-1]]
		classes = append(classes, mention.Type.String(), sureness(mention.Score))
		if mention.Form != ner.Name && mention.Form != ner.Acronym {
			classes = append(classes, "referring")
		}
		if e := mention.Entity; e >= 0 && e < len(rec.Entities) {
			entity := &rec.Entities[e]
			v.URL = entityURL(entity.Key)
			v.Title = fmt.Sprintf("%s: %s · %s · %d %% sure", typeName(mention.Type), show(entity.Name), mention.Form, int(mention.Score*100+0.5))
			if entity.Role != "" {
				v.Title += " · " + show(entity.Role)
			}
			if of := affiliated(entity.Affiliation, entity.Role); of != "" {
				v.Title += " · " + of
			}
		}
	}
	v.Class = strings.Join(classes, " ")
	return v
}
