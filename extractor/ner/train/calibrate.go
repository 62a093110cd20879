package train

import (
	"fmt"
	"sort"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/ner/internal/conv"
	"github.com/datelinenews/dateline/extractor/ner/internal/linear"
)

// Files are what a model is made of.
type Files struct {
	Words, Vectors []byte
	// Model is the file of a linear or of a convolutional model.
	Model []byte
	// Partner, where not nil, is the linear model that decides together with a convolutional one.
	Partner []byte
}

// Load makes the model.
func (f *Files) Load(name string) (*ner.Model, error) {
	switch {
	case !conv.IsModel(f.Model):
		return ner.Load(name, f.Words, f.Model)
	case f.Partner != nil:
		return ner.LoadJoint(name, f.Words, f.Vectors, f.Model, f.Partner)
	}
	return ner.LoadConv(name, f.Words, f.Vectors, f.Model)
}

// Calibrate gives the file of a model scores that mean something: it maps the marginal probability
// of a name to the share that is right on the sets, by isotonic regression, pooling adjacent
// violators (Zadrozny and Elkan 2002). Where that would let less than 95 % be right of the names
// over 0.9 on any one of the sets, scores are held at 0.9.
func Calibrate(f Files, sets []*Check) ([]byte, error) {
	change := linear.Recalibrate
	if conv.IsModel(f.Model) {
		change = conv.Recalibrate
	}
	bare, err := change(f.Model, nil)
	if err != nil {
		return nil, fmt.Errorf("calibrate: %w", err)
	}
	f.Model = bare
	m, err := f.Load("uncalibrated")
	if err != nil {
		return nil, fmt.Errorf("calibrate: %w", err)
	}
	var all []outcome
	sure := 0.0
	for _, c := range sets {
		o := c.outcomes(m)
		sortOutcomes(o)
		sure = max(sure, sureFrom(o))
		all = append(all, o...)
	}
	sortOutcomes(all)
	out, err := change(bare, points(all, sure))
	if err != nil {
		return nil, fmt.Errorf("calibrate: %w", err)
	}
	return out, nil
}

// outcome is a name that was found: its score, and whether it is right.
type outcome struct {
	p     float64
	right bool
}

func (c *Check) outcomes(f ner.Finder) []outcome {
	var out []outcome
	for i := range c.Texts {
		compare(&c.Texts[i], f.Find(c.Docs[i]), func(_ ner.Type, found, gold bool, score float64) {
			if found {
				out = append(out, outcome{score, gold})
			}
		})
	}
	return out
}

// sortOutcomes sorts by score; of equal scores the wrong come first, so that the order of finding
// decides nothing.
func sortOutcomes(o []outcome) {
	sort.Slice(o, func(i, j int) bool {
		if o[i].p != o[j].p {
			return o[i].p < o[j].p
		}
		return !o[i].right && o[j].right
	})
}

// sureFrom is the least score from which on 95.5 % are right: half a point more than is promised,
// for other text is not this text.
func sureFrom(sorted []outcome) float64 {
	const want = 0.955
	right, least := 0, 1.0
	for i := len(sorted) - 1; i >= 0; i-- {
		if sorted[i].right {
			right++
		}
		if i > 0 && sorted[i-1].p == sorted[i].p {
			continue
		}
		if float64(right) >= want*float64(len(sorted)-i) {
			least = sorted[i].p
		}
	}
	return least
}

// points are pairs of probability and share that is right, both ascending; under sure the share is
// at most 0.9.
func points(all []outcome, sure float64) [][2]float32 {
	if len(all) == 0 {
		return nil
	}
	type block struct{ p, right, n float64 }
	var blocks []block
	// Equal counts first: a point that rests on few names would be noise.
	size := max(len(all)/40, 50)
	for start := 0; start < len(all); start += size {
		end := min(start+size, len(all))
		if len(all)-end < size {
			end = len(all)
		}
		var b block
		for _, o := range all[start:end] {
			b.p += o.p
			b.n++
			if o.right {
				b.right++
			}
		}
		for len(blocks) > 0 {
			if last := blocks[len(blocks)-1]; last.right/last.n >= b.right/b.n {
				b = block{b.p + last.p, b.right + last.right, b.n + last.n}
				blocks = blocks[:len(blocks)-1]
				continue
			}
			break
		}
		blocks = append(blocks, b)
		if end == len(all) {
			break
		}
	}
	out := [][2]float32{{0, 0}}
	add := func(p, share float64) { out = append(out, [2]float32{float32(p), float32(share)}) }
	for i, b := range blocks {
		p, share := b.p/b.n, b.right/b.n
		switch {
		case p < sure:
			add(p, min(share, 0.9))
		case i == 0 || blocks[i-1].p/blocks[i-1].n < sure:
			// The step lies at sure itself: there are no points between.
			add(sure-1e-6, min(share, 0.9))
			add(sure, max(share, 0.901))
			add(p, max(share, 0.901))
		default:
			add(p, max(share, 0.901))
		}
	}
	return out
}

// Confidence counts how many names score over 0.9, and how many of them are right.
func (c *Check) Confidence(f ner.Finder) (over, right int) {
	for _, o := range c.outcomes(f) {
		if o.p > 0.9 {
			over++
			if o.right {
				right++
			}
		}
	}
	return over, right
}
