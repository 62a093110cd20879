package eval

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/datelinenews/dateline/extractor"
	"github.com/datelinenews/dateline/extractor/ner"
)

// Article is an annotated article. A slice that is nil was not annotated and is not scored; an
// empty one says that there is nothing to find. All offsets are Unicode code points into Text.
type Article struct {
	ID        string
	Title     string
	Text      string // title, blank line and body, where there is a title; else the body
	Published time.Time
	Mentions  []Mention
	Entities  []Entity
	Dates     []Date
	Quotes    []Quote
	// Variant groups articles of one file that are scored apart ("caps"); mostly empty.
	Variant string
}

// Span is a half-open range of code points.
type Span struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

// Mention is one name in the text.
type Mention struct {
	Span
	Type ner.Type `json:"type"`
	// Entity is the Entity.ID of what it names, empty where only names are annotated.
	Entity string `json:"entity"`
	// Optional marks a debatable name: finding it and missing it both count as nothing.
	Optional bool `json:"optional"`
}

// Entity is a thing of the real world.
type Entity struct {
	ID   string   `json:"id"`
	Type ner.Type `json:"type"`
	Name string   `json:"name"` // the fullest form in the article
}

// Date is one time expression with its TIMEX3 value.
type Date struct {
	Span
	Value string `json:"value"`
}

// Quote is one stretch of reported words.
type Quote struct {
	Span
	Kind string `json:"kind"` // direct, mixed or indirect
	// Speaker is the Entity.ID of the speaker; empty where it is none of the entities.
	Speaker string `json:"speaker"`
	// SpeakerSpans are the words that name the speaker, for sets that annotate no entities.
	SpeakerSpans [][2]int `json:"speaker_spans"`
}

// ErrNoGold is what reading gives for a file without a single article.
var ErrNoGold = errors.New("no gold articles")

// Read reads a gold file by its extension: .jsonl (an annotated article a line), .json (one
// article whose entities list their mentions) or .tsv (token and BIO columns).
func Read(path string) ([]Article, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read gold: %w", err)
	}
	defer f.Close()
	var out []Article
	switch ext := filepath.Ext(path); ext {
	case ".jsonl":
		out, err = ReadLines(f)
	case ".json":
		var a Article
		a, err = readAnnotation(f, strings.TrimSuffix(filepath.Base(path), ext))
		out = []Article{a}
	case ".tsv":
		var mapping map[string]string
		if mapping, err = readMapping(filepath.Join(filepath.Dir(path), "MAPPING.json")); err == nil {
			out, err = ReadColumns(f, strings.TrimSuffix(filepath.Base(path), ext), mapping)
		}
	default:
		err = fmt.Errorf("unknown form %q: want .jsonl, .json or .tsv", ext)
	}
	if err == nil && len(out) == 0 {
		err = ErrNoGold
	}
	if err != nil {
		return nil, fmt.Errorf("read gold %s: %w", path, err)
	}
	return out, nil
}

// line is an article as a gold line spells it.
type line struct {
	ID        id        `json:"id"`
	Title     string    `json:"title"`
	Text      string    `json:"text"`
	Published string    `json:"published"`
	Mentions  []Mention `json:"mentions"`
	Entities  []Entity  `json:"entities"`
	Dates     []Date    `json:"dates"`
	Quotes    []Quote   `json:"quotes"`
	Variant   string    `json:"variant"`
}

// id is a string, or a number as it is spelled.
type id string

func (i *id) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		s = string(b)
	}
	*i = id(s)
	return nil
}

// ReadLines reads JSON lines of articles.
func ReadLines(r io.Reader) ([]Article, error) {
	var out []Article
	br := bufio.NewReaderSize(r, 1<<20)
	for n := 1; ; n++ {
		b, err := br.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if len(bytes.TrimSpace(b)) > 0 {
			var l line
			if err := json.Unmarshal(b, &l); err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
			a, err := l.article()
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
			out = append(out, a)
		}
		if err != nil {
			return out, nil
		}
	}
}

// article checks that the line holds together: a wrong offset would make every score a lie.
func (l *line) article() (Article, error) {
	a := Article{
		ID: string(l.ID), Title: l.Title, Text: l.Text, Mentions: l.Mentions,
		Entities: l.Entities, Dates: l.Dates, Quotes: l.Quotes, Variant: l.Variant,
	}
	var err error
	if a.Published, err = parseTime(l.Published); err != nil {
		return a, fmt.Errorf("article %s: %w", a.ID, err)
	}
	return a, a.check()
}

func (a *Article) check() error {
	length := len([]rune(a.Text))
	var spans []Span
	for _, m := range a.Mentions {
		spans = append(spans, m.Span)
	}
	for _, d := range a.Dates {
		spans = append(spans, d.Span)
	}
	for _, q := range a.Quotes {
		spans = append(spans, q.Span)
	}
	for _, s := range spans {
		if s.Start < 0 || s.End <= s.Start || s.End > length {
			return fmt.Errorf("article %s: span %d to %d lies outside its text of %d code points", a.ID, s.Start, s.End, length)
		}
	}
	if a.Entities == nil {
		return nil
	}
	known := map[string]bool{}
	for _, e := range a.Entities {
		known[e.ID] = true
	}
	for _, m := range a.Mentions {
		if !known[m.Entity] {
			return fmt.Errorf("article %s: mention at %d names the unknown entity %q", a.ID, m.Start, m.Entity)
		}
	}
	for _, q := range a.Quotes {
		if q.Speaker != "" && !known[q.Speaker] {
			return fmt.Errorf("article %s: quote at %d has the unknown speaker %q", a.ID, q.Start, q.Speaker)
		}
	}
	return nil
}

// input is the article as the extractor is given it: its text is the gold's to the byte.
func (a *Article) input() *extractor.Article {
	in := &extractor.Article{ID: a.ID, Title: a.Title, Body: a.Text, Published: a.Published}
	if in.Text() != a.Text {
		in.Title = "" // annotated without its title
	}
	return in
}

// parseTime reads RFC 3339, a date-time without zone and a bare date; both of these are UTC. The
// empty string is the zero time.
func parseTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("published %q is no RFC 3339 time", s)
}

// annotation is one article with its mentions inside its entities, types in three letters.
type annotation struct {
	ID, Title, Text, Article string
	Published                string `json:"published"`
	ReferenceDate            string `json:"reference_date"`
	Entities                 []struct {
		ID, Type, Name string
		Optional       bool
		Mentions       []Span
	}
	Dates          []Date
	Quotes         []Quote
	IndirectQuotes []Quote `json:"indirect_quotes"`
}

func readAnnotation(f *os.File, name string) (Article, error) {
	var n annotation
	if err := json.NewDecoder(f).Decode(&n); err != nil {
		return Article{}, err
	}
	l := line{ID: id(n.ID), Text: n.Text, Published: n.Published, Mentions: []Mention{}, Entities: []Entity{}, Dates: n.Dates, Quotes: n.Quotes}
	if n.ID == "" {
		l.ID = id(name)
	}
	if n.Text == "" {
		b, err := os.ReadFile(filepath.Join(filepath.Dir(f.Name()), "..", n.Article))
		if err != nil {
			return Article{}, err
		}
		l.Text = string(b)
	}
	if n.Published == "" {
		l.Published = n.ReferenceDate
	}
	for _, e := range n.Entities {
		t, ok := columnTypes[e.Type]
		if !ok {
			return Article{}, fmt.Errorf("entity %s has the unknown type %q", e.ID, e.Type)
		}
		l.Entities = append(l.Entities, Entity{e.ID, t, e.Name})
		for _, m := range e.Mentions {
			l.Mentions = append(l.Mentions, Mention{m, t, e.ID, e.Optional})
		}
	}
	for _, q := range n.IndirectQuotes {
		q.Kind = "indirect"
		l.Quotes = append(l.Quotes, q)
	}
	return l.article()
}
