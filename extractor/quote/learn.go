package quote

import (
	"github.com/datelinenews/dateline/extractor/coref"
	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/text"
)

// Decision is what the rules propose for one stretch of text, and what a model has to decide. Only
// training asks for it.
type Decision struct {
	// Quote is the stretch with the speaker that the rules choose.
	Quote Quote
	// Marks are the quotation marks that open and close the stretch; empty for reported clauses.
	Marks string
	// Features describe the stretch: is it a quotation, or reported speech, at all?
	Features []string
	// Speakers are those who may have said it, the last of them nobody. Reported clauses have none.
	Speakers []Option
}

// Option is a speaker to choose.
type Option struct {
	Speaker  *Speaker // nil: nobody
	Features []string
}

// Decisions lists what the rules propose in a document. Earlier quotations have the speakers that
// the rules choose; what is a quotation is decided by the weights marks, and without them every
// stretch in marks is one.
func Decisions(marks map[string]float64, doc *text.Doc, mentions []ner.Mention, entities []coref.Entity) []Decision {
	f := newFinder(&Model{marks: marks}, doc, mentions, entities)
	f.learning = true
	var out []Decision
	for n := range f.units {
		u := &f.units[n]
		for k := range u.items {
			if u.items[k].kind != quoted {
				continue
			}
			if s := &f.stretches[u.items[k].ref]; s.turn != nil {
				f.found[u.items[k].ref] = f.spokenTurn(s)
				continue
			}
			fr, rule := f.link(n, k)
			features := f.features(u, k, fr, rule)
			d := Decision{Quote: *f.proposed(n, k, fr, rule), Features: features}
			s := &f.stretches[u.items[k].ref]
			d.Marks = s.Open.In(doc.Text) + s.Close.In(doc.Text)
			if len(marks) == 0 || f.model.marks.probability(features) >= leastMarked {
				f.found[u.items[k].ref] = f.spoken(n, k, fr, rule, 1)
			}
			for _, c := range f.candidates(n, k, f.proposed(n, k, fr, rule), fr) {
				d.Speakers = append(d.Speakers, Option{c.speaker, c.features})
			}
			out = append(out, d)
		}
	}
	for n := range f.units {
		u := &f.units[n]
		if u.inTitle {
			continue
		}
		for _, c := range f.clausesOf(n) {
			s := u.speaker(c.frame)
			if s == nil {
				continue
			}
			span := u.spanOf(c.first, c.end)
			q := Quote{Span: span, Text: span.In(doc.Text), Kind: Indirect, Speaker: s}
			out = append(out, Decision{Quote: q, Features: f.clauseFeatures(u, &c, s)})
		}
	}
	return out
}
