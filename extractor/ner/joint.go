package ner

import (
	"fmt"

	"github.com/datelinenews/dateline/extractor/ner/internal/conv"
	"github.com/datelinenews/dateline/extractor/ner/internal/feature"
	"github.com/datelinenews/dateline/extractor/ner/internal/linear"
	"github.com/datelinenews/dateline/extractor/text"
)

// joint is the tagger of two that make different mistakes: a network, and a linear model, whose
// weights know more words. A score is the mean of theirs: on the development sets a smaller share of
// the linear model's is worse, and the sum instead of the mean would make every choice look sure.
type joint struct {
	conv *conv.Model
	crf  *crf
}

// Scores implements tagger. The uses of a word need not agree here: the network has seen them all.
func (j *joint) Scores(doc *text.Doc, f *feature.Doc, out []linear.Scores) {
	j.conv.Scores(doc, f, out)
	s := j.crf.pool.Get().(*crfScratch)
	j.crf.add(doc, f, s, out)
	j.crf.pool.Put(s)
	for i := range out {
		for k := range out[i] {
			out[i][k] *= 0.5
		}
	}
}

// LoadJoint makes a model of the files of a convolutional model, as LoadConv does, and of a linear
// model's weights. It keeps all four slices.
func LoadJoint(name string, tables, vectors, model, weights []byte) (*Model, error) {
	model, err := Unpack(model)
	if err == nil {
		weights, err = Unpack(weights)
	}
	if err != nil {
		return nil, fmt.Errorf("load model %s: %w", name, err)
	}
	c, err := conv.Load(model, vectors)
	if err != nil {
		return nil, fmt.Errorf("load model %s: %w", name, err)
	}
	w, err := linear.Load(weights)
	if err != nil {
		return nil, fmt.Errorf("load model %s: %w", name, err)
	}
	mean := c.Transitions
	for a := range mean {
		for b := range mean[a] {
			if linear.Follows(a, b) {
				mean[a][b] = (mean[a][b] + w.Transitions[a][b]) * 0.5
			}
		}
	}
	t := &joint{c, newCRF(w, w.Transitions.Exp())}
	return newModel(name, t, &mean, mean.Exp(), c.Calibration(), tables, vectors, model, weights)
}
