package export

import (
	_ "embed"
	"fmt"
	"html/template"
	"strings"

	"github.com/datelinenews/dateline/extractor/coref"
	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/quote"
	"github.com/datelinenews/dateline/extractor/timex"
	"github.com/datelinenews/dateline/pipeline"
)

//go:embed page.html
var pageSource string

// page has the templates "begin", "article" and "end". html/template escapes by context, so that
// nothing in an article can become markup or script.
var page = template.Must(template.New("page").Parse(pageSource))

// htmlForm writes one page that needs no other file, a section for each record.
type htmlForm struct{}

func (htmlForm) begin() string { return execute("begin", nil) }

func (htmlForm) end(int) string { return execute("end", nil) }

// execute runs a template that has no data to fail on.
func execute(name string, data any) string {
	var b strings.Builder
	if err := page.ExecuteTemplate(&b, name, data); err != nil {
		return fmt.Sprintf("<!-- %s: %s -->", name, template.HTMLEscapeString(err.Error()))
	}
	return b.String()
}

// articleView is what the template shows of a record.
type articleView struct {
	Record     *pipeline.Record
	URL        string // only where it is http or https
	Published  string
	Paragraphs []paragraphView
	Groups     []groupView
	Dates      []dateView
	Quotes     []quoteView
}

// paragraphView is a line of the text.
type paragraphView struct {
	Heading bool
	Pieces  []pieceView
}

// pieceView is a segment of the text.
type pieceView struct {
	Text  string
	Class string // empty: plain
	Title string
}

type groupView struct {
	Title, Class string
	Entities     []coref.Entity
}

type dateView struct{ Text, Value, Title string }

type quoteView struct {
	N                                 int
	Speaker, Text, Kind, Cue, Details string
	Marks                             bool
}

func (htmlForm) record(rec *pipeline.Record, _ int) (string, error) {
	v := articleView{Record: rec, Published: timeShortOrEmpty(rec), Paragraphs: paragraphs(rec)}
	if strings.HasPrefix(rec.URL, "https://") || strings.HasPrefix(rec.URL, "http://") {
		v.URL = rec.URL
	}
	for _, t := range ner.Types() {
		g := groupView{Title: plural(t), Class: t.String()}
		for _, e := range byMentions(rec.Entities) {
			if e.Type == t {
				g.Entities = append(g.Entities, e)
			}
		}
		if len(g.Entities) > 0 {
			v.Groups = append(v.Groups, g)
		}
	}
	for _, d := range rec.Dates {
		v.Dates = append(v.Dates, dateView{d.Text, DateValue(d), dateTitle(d)})
	}
	for i, q := range rec.Quotes {
		view := quoteView{N: i + 1, Speaker: SpeakerName(rec, q), Text: q.Text, Kind: string(q.Kind), Marks: q.Kind != quote.Indirect}
		if q.Cue != nil {
			view.Cue = q.Cue.Text
		}
		view.Details = fmt.Sprintf("%s, rule %s, score %.2f", q.Kind, q.Rule, q.Score)
		v.Quotes = append(v.Quotes, view)
	}
	var b strings.Builder
	if err := page.ExecuteTemplate(&b, "article", v); err != nil {
		return "", fmt.Errorf("fill page: %w", err)
	}
	return b.String(), nil
}

func timeShortOrEmpty(rec *pipeline.Record) string {
	if rec.Published.IsZero() {
		return ""
	}
	return timeShort(rec.Published)
}

func dateTitle(d timex.Date) string {
	s := string(d.Type) + " " + DateValue(d)
	if !d.From.IsZero() {
		s += fmt.Sprintf(", from %s to %s", timeString(d.From), timeString(d.To))
	}
	return s
}

// paragraphs cuts the text into lines, and each into pieces. The title's are headings.
func paragraphs(rec *pipeline.Record) []paragraphView {
	var out []paragraphView
	var line paragraphView
	flush := func() {
		if len(line.Pieces) > 0 {
			out = append(out, line)
		}
		line = paragraphView{}
	}
	for _, s := range segments(rec) {
		class, title := describe(rec, s)
		at := s.Start
		for {
			head, tail, broken := strings.Cut(rec.Text[at:s.End], "\n")
			if head != "" {
				line.Heading = at < len(rec.Title)
				line.Pieces = append(line.Pieces, pieceView{Text: head, Class: class, Title: title})
			}
			if !broken {
				break
			}
			flush()
			at = s.End - len(tail)
		}
	}
	flush()
	return out
}

// describe is a segment's classes and what it says when pointed at.
func describe(rec *pipeline.Record, s segment) (class, title string) {
	var classes []string
	if s.quote >= 0 {
		classes = append(classes, "quote")
	}
	if s.date >= 0 {
		classes = append(classes, "date")
		title = dateTitle(rec.Dates[s.date])
	}
	if s.mention >= 0 {
		m := rec.Mentions[s.mention]
		classes = append(classes, m.Type.String())
		if m.Entity >= 0 && m.Entity < len(rec.Entities) {
			title = fmt.Sprintf("%s: %s (%s, score %.2f)", m.Type, rec.Entities[m.Entity].Name, m.Form, m.Score)
		}
	}
	return strings.Join(classes, " "), title
}
