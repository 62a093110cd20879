package quote

import (
	"strings"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/text"
)

// kindOf is what an item of a skeleton is.
type kindOf uint8

const (
	word kindOf = iota
	name
	quoted
)

// item is a step of a skeleton: a word, a whole name or a whole quotation with its marks.
type item struct {
	kind       kindOf
	first, end int // half-open range of tokens
	ref        int // name: index of the mention; quoted: index of the stretch
	low        string
	tag        string
	pronoun    int // index of the mention of a resolved pronoun, -1
}

// unit is a stretch of whole sentences that no quotation crosses the ends of, as a skeleton.
type unit struct {
	f          *finder
	index      int // among the document's units
	items      []item
	first, end int // half-open range of tokens
	paragraph  int
	quotes     []int // indices of its quoted stretches
	inTitle    bool
	known      []frame // found so far, in text order
	words      int     // outside quotations; -1 until counted
	steps      int     // taken by the search for a subject that is under way
}

// skeletons cuts the document into units.
func (f *finder) skeletons() []unit {
	doc, stretches := f.doc, f.stretches
	names, pronouns := tokenRanges(doc, f.mentions)
	var units []unit
	items := make([]item, 0, len(doc.Tokens))
	q, n, p := 0, 0, 0
	for s := 0; s < len(doc.Sentences); {
		u := unit{f: f, index: len(units), words: -1, first: doc.Sentences[s].FirstToken, paragraph: doc.Sentences[s].Paragraph}
		u.inTitle = doc.InTitle(doc.Sentences[s].Start)
		start := len(items)
		end := doc.Sentences[s].EndToken
		s++
		for i := u.first; i < end; {
			if q < len(stretches) && stretches[q].first <= i {
				last := stretches[q].EndToken
				if stretches[q].Close.Len() > 0 {
					last++
				}
				items = append(items, item{kind: quoted, first: i, end: last, ref: q, pronoun: -1})
				u.quotes = append(u.quotes, q)
				q++
				i = last
				for s < len(doc.Sentences) && end < last {
					end = doc.Sentences[s].EndToken
					s++
				}
				continue
			}
			for n < len(names) && names[n].first < i {
				n++
			}
			if n < len(names) && names[n].first == i && (q >= len(stretches) || names[n].end <= stretches[q].first) {
				items = append(items, item{kind: name, first: i, end: names[n].end, ref: names[n].mention, tag: "NNP", pronoun: -1})
				i = names[n].end
				n++
				for s < len(doc.Sentences) && end < i {
					end = doc.Sentences[s].EndToken
					s++
				}
				continue
			}
			t := &doc.Tokens[i]
			it := item{kind: word, first: i, end: i + 1, low: lower(t.Text), tag: t.Tag, pronoun: -1}
			for p < len(pronouns) && pronouns[p].first < i {
				p++
			}
			if p < len(pronouns) && pronouns[p].first == i {
				it.pronoun = pronouns[p].mention
			}
			items = append(items, it)
			i++
		}
		u.end = end
		u.items = items[start:len(items):len(items)]
		units = append(units, u)
	}
	return units
}

// tokenRange is a mention's tokens.
type tokenRange struct{ first, end, mention int }

func tokenRanges(doc *text.Doc, mentions []ner.Mention) (names, pronouns []tokenRange) {
	t := 0
	for i := range mentions {
		m := &mentions[i]
		for t < len(doc.Tokens) && doc.Tokens[t].End <= m.Start {
			t++
		}
		end := t
		for end < len(doc.Tokens) && doc.Tokens[end].Start < m.End {
			end++
		}
		if end == t {
			continue
		}
		r := tokenRange{t, end, i}
		switch m.Form {
		case ner.Pronoun:
			pronouns = append(pronouns, r)
		case ner.Nominal:
		default:
			names = append(names, r)
		}
	}
	return names, pronouns
}

// lower is strings.ToLower, which allocates only where there is something to change.
func lower(s string) string { return strings.ToLower(s) }
