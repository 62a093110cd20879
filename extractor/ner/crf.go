package ner

import (
	"sync"

	"github.com/datelinenews/dateline/extractor/ner/internal/feature"
	"github.com/datelinenews/dateline/extractor/ner/internal/linear"
	"github.com/datelinenews/dateline/extractor/text"
)

// crf is the tagger of the linear models: it adds up the weights of each token's features, then lets
// the uses of a word agree.
type crf struct {
	weights *linear.Weights
	exp     *linear.Factors
	pool    sync.Pool
}

func newCRF(w *linear.Weights, exp *linear.Factors) *crf {
	return &crf{weights: w, exp: exp, pool: sync.Pool{New: func() any { return &crfScratch{} }}}
}

// crfScratch is the memory that one article needs.
type crfScratch struct {
	features []uint64
	// vectors[w*feature.Offsets+o] is what word w adds to the scores of a token; it is set where
	// ready is.
	vectors []linear.Scores
	ready   []bool
	shares  []shares
	sums    []shares
	decoder linear.Decoder
}

// Scores implements tagger.
func (c *crf) Scores(doc *text.Doc, f *feature.Doc, out []linear.Scores) {
	s := c.pool.Get().(*crfScratch)
	clear(out)
	c.add(doc, f, s, out)
	c.agree(doc, f, s, out)
	c.pool.Put(s)
}

// add adds the weights of each token's features to its scores.
func (c *crf) add(doc *text.Doc, f *feature.Doc, s *crfScratch, out []linear.Scores) {
	n := f.Words() * feature.Offsets
	if len(s.vectors) < n {
		s.vectors, s.ready = make([]linear.Scores, n+n/2), make([]bool, n+n/2)
	}
	clear(s.ready[:n])
	for i := range doc.Sentences {
		sent := &doc.Sentences[i]
		for k := sent.FirstToken; k < sent.EndToken; k++ {
			sum := c.score(sent, i, k, f, s)
			for j, x := range sum {
				out[k][j] += x
			}
		}
	}
}

// score adds up the weights of the features of token i.
func (c *crf) score(sent *text.Sentence, at, i int, f *feature.Doc, s *crfScratch) (sum linear.Scores) {
	for o := -feature.Reach; o <= feature.Reach; o++ {
		w := f.Neighbour(sent, i, o)
		k := w*feature.Offsets + o + feature.Reach
		v := &s.vectors[k]
		if !s.ready[k] {
			s.features = f.AppendWord(s.features[:0], w, o)
			*v = linear.Scores{}
			c.weights.AddAll(v, s.features)
			s.ready[k] = true
		}
		for j := range sum {
			sum[j] += v[j]
		}
	}
	s.features = f.AppendToken(s.features[:0], at, i)
	c.weights.AddAll(&sum, s.features)
	return sum
}
