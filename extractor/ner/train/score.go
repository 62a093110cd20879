package train

import (
	"fmt"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/text"
)

// Score counts names: span and type both right, as ../../../shared/score/score.py counts them.
type Score struct{ Right, Found, Gold int }

// F1 is the balanced F-measure in percent.
func (s Score) F1() float64 {
	if s.Right == 0 {
		return 0
	}
	return 200 * float64(s.Right) / float64(s.Found+s.Gold)
}

// Scores are the counts of each type; index 0 is all types.
type Scores [4]Score

func (s Scores) String() string {
	all := s[0]
	p, r := 100*float64(all.Right)/float64(max(all.Found, 1)), 100*float64(all.Right)/float64(max(all.Gold, 1))
	return fmt.Sprintf("F1 %.2f (P %.1f R %.1f; PER %.1f ORG %.1f LOC %.1f)", all.F1(), p, r, s[1].F1(), s[2].F1(), s[3].F1())
}

// Evaluate scores a recogniser on annotated texts.
func Evaluate(find func(*text.Doc) []ner.Mention, texts []Text, docs []*text.Doc) Scores {
	var s Scores
	for i := range texts {
		compare(&texts[i], find(docs[i]), func(t ner.Type, found, gold bool, _ float64) {
			for _, k := range [...]int{0, int(t)} {
				if found {
					s[k].Found++
				}
				if gold {
					s[k].Gold++
				}
				if found && gold {
					s[k].Right++
				}
			}
		})
	}
	return s
}

// compare calls each with every name found or annotated, once.
func compare(t *Text, found []ner.Mention, each func(t ner.Type, found, gold bool, score float64)) {
	type key struct {
		text.Span
		typ ner.Type
	}
	gold := map[key]bool{}
	var optional []text.Span
	for _, n := range t.Names {
		if n.Optional {
			optional = append(optional, n.Span)
			continue
		}
		gold[key{n.Span, n.Type}] = true
	}
	right := map[key]bool{}
next:
	for _, m := range found {
		for _, o := range optional {
			if o.Overlaps(m.Span) {
				continue next
			}
		}
		k := key{trimSpan(t.Text, m.Span), m.Type}
		if right[k] {
			continue
		}
		right[k] = true
		each(m.Type, true, gold[k], m.Score)
	}
	for k := range gold {
		if !right[k] {
			each(k.typ, false, true, 0)
		}
	}
}
