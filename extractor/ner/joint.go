package ner

import (
	"fmt"

	"github.com/datelinenews/dateline/extractor/ner/internal/conv"
	"github.com/datelinenews/dateline/extractor/ner/internal/feature"
	"github.com/datelinenews/dateline/extractor/ner/internal/linear"
	"github.com/datelinenews/dateline/extractor/text"
)

// linearShare is how much the scores of the linear model count beside the network's: chosen on the
// development sets.
const linearShare = 0.5

// joint is the tagger of two that make different mistakes: a network, and a linear model, whose
// weights know more words and whose features see more of the article.
type joint struct {
	conv *conv.Model
	crf  *crf
}

// Scores implements tagger. The uses of a word need not agree here: the network has seen them all.
func (j *joint) Scores(doc *text.Doc, f *feature.Doc, out []linear.Scores) {
	j.conv.Scores(doc, f, out)
	s := j.crf.pool.Get().(*crfScratch)
	j.crf.add(doc, f, s, linearShare, out)
	j.crf.pool.Put(s)
}

// LoadJoint makes a model of the files of a convolutional model, as LoadConv does, and of a linear
// model's weights, whose scores count half. It keeps all four slices.
func LoadJoint(name string, tables, vectors, model, weights []byte) (*Model, error) {
	c, err := conv.Load(model, vectors)
	if err != nil {
		return nil, fmt.Errorf("load model %s: %w", name, err)
	}
	w, err := linear.Load(weights)
	if err != nil {
		return nil, fmt.Errorf("load model %s: %w", name, err)
	}
	sum := c.Transitions
	for a := range sum {
		for b := range sum[a] {
			if linear.Follows(a, b) {
				sum[a][b] += float32(linearShare * w.Transitions[a][b])
			}
		}
	}
	t := &joint{c, newCRF(w, w.Transitions.Exp())}
	return newModel(name, t, &sum, sum.Exp(), c.Calibrated, tables, vectors, model, weights)
}
