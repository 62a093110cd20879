// Package prosev3 is the stock name recogniser of github.com/jdkato/prose/v3 behind ner.Finder: a
// baseline that the evaluation prints beside our own, and an engine to choose.
package prosev3

import (
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/jdkato/prose/v3"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/text"
)

// Name is the engine's name.
const Name = "prose-v3"

// Finder finds names with prose's maximum-entropy model. It serves all goroutines.
type Finder struct{}

// New loads the model, which the process shares.
func New() (*Finder, error) {
	if _, err := prose.NewDocument("Load.", prose.WithSegmentation(false)); err != nil {
		return nil, fmt.Errorf("load prose v3: %w", err)
	}
	return &Finder{}, nil
}

// TypeOf is a label of prose's in our terms; false for labels that name nothing of ours. GSP is the
// ACE corpora's geo-social-political group: countries, and people called after them.
func TypeOf(label string) (ner.Type, bool) {
	switch label {
	case "PERSON":
		return ner.Person, true
	case "ORGANIZATION": // prose spells it so
		return ner.Organisation, true
	case "GPE", "LOCATION", "FACILITY", "GSP":
		return ner.Place, true
	}
	return 0, false
}

// score is the precision of the type on 325 annotated Wikinews articles: prose itself gives no
// probability.
func score(t ner.Type) float64 {
	switch t {
	case ner.Person:
		return 0.50
	case ner.Organisation:
		return 0.46
	}
	return 0.43
}

// Find implements ner.Finder. Prose cuts and tags the text by itself; its entities are widened to
// our tokens, and end where their sentence ends.
func (f *Finder) Find(doc *text.Doc) []ner.Mention {
	d, err := prose.NewDocument(Readable(doc.Text), prose.WithSegmentation(false))
	if err != nil {
		return nil // only a model that did not load fails, and New has loaded it
	}
	var out []ner.Mention
	last := 0
	for _, e := range d.Entities() {
		t, ok := TypeOf(e.Label)
		if !ok || e.Text == "" {
			continue
		}
		m, ok := Mention(doc, text.Span{Start: max(e.Start, last), End: e.End()}, t)
		if !ok {
			continue
		}
		m.Score = score(t)
		out = append(out, m)
		last = m.End
	}
	return out
}

// Mention is the name at the span, widened to whole tokens and cut at the sentence's end; false
// where the span holds no word.
func Mention(doc *text.Doc, span text.Span, t ner.Type) (ner.Mention, bool) {
	first, end := doc.TokensIn(span)
	for first < end && !word(doc.Tokens[first].Text) {
		first++
	}
	if first < end {
		end = min(end, doc.Sentences[doc.Tokens[first].Sentence].EndToken)
	}
	for end > first && !word(doc.Tokens[end-1].Text) {
		end--
	}
	if first >= end {
		return ner.Mention{}, false
	}
	m := ner.Mention{Span: text.Span{Start: doc.Tokens[first].Start, End: doc.Tokens[end-1].End}, Type: t, Form: ner.Name}
	m.Text = m.In(doc.Text)
	if acronym(m.Text) {
		m.Form = ner.Acronym
	}
	return m, true
}

// Readable is src with each stretch of over 256 bytes without white space blanked: prose peels
// punctuation off one mark at a time, in quadratic time, and no name is that long. Offsets stay.
func Readable(src string) string {
	const longest = 256
	var out []byte
	blank := func(start, end int) {
		if end-start <= longest {
			return
		}
		if out == nil {
			out = []byte(src)
		}
		for i := start; i < end; i++ {
			out[i] = ' '
		}
	}
	start := 0
	for i, r := range src {
		if unicode.IsSpace(r) {
			blank(start, i)
			start = i + utf8.RuneLen(r)
		}
	}
	blank(start, len(src))
	if out == nil {
		return src
	}
	return string(out)
}

func word(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLetter(r) || unicode.IsNumber(r)
}

// acronym reports whether s is an initialism: two to six capitals, stops between them or not.
func acronym(s string) bool {
	n := 0
	for _, r := range s {
		switch {
		case unicode.IsUpper(r):
			n++
		case r != '.' && r != '&':
			return false
		}
	}
	return 2 <= n && n <= 6
}
