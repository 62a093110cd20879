package quote

import (
	"github.com/datelinenews/dateline/extractor/coref"
	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/text"
)

// stretch is a stretch of text in quotation marks, or a paragraph of somebody's turn in a transcript,
// which is direct speech without marks.
type stretch struct {
	text.Quoted
	first int         // its first token, which is its mark where it has one
	turn  *coref.Turn // nil in marks
}

// transcriptScore is how likely the label is the speaker of a turn: of PolNeAR's 96 paragraphs in
// transcripts in all but one, but they come from seven articles only.
const transcriptScore = 0.97

// withTurns puts the turns of transcripts among the stretches in marks; those inside turns go.
func withTurns(doc *text.Doc, mentions []ner.Mention, entities []coref.Entity) []stretch {
	marked := doc.Quoted()
	turns := coref.Turns(doc, marked, mentions, entities)
	out := make([]stretch, 0, len(marked)+len(turns))
	t := 0
	take := func() {
		first := turns[t].FirstToken
		if turns[t].Open.Len() > 0 {
			first--
		}
		out = append(out, stretch{Quoted: turns[t].Quoted, first: first, turn: &turns[t]})
		t++
	}
	for i := range marked {
		m := &marked[i]
		for t < len(turns) && turns[t].EndToken < m.FirstToken {
			take()
		}
		if t < len(turns) && turns[t].Start < m.Close.End && m.Open.Start < turns[t].Close.End {
			continue
		}
		if n := len(out); n > 0 && out[n-1].turn != nil && m.Open.Start < out[n-1].Close.End {
			continue
		}
		out = append(out, stretch{Quoted: *m, first: m.FirstToken - 1})
	}
	for t < len(turns) {
		take()
	}
	return out
}

// spokenTurn is the quote of a turn's paragraph.
func (f *finder) spokenTurn(s *stretch) *Quote {
	out := &Quote{Span: s.Span, Text: s.In(f.doc.Text), Kind: Direct, Rule: "transcript", Score: transcriptScore}
	out.Speaker = &Speaker{Expression: &Expression{Span: s.turn.Label, Text: s.turn.Label.In(f.doc.Text)}}
	if e := s.turn.Entity; e >= 0 {
		out.Speaker.Entity = &e
	}
	return out
}
