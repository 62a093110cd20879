package ner

import (
	"math"

	"github.com/datelinenews/dateline/extractor/ner/internal/feature"
	"github.com/datelinenews/dateline/extractor/ner/internal/linear"
	"github.com/datelinenews/dateline/extractor/text"
)

// shares are the probabilities of a token to stand outside of names, or in one of each type.
type shares [1 + linear.Types]float32

// share is the place in shares of each tag.
func share(tag int) int {
	if tag == linear.Outside {
		return 0
	}
	return 1 + (tag-1)/4
}

// How much the other uses of a word say, and the least that any of them can say; chosen on the
// development sets.
const (
	agreement = 0.3
	doubt     = 0.02
)

// agree lets the uses of a word in one article speak to each other: what the other uses are taken
// for, each by its own sentence, adds to the scores of a use. It is a second pass over the article
// in the spirit of Krishnan and Manning (2006), "An effective two-stage model for exploiting
// non-local dependencies in named entity recognition", without a second model.
func (c *crf) agree(doc *text.Doc, f *feature.Doc, s *crfScratch, scores []linear.Scores) {
	if n := f.Lexemes(); cap(s.sums) < n {
		s.sums = make([]shares, n+n/2)
	}
	if n := len(doc.Tokens); cap(s.shares) < n {
		s.shares = make([]shares, n+n/4)
	}
	sums, own := s.sums[:f.Lexemes()], s.shares[:len(doc.Tokens)]
	clear(sums)
	for i := range doc.Sentences {
		sent := &doc.Sentences[i]
		ready := false
		for k := sent.FirstToken; k < sent.EndToken; k++ {
			id, uses, counted := f.Lexeme(k)
			if id < 0 || uses == 0 || !counted {
				continue
			}
			if !ready {
				s.decoder.Forward(c.exp, scores[sent.FirstToken:sent.EndToken])
				ready = true
			}
			own[k] = shares{}
			for b := range linear.Labels {
				own[k][share(b)] += float32(s.decoder.Marginal(k-sent.FirstToken, b))
			}
			for j, p := range own[k] {
				sums[id][j] += p
			}
		}
	}
	for k := range doc.Tokens {
		id, uses, counted := f.Lexeme(k)
		if id < 0 || uses == 0 || counted && uses == 1 {
			continue
		}
		others := sums[id]
		if counted {
			for j, p := range own[k] {
				others[j] -= p
			}
			uses--
		}
		for j, p := range others {
			others[j] = agreement * float32(math.Log(float64(max(p, 0)/float32(uses)+doubt)))
		}
		for b := range linear.Labels {
			scores[k][b] += others[share(b)]
		}
	}
}
