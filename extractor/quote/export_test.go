package quote

import (
	"github.com/datelinenews/dateline/extractor/coref"
	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/text"
)

// Candidate is a stretch in marks and its features, for training.
type Candidate struct {
	text.Span
	Features []string
}

// Candidates gives every stretch in marks.
func Candidates(doc *text.Doc, mentions []ner.Mention, entities []coref.Entity) []Candidate {
	f := newFinder(doc, mentions, entities)
	var out []Candidate
	for n := range f.units {
		u := &f.units[n]
		for k := range u.items {
			if u.items[k].kind == quoted {
				fr, rule := f.link(n, k)
				out = append(out, Candidate{f.stretches[u.items[k].ref].Span, f.features(u, k, fr, rule)})
			}
		}
	}
	return out
}

// Naming is how a quote's speaker is named, as scores.tsv has it.
func Naming(mentions []ner.Mention, entities []coref.Entity, s *Speaker) string {
	f := &finder{mentions: mentions, entities: entities}
	return f.naming(s)
}
