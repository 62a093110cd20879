package train

import (
	"math"
	"math/rand/v2"

	"github.com/datelinenews/dateline/extractor/ner/internal/linear"
)

// A sentence is a training example: for each token the ids of its features, and its tag.
type sentence struct {
	ends   []int32 // ids[ends[i-1]:ends[i]] are the features of token i
	ids    []int32
	tags   []uint8
	weight float32
}

// Settings of a training run.
type Settings struct {
	Epochs  int
	Rate    float32 // of learning, at the start; it falls to 0 linearly
	Decay   float32 // of weights towards 0, relative to the rate
	Dropout float32 // share of a token's features that a pass ignores
	Seed    uint64
}

// crf is a conditional random field in training.
type crf struct {
	w, g   [][linear.Labels]float32 // weights and sums of squared gradients of the features
	tw, tg linear.Transitions
}

// newCRF makes weights of 0 for n features.
func newCRF(n int) *crf {
	c := &crf{w: make([][linear.Labels]float32, n), g: make([][linear.Labels]float32, n)}
	for a := range linear.Labels {
		for b := range linear.Labels {
			if !linear.Follows(a, b) {
				c.tw[a][b] = linear.Forbidden
			}
		}
	}
	return c
}

const (
	firstSquare = 1     // keeps the first steps of AdaGrad small
	learnt      = 0.004 // loss a token under which a sentence needs no more work
)

// fit trains on the sentences: AdaGrad (Duchi, Hazan and Singer 2011) on the negative logarithm of
// the likelihood, a sentence a step, in an order that the seed decides.
func (c *crf) fit(examples []sentence, s Settings, progress func(epoch int, loss float64)) {
	rng := rand.New(rand.NewPCG(s.Seed, 2))
	order := make([]int, len(examples))
	for i := range order {
		order[i] = i
	}
	var (
		dec    linear.Decoder
		scores []linear.Scores
		kept   []int32
		ends   []int32
	)
	steps, total := 0, s.Epochs*len(examples)
	last := make([]float64, len(examples)) // the loss a token at the last look
	for epoch := range s.Epochs {
		rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		var loss float64
		for _, at := range order {
			ex := &examples[at]
			rate := s.Rate * (1 - float32(steps)/float32(total))
			steps++
			n := len(ex.tags)
			// What is learnt is looked at in every third pass only.
			if epoch > 1 && last[at] < learnt && (epoch+at)%3 != 0 {
				loss += last[at] * float64(n)
				continue
			}
			kept, ends = drop(ex, s.Dropout, rng, kept[:0], ends[:0])
			if cap(scores) < n {
				scores = make([]linear.Scores, 2*n)
			}
			scores = scores[:n]
			from := int32(0)
			for i := range n {
				scores[i] = linear.Scores{}
				for _, id := range kept[from:ends[i]] {
					row := &c.w[id]
					for j := range row {
						scores[i][j] += row[j]
					}
				}
				from = ends[i]
			}
			l := c.step(&dec, ex, kept, ends, scores, rate, s.Decay)
			last[at] = l / float64(n)
			loss += l
		}
		progress(epoch, loss)
	}
}

// drop copies the features of a sentence, less a random share.
func drop(ex *sentence, share float32, rng *rand.Rand, ids, ends []int32) ([]int32, []int32) {
	from := int32(0)
	cut := uint32(share * (1 << 16))
	var bits uint64
	left := 0
	for _, end := range ex.ends {
		for _, id := range ex.ids[from:end] {
			if left == 0 {
				bits, left = rng.Uint64(), 4
			}
			r := uint32(bits & 0xffff)
			bits >>= 16
			left--
			if r >= cut {
				ids = append(ids, id)
			}
		}
		from = end
		ends = append(ends, int32(len(ids)))
	}
	return ids, ends
}

// step moves the weights against the gradient of one sentence, and returns its loss.
func (c *crf) step(dec *linear.Decoder, ex *sentence, ids, ends []int32, scores []linear.Scores, rate, decay float32) float64 {
	exp := c.tw.Exp()
	dec.Forward(exp, scores)
	n := len(ex.tags)
	loss := 0.0
	from := int32(0)
	for i := range n {
		var d [linear.Labels]float32
		gold := int(ex.tags[i])
		far := float32(0)
		for b := range linear.Labels {
			p := float32(dec.Marginal(i, b))
			if b == gold {
				loss -= math.Log(float64(max(p, 1e-9)))
				p -= 1
			}
			d[b] = p * ex.weight
			far = max(far, max(p, -p))
		}
		if far > 0.002 {
			for _, id := range ids[from:ends[i]] {
				w, g := &c.w[id], &c.g[id]
				for b, x := range d {
					if x < 0.0005 && x > -0.0005 {
						continue
					}
					x += decay * w[b]
					g[b] += x * x
					w[b] -= rate * x / float32(math.Sqrt(float64(g[b]+firstSquare)))
				}
			}
		}
		from = ends[i]
	}
	c.stepTransitions(dec, exp, ex, rate)
	return loss
}

func (c *crf) stepTransitions(dec *linear.Decoder, exp *linear.Factors, ex *sentence, rate float32) {
	var d linear.Factors
	n := len(ex.tags)
	for b := range linear.Labels {
		if linear.Starts(b) {
			d[linear.Outside][b] += dec.Marginal(0, b)
		}
	}
	d[linear.Outside][ex.tags[0]]--
	for i := 1; i < n; i++ {
		dec.Pairs(exp, i, &d)
		d[ex.tags[i-1]][ex.tags[i]]--
	}
	for a := range linear.Labels {
		for b := range linear.Labels {
			if x := float32(d[a][b]) * ex.weight; x != 0 {
				c.tg[a][b] += x * x
				c.tw[a][b] -= rate * x / float32(math.Sqrt(float64(c.tg[a][b]+firstSquare)))
			}
		}
	}
}
