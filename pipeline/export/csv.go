package export

import (
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/datelinenews/dateline/pipeline"
)

// csvColumns are the same in every row; what a kind of row does not have is empty.
//
//	kind     entity, mention, date or quote
//	type     of the entity, mention or date; a quote's kind
//	name     the entity's; of a quote, the speaker's
//	text     the surface: what start and end cut from the article's text
//	value    a date's TIMEX3 value, with its interval in from and to
//	entity   the entity's number within the article; of a quote, the speaker's
var csvColumns = []string{
	"article", "url", "source", "language", "published", "modified", "title",
	"kind", "type", "name", "text", "start", "end",
	"entity", "key", "acronym", "role", "affiliation", "mentions", "form",
	"value", "mod", "from", "to",
	"speaker", "cue", "rule", "score",
}

// quoteColumns are those of a table of quotes alone: the speaker's name, or the words that stand for
// one without a name; the date is the article's.
var quoteColumns = []string{
	"speaker", "role", "quote", "cue", "date", "article", "url",
	"affiliation", "kind", "score", "title", "source",
}

// csvForm writes a header and a row for each thing found (RFC 4180, lines ending in \n).
type csvForm struct {
	offsets Unit
	only    Kind
}

func (f csvForm) begin() string {
	columns := csvColumns
	if f.only == Quotes {
		columns = quoteColumns
	}
	s, _ := csvLines(columns) // a strings.Builder never fails
	return s
}

func (f csvForm) end(int) string { return "" }

func (f csvForm) record(in *pipeline.Record, _ int) (string, error) {
	if f.only == Quotes {
		return quoteRows(in)
	}
	rec, err := Convert(*in, f.offsets)
	if err != nil {
		return "", err
	}
	document := map[string]string{
		"article": rec.ID, "url": rec.URL, "source": rec.Source, "language": rec.Language,
		"published": timeString(rec.Published), "modified": timeString(rec.Modified), "title": rec.Title,
	}
	switch f.only { // nothing but these
	case Entities:
		rec.Mentions, rec.Dates, rec.Quotes = nil, nil, nil
	case Mentions:
		rec.Dates, rec.Quotes = nil, nil
	case Dates:
		rec.Mentions, rec.Quotes = nil, nil
	}
	var rows [][]string
	add := func(cells map[string]string) {
		row := make([]string, len(csvColumns))
		for i, c := range csvColumns {
			if v, ok := document[c]; ok {
				row[i] = v
			} else {
				row[i] = cells[c]
			}
		}
		rows = append(rows, row)
	}
	name := func(entity int) (name, key string) {
		if entity < 0 || entity >= len(rec.Entities) {
			return "", ""
		}
		return rec.Entities[entity].Name, rec.Entities[entity].Key
	}
	for _, e := range rec.Entities {
		if f.only == Mentions || f.only == Dates {
			break // they only name what is mentioned
		}
		add(map[string]string{
			"kind": "entity", "type": e.Type.String(), "name": e.Name, "entity": strconv.Itoa(e.ID), "key": e.Key,
			"acronym": e.Acronym, "role": e.Role, "affiliation": e.Affiliation, "mentions": strconv.Itoa(len(e.Mentions)),
		})
	}
	for _, m := range rec.Mentions {
		n, key := name(m.Entity)
		add(map[string]string{
			"kind": "mention", "type": m.Type.String(), "name": n, "text": m.Text, "start": strconv.Itoa(m.Start), "end": strconv.Itoa(m.End),
			"entity": strconv.Itoa(m.Entity), "key": key, "form": string(m.Form), "score": scoreString(m.Score),
		})
	}
	for _, d := range rec.Dates {
		add(map[string]string{
			"kind": "date", "type": string(d.Type), "text": d.Text, "start": strconv.Itoa(d.Start), "end": strconv.Itoa(d.End),
			"value": d.Value, "mod": d.Mod, "from": timeString(d.From), "to": timeString(d.To),
		})
	}
	for _, q := range rec.Quotes {
		cells := map[string]string{
			"kind": "quote", "type": string(q.Kind), "text": q.Text, "start": strconv.Itoa(q.Start), "end": strconv.Itoa(q.End),
			"rule": q.Rule, "score": scoreString(q.Score),
		}
		if s := q.Speaker; s != nil {
			if s.Entity != nil {
				cells["name"], cells["key"] = name(*s.Entity)
				cells["entity"] = strconv.Itoa(*s.Entity)
			}
			if s.Expression != nil {
				cells["speaker"] = s.Text
			}
		}
		if q.Cue != nil {
			cells["cue"] = q.Cue.Text
		}
		add(cells)
	}
	return csvLines(rows...)
}

// quoteRows are a record's rows in a table of quotes alone.
func quoteRows(rec *pipeline.Record) (string, error) {
	var rows [][]string
	for _, q := range rec.Quotes {
		cells := map[string]string{
			"quote": q.Text, "kind": string(q.Kind), "score": scoreString(q.Score),
			"date": timeString(rec.Published), "article": rec.ID, "url": rec.URL, "title": rec.Title, "source": rec.Source,
		}
		if s := q.Speaker; s != nil {
			if s.Expression != nil {
				cells["speaker"] = s.Text
			}
			if s.Entity != nil && *s.Entity >= 0 && *s.Entity < len(rec.Entities) {
				e := &rec.Entities[*s.Entity]
				cells["speaker"], cells["role"], cells["affiliation"] = e.Name, e.Role, e.Affiliation
			}
		}
		if q.Cue != nil {
			cells["cue"] = q.Cue.Text
		}
		row := make([]string, len(quoteColumns))
		for i, c := range quoteColumns {
			row[i] = cells[c]
		}
		rows = append(rows, row)
	}
	return csvLines(rows...)
}

// Cell is a value as a spreadsheet takes it for text: one that begins as a formula gets an apostrophe (OWASP,
// "CSV injection").
func Cell(v string) string {
	if v != "" && strings.IndexByte("=+-@\t\r", v[0]) >= 0 {
		return "'" + v
	}
	return v
}

func csvLines(rows ...[]string) (string, error) {
	var b strings.Builder
	w := csv.NewWriter(&b)
	for _, row := range rows {
		safe := make([]string, len(row))
		for i, v := range row {
			safe[i] = Cell(v)
		}
		if err := w.Write(safe); err != nil {
			return "", fmt.Errorf("encode CSV: %w", err)
		}
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return "", fmt.Errorf("encode CSV: %w", err)
	}
	return b.String(), nil
}

func timeString(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

func scoreString(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
