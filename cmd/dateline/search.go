package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/datelinenews/dateline/pipeline/bleve"
	"github.com/datelinenews/dateline/pipeline/export"
	"github.com/datelinenews/dateline/pipeline/search"
)

type searchCmd struct {
	Words []string `arg:"" optional:"" help:"Words that must occur; a phrase in double quotes; -word must not occur (after --); fields as on the pages, such as person:Bell or date:2025-01."`

	Person       []string     `group:"question" sep:"none" placeholder:"NAME" help:"A person the article names; again for more than one, all of whom it must name."`
	Organisation []string     `group:"question" sep:"none" placeholder:"NAME" help:"An organisation, by name or acronym."`
	Place        []string     `group:"question" sep:"none" placeholder:"NAME" help:"A place."`
	Speaker      []string     `group:"question" sep:"none" placeholder:"NAME" help:"Somebody who is quoted: lists the quotes."`
	Source       []string     `group:"question" sep:"none" placeholder:"NAME" help:"Who published it, exactly; any of several."`
	From         string       `group:"question" placeholder:"DAY" help:"First day of dates mentioned or of publication: 2025-01-20, 2025-01 or 2025."`
	To           string       `group:"question" placeholder:"DAY" help:"Last day, which counts: 2025-01-20, 2025-01 or 2025."`
	By           string       `group:"question" enum:"any,mentioned,published" default:"any" help:"Which dates --from and --to are about: mentioned in the article, published, or any of both."`
	Cluster      string       `group:"question" placeholder:"ID" help:"The copies of one story: the cluster of an article, as jsonl shows it."`
	Fold         bool         `help:"Show of each story's copies only the first hit, and how many more there are."`
	Show         string       `enum:"auto,articles,quotes" default:"auto" help:"What to list: articles or quotes. auto: quotes where a speaker is asked for."`
	Sort         string       `enum:"relevance,time" default:"relevance" help:"Order: relevance, or time (newest first)."`
	Limit        int          `default:"10" help:"How many to list."`
	Offset       int          `default:"0" help:"How many to pass over first."`
	Facets       int          `default:"0" help:"Also count so many of the most frequent people, organisations, places, speakers and sources."`
	Format       searchFormat `enum:"table,jsonl" default:"table" help:"What to print: table, or jsonl (whole records, or quotes)."`

	indexSettings
	elasticSettings
}

type searchFormat string

func (searchCmd) Help() string {
	return `Asks Elasticsearch if it is set and --index is not given, else the embedded index. A name matches in any form in which the article has it: in full, by acronym, by surname.

Examples:

    dateline search ceasefire
    dateline search '"border guard"' --organisation KNU --from 2025-01
    dateline search --speaker "Padoh Saw Taw Nee"
    dateline search 'ferry org:"Nyanza Ferries" date:2025-03..2025-05'
    dateline search --from 2025-01-14 --to 2025-01-18 --by mentioned
    dateline search --place Nairobi --show quotes --format jsonl
    dateline search strike --fold`
}

func (c *searchCmd) run(ctx context.Context, p *process) error {
	q, err := c.query()
	if err != nil {
		return err
	}
	s, closer, err := c.open(p)
	if err != nil {
		return err
	}
	defer closer.Close()
	width, _ := terminal(p.out)
	t := &table{out: bufio.NewWriter(p.out), colour: p.colour(p.out), width: max(width, 0)}
	if t.width == 0 {
		t.width = 120
	}
	if c.Show == "quotes" || c.Show == "auto" && len(q.Speakers)+len(q.SpeakerKeys)+len(q.Cues)+len(q.Kinds) > 0 {
		err = c.quotes(ctx, s, q, t)
	} else {
		err = c.articles(ctx, s, q, t)
	}
	if errors.Is(err, search.ErrQuery) {
		return usageError{err}
	}
	if err != nil {
		return err
	}
	if err := t.out.Flush(); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}

// open opens what is to be asked.
func (c *searchCmd) open(p *process) (search.Searcher, io.Closer, error) {
	if len(c.Elasticsearch) > 0 && !p.given["index"] {
		s, err := c.connect()
		return s, s, err
	}
	s, err := bleve.Open(c.Index, bleve.Options{ReadOnly: true})
	return s, s, err
}

func (c *searchCmd) query() (search.Query, error) {
	q, err := search.Parse(strings.Join(c.Words, " "))
	if err != nil {
		return q, usageError{err}
	}
	q.Persons, q.Organisations = append(q.Persons, c.Person...), append(q.Organisations, c.Organisation...)
	q.Places, q.Speakers = append(q.Places, c.Place...), append(q.Speakers, c.Speaker...)
	q.Sources, q.Cluster = append(q.Sources, c.Source...), cmp.Or(c.Cluster, q.Cluster)
	q.Offset, q.Limit, q.Facets, q.Fold = c.Offset, c.Limit, c.Facets, c.Fold
	if c.From != "" {
		if q.From, _, err = period("from", c.From); err != nil {
			return q, err
		}
	}
	if c.To != "" {
		if _, q.To, err = period("to", c.To); err != nil {
			return q, err
		}
	}
	if c.From != "" && c.To != "" && !q.From.Before(q.To) {
		return q, usagef("--from %s is after --to %s", c.From, c.To)
	}
	if c.Sort == "time" {
		q.Sort = search.ByTime
	}
	if c.By != "any" {
		q.Dates = search.Dates(c.By)
	}
	if c.Limit == 0 { // for the query's zero is its default
		return q, usagef("--limit is 0: want at least 1")
	}
	if err := q.Validate(); err != nil {
		return q, usageError{err}
	}
	return q, nil
}

// period is the half-open interval of a day, a month or a year; of nothing it is open.
func period(flag, s string) (from, to time.Time, err error) {
	if s == "" {
		return from, to, nil
	}
	for _, f := range []struct {
		layout              string
		years, months, days int
	}{{"2006-01-02", 0, 0, 1}, {"2006-01", 0, 1, 0}, {"2006", 1, 0, 0}} {
		if t, err := time.Parse(f.layout, s); err == nil {
			return t, t.AddDate(f.years, f.months, f.days), nil
		}
	}
	return from, to, usagef("--%s is %q: want a day, month or year such as 2025-01-20, 2025-01 or 2025", flag, s)
}

func (c *searchCmd) articles(ctx context.Context, s search.Searcher, q search.Query, t *table) error {
	res, err := s.Search(ctx, q)
	if err != nil {
		return err
	}
	if c.Format == "jsonl" {
		w, err := export.New(t.out, export.JSONL, export.Options{})
		if err != nil {
			return err
		}
		for i := range res.Hits {
			if err := w.Write(res.Hits[i].Record); err != nil {
				return err
			}
		}
		return nil
	}
	t.heading(res.Total, q, "article")
	for i := range res.Hits {
		h := &res.Hits[i]
		title := h.Record.Title
		if title == "" {
			title = h.Record.Text
		}
		if h.Copies > 0 {
			title = fmt.Sprintf("(+%d) %s", h.Copies, title)
		}
		t.row(h.Record.Published, h.Record.Source, title, h.Record.ID)
		for _, snippet := range h.Snippets {
			t.snippet(snippet)
		}
	}
	t.facets(res.Facets)
	return nil
}

func (c *searchCmd) quotes(ctx context.Context, s search.Searcher, q search.Query, t *table) error {
	res, err := s.Quotes(ctx, q)
	if err != nil {
		return err
	}
	if c.Format == "jsonl" {
		enc := json.NewEncoder(t.out)
		enc.SetEscapeHTML(false)
		for i := range res.Hits {
			if err := enc.Encode(&res.Hits[i]); err != nil {
				return fmt.Errorf("encode quote: %w", err)
			}
		}
		return nil
	}
	t.heading(res.Total, q, "quote")
	for i := range res.Hits {
		h := &res.Hits[i]
		speaker := h.Speaker
		if speaker == "" {
			speaker = "—"
		}
		if h.SpeakerRole != "" {
			speaker += ", " + h.SpeakerRole
		}
		t.row(h.Published, h.Source, speaker, h.Article)
		text := h.Quote.Text
		if len(h.Snippets) > 0 {
			text = h.Snippets[0]
		}
		if h.Quote.Kind != "indirect" {
			text = "“" + text + "”"
		}
		t.snippet(text)
	}
	t.facets(res.Facets)
	return nil
}

// table prints hits for people.
type table struct {
	out    *bufio.Writer
	colour bool
	width  int
}

// The columns' widths, in characters.
const (
	dayWidth    = 12
	sourceWidth = 20
	idWidth     = 24
)

func (t *table) paint(code, s string) string {
	if !t.colour || s == "" {
		return s
	}
	return code + s + "\x1b[0m"
}

// The printing methods leave errors to the buffer's Flush.

func (t *table) heading(total int, q search.Query, noun string) {
	shown := ""
	switch {
	case q.Offset >= total && q.Offset > 0:
		shown = fmt.Sprintf(", none after the first %s", export.Thousands(q.Offset))
	case total > q.PageSize() || q.Offset > 0:
		shown = fmt.Sprintf(", %s to %s shown", export.Thousands(min(q.Offset+1, total)), export.Thousands(min(q.Offset+q.PageSize(), total)))
	}
	_, _ = fmt.Fprintf(t.out, "%s%s\n", plural(total, noun), shown)
}

func (t *table) row(published time.Time, source, title, id string) {
	day := "undated"
	if !published.IsZero() {
		day = published.Format(time.DateOnly)
	}
	middle := max(20, t.width-dayWidth-sourceWidth-idWidth)
	_, _ = fmt.Fprintf(t.out, "%s%s%s%s\n", column(day, dayWidth), column(source, sourceWidth),
		t.paint("\x1b[1m", column(title, middle)), t.paint("\x1b[2m", export.Printable(id, false)))
}

// column is s cut or filled to so many characters, the last of them a space.
func column(s string, width int) string {
	s = export.Shorten(export.Printable(s, false), width-1)
	return s + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
}

func (t *table) snippet(s string) {
	marks := strings.NewReplacer(search.MarkStart, "", search.MarkEnd, "")
	if t.colour {
		marks = strings.NewReplacer(search.MarkStart, "\x1b[1;33m", search.MarkEnd, "\x1b[0m")
	}
	s = export.Printable(s, false)
	if n := utf8.RuneCountInString(s); n > 3*t.width {
		s = string([]rune(s)[:3*t.width-1]) + "…" + search.MarkEnd // a mark may have been cut off
	}
	_, _ = fmt.Fprintf(t.out, "%s%s\n", strings.Repeat(" ", dayWidth), marks.Replace(s))
}

func (t *table) facets(facets map[string][]search.Count) {
	for _, name := range search.FacetNames() {
		if len(facets[name]) == 0 {
			continue
		}
		var values []string
		for _, c := range facets[name] {
			values = append(values, fmt.Sprintf("%s (%s)", export.Printable(c.Value, false), export.Thousands(c.Count)))
		}
		_, _ = fmt.Fprintf(t.out, "\n%s %s\n", t.paint("\x1b[1m", name+":"), strings.Join(values, ", "))
	}
}
