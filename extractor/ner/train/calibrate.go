package train

import (
	"sort"

	"github.com/datelinenews/dateline/extractor/ner"
)

// calibrate maps the marginal probability of a name, as an uncalibrated model gives it, to the
// share that is right on the texts: isotonic regression by pooling adjacent violators (Zadrozny
// and Elkan 2002), at most a few dozen points, ascending.
func calibrate(m *ner.Model, checks []*Check) [][2]float32 {
	type outcome struct {
		p     float64
		right bool
	}
	var all []outcome
	for _, c := range checks {
		for i := range c.Texts {
			compare(&c.Texts[i], m.Find(c.Docs[i]), func(_ ner.Type, found, gold bool, score float64) {
				if found {
					all = append(all, outcome{score, gold})
				}
			})
		}
	}
	if len(all) == 0 {
		return nil
	}
	// Of equal probabilities the wrong come first, so that the order of finding decides nothing.
	sort.Slice(all, func(i, j int) bool {
		if all[i].p != all[j].p {
			return all[i].p < all[j].p
		}
		return !all[i].right && all[j].right
	})
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
	points := [][2]float32{{0, 0}}
	for _, b := range blocks {
		points = append(points, [2]float32{float32(b.p / b.n), float32(b.right / b.n)})
	}
	return points
}

// Confidence counts how many names score over 0.9, and how many of them are right.
func (c *Check) Confidence(f ner.Finder) (over, right int) {
	for i := range c.Texts {
		compare(&c.Texts[i], f.Find(c.Docs[i]), func(_ ner.Type, found, gold bool, score float64) {
			if found && score > 0.9 {
				over++
				if gold {
					right++
				}
			}
		})
	}
	return over, right
}
