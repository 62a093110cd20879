package ner

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"github.com/datelinenews/dateline/extractor/text"
)

// Entry is a name that the user knows better than the model.
type Entry struct {
	Name    string
	Type    Type
	Aliases []string
	// ID is the user's own identifier, "" where none is given.
	ID string
}

// Dictionary is a user's list of names, and of strings that are never names. It is immutable.
//
// Its file is UTF-8 text, an entry a line, columns separated by tabs:
//
//	name    type    aliases    id
//
// type is person, organisation or place, or stop for a string never to extract. Aliases are
// separated by "|". Aliases and id may be left out. Empty lines and lines that open with # say
// nothing.
//
// Matching is by whole words and respects case, but what is written in capitals only matches as
// well, as in headlines. Of entries that match at one place the longest wins.
type Dictionary struct {
	entries []Entry
	// byFirst holds surfaces by their first token, longest first.
	byFirst map[string][]surface
	// byName finds an entry by type and surface.
	byName map[typed]int
	stop   map[string]bool
}

// typed is a surface and its type.
type typed struct {
	Type
	surface string
}

// surface is one way to write an entry, token by token.
type surface struct {
	tokens []string
	entry  int
}

// ReadDictionary reads a dictionary's file. Its errors name the line.
func ReadDictionary(r io.Reader) (*Dictionary, error) {
	parser, err := text.NewParser()
	if err != nil {
		return nil, fmt.Errorf("read dictionary: %w", err)
	}
	d := &Dictionary{byFirst: map[string][]surface{}, byName: map[typed]int{}, stop: map[string]bool{}}
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	for n := 1; s.Scan(); n++ {
		line := strings.TrimSuffix(s.Text(), "\r")
		if n == 1 {
			line = strings.TrimPrefix(line, "\ufeff")
		}
		if t := strings.TrimSpace(line); t == "" || t[0] == '#' {
			continue
		}
		if err := d.add(parser, line); err != nil {
			return nil, fmt.Errorf("read dictionary: line %d: %w", n, err)
		}
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("read dictionary: %w", err)
	}
	return d, nil
}

func (d *Dictionary) add(parser *text.Parser, line string) error {
	columns := strings.Split(line, "\t")
	for i := range columns {
		columns[i] = strings.TrimSpace(columns[i])
	}
	if len(columns) < 2 || len(columns) > 4 {
		return fmt.Errorf("%d columns: want name, type, and perhaps aliases and id, separated by tabs", len(columns))
	}
	columns = append(columns, "", "")
	e := Entry{Name: columns[0], ID: columns[3]}
	if e.Name == "" {
		return fmt.Errorf("no name")
	}
	for a := range strings.SplitSeq(columns[2], "|") {
		if a = strings.TrimSpace(a); a != "" {
			e.Aliases = append(e.Aliases, a)
		}
	}
	kind := strings.ToLower(columns[1])
	if kind == "stop" {
		for _, s := range append([]string{e.Name}, e.Aliases...) {
			d.stop[key(parser, s)] = true
		}
		return nil
	}
	if kind == "organization" { // the American spelling is understood
		kind = Organisation.String()
	}
	if err := e.Type.UnmarshalText([]byte(kind)); err != nil {
		return fmt.Errorf("type %q: want person, organisation, place or stop", columns[1])
	}
	d.entries = append(d.entries, e)
	for _, s := range append([]string{e.Name}, e.Aliases...) {
		d.file(tokensOf(parser, s), len(d.entries)-1)
		if k := (typed{e.Type, plain(s)}); !d.has(k) {
			d.byName[k] = len(d.entries) - 1
		}
		if upper := strings.ToUpper(s); upper != s {
			d.file(tokensOf(parser, upper), len(d.entries)-1)
		}
	}
	return nil
}

func (d *Dictionary) has(k typed) bool {
	_, ok := d.byName[k]
	return ok
}

// file puts a surface before those that are shorter; an earlier entry wins over a later.
func (d *Dictionary) file(tokens []string, entry int) {
	if len(tokens) == 0 {
		return
	}
	list := d.byFirst[tokens[0]]
	at := len(list)
	for at > 0 && len(list[at-1].tokens) < len(tokens) {
		at--
	}
	list = append(list, surface{})
	copy(list[at+1:], list[at:])
	list[at] = surface{tokens, entry}
	d.byFirst[tokens[0]] = list
}

func tokensOf(parser *text.Parser, s string) []string {
	var out []string
	for _, t := range parser.Parse(s, 0).Tokens {
		out = append(out, plain(t.Text))
	}
	return out
}

// plain writes curly apostrophes straight, so that both match both.
func plain(s string) string { return strings.ReplaceAll(s, "’", "'") }

func key(parser *text.Parser, s string) string { return strings.Join(tokensOf(parser, s), " ") }

// Len is the number of entries.
func (d *Dictionary) Len() int { return len(d.entries) }

// Entry gives the entry of this type that has the surface as its name or an alias.
func (d *Dictionary) Entry(t Type, surface string) (Entry, bool) {
	i, ok := d.byName[typed{t, plain(surface)}]
	if !ok {
		return Entry{}, false
	}
	return d.entries[i], true
}

// match is the longest entry that starts at token i, and the token after it.
func (d *Dictionary) match(doc *text.Doc, i int) (entry, end int, ok bool) {
next:
	for _, s := range d.byFirst[plain(doc.Tokens[i].Text)] {
		if i+len(s.tokens) > len(doc.Tokens) {
			continue
		}
		paragraph := doc.Sentences[doc.Tokens[i].Sentence].Paragraph
		for k, want := range s.tokens {
			t := &doc.Tokens[i+k]
			if plain(t.Text) != want || doc.Sentences[t.Sentence].Paragraph != paragraph {
				continue next
			}
		}
		return s.entry, i + len(s.tokens), true
	}
	return 0, 0, false
}

// stops reports whether the mention is a string never to extract.
func (d *Dictionary) stops(doc *text.Doc, m *Mention) bool {
	if len(d.stop) == 0 {
		return false
	}
	first, end := doc.TokensIn(m.Span)
	words := make([]string, 0, end-first)
	for _, t := range doc.Tokens[first:end] {
		words = append(words, plain(t.Text))
	}
	return d.stop[strings.Join(words, " ")]
}

// Apply puts the dictionary above what a model found: strings of the stop list go, entries come in
// with score 1 and take the place of what they overlap. Only inside a longer name of the model an
// entry says nothing: "Obama" does not break up "Obama Foundation".
func (d *Dictionary) Apply(doc *text.Doc, found []Mention) []Mention {
	kept := make([]Mention, 0, len(found))
	for _, m := range found {
		if !d.stops(doc, &m) {
			kept = append(kept, m)
		}
	}
	if len(d.entries) == 0 {
		return kept
	}
	var out []Mention
	next := 0 // of kept
	for i := 0; i < len(doc.Tokens); {
		entry, end, ok := d.match(doc, i)
		if !ok {
			i++
			continue
		}
		span := text.Span{Start: doc.Tokens[i].Start, End: doc.Tokens[end-1].End}
		for next < len(kept) && kept[next].End <= span.Start {
			out = append(out, kept[next])
			next++
		}
		if next < len(kept) && kept[next].Contains(span) && kept[next].Len() > span.Len() {
			i = end
			continue
		}
		m := Mention{Span: span, Text: span.In(doc.Text), Type: d.entries[entry].Type, Form: form(doc.Tokens[i:end]), Score: 1}
		i = end
		if d.stops(doc, &m) {
			continue
		}
		for next < len(kept) && kept[next].Start < span.End {
			next++
		}
		out = append(out, m)
	}
	return append(out, kept[next:]...)
}

// Override is a Finder with a dictionary above it. The dictionary can be exchanged while other
// goroutines find names.
type Override struct {
	finder Finder
	dict   atomic.Pointer[Dictionary]
}

// NewOverride puts d, which may be nil, above f.
func NewOverride(f Finder, d *Dictionary) *Override {
	o := &Override{finder: f}
	o.dict.Store(d)
	return o
}

// Set exchanges the dictionary; nil takes it away. Articles in work keep the one they have.
func (o *Override) Set(d *Dictionary) { o.dict.Store(d) }

// Find implements Finder.
func (o *Override) Find(doc *text.Doc) []Mention {
	found := o.finder.Find(doc)
	if d := o.dict.Load(); d != nil {
		return d.Apply(doc, found)
	}
	return found
}

var _ Finder = (*Override)(nil)
