// Package train learns the weights of package quote from annotated articles.
package train

import (
	"math"
	"math/rand/v2"
	"sort"
)

// choice is one decision to learn from: what could be chosen, by features, and what is right.
type choice struct {
	options [][]string
	right   []bool
	weight  float64
	article int
}

// Fit sets how a log-linear model is fitted.
type Fit struct {
	Epochs  int     // passes over the decisions
	Rate    float64 // of learning
	Penalty float64 // for each unit of a weight, in decisions
	Least   int     // how often a feature must be seen
	Average bool    // take the mean of the weights after each of the later passes
	Runs    int     // fits in orders of their own, whose mean is taken; 0: one
}

// fit maximises the likelihood that what is chosen is right (all right options together), by
// AdaGrad over the decisions in orders that seeds decide: the same weights each time. The mean of several
// orders hangs less on any of them.
func fit(choices []choice, how Fit) map[string]float64 {
	counts := map[string]int{}
	for _, c := range choices {
		for _, o := range c.options {
			for _, f := range o {
				counts[f]++
			}
		}
	}
	names := make([]string, 0, len(counts))
	for f, n := range counts {
		if n >= how.Least {
			names = append(names, f)
		}
	}
	sort.Strings(names)
	index := make(map[string]int, len(names))
	for i, f := range names {
		index[f] = i
	}
	var data []compact
	for _, c := range choices {
		any := false
		for _, r := range c.right {
			any = any || r
		}
		if !any {
			continue
		}
		d := compact{right: c.right, weight: c.weight}
		for _, o := range c.options {
			var ids []int
			for _, f := range o {
				if i, ok := index[f]; ok {
					ids = append(ids, i)
				}
			}
			d.options = append(d.options, ids)
		}
		data = append(data, d)
	}
	out := make(map[string]float64, len(names))
	runs := max(how.Runs, 1)
	for seed := range runs {
		for i, v := range descend(data, len(names), how, uint64(seed)+1) {
			out[names[i]] += v / float64(runs)
		}
	}
	return out
}

// compact is a choice whose features are numbers.
type compact struct {
	options [][]int
	right   []bool
	weight  float64
}

// descend fits the weights of n features in one order.
func descend(data []compact, n int, how Fit, seed uint64) []float64 {
	w := make([]float64, n)
	g := make([]float64, n)
	order := make([]int, len(data))
	for i := range order {
		order[i] = i
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	decay := how.Penalty / float64(max(len(data), 1))
	var p []float64
	mean := make([]float64, n)
	passes := 0.0
	for epoch := range how.Epochs {
		rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, i := range order {
			d := &data[i]
			p = softmax(p[:0], w, d.options)
			good := 0.0
			for k, r := range d.right {
				if r {
					good += p[k]
				}
			}
			for k, ids := range d.options {
				// The gradient of -log(good): p - p·right/good.
				step := p[k]
				if d.right[k] {
					step -= p[k] / math.Max(good, 1e-12)
				}
				if step *= d.weight; math.Abs(step) < 1e-6 {
					continue
				}
				for _, f := range ids {
					s := step + decay*w[f]
					g[f] += s * s
					w[f] -= how.Rate * s / (math.Sqrt(g[f]) + 1e-6)
				}
			}
		}
		if how.Average && 2*epoch >= how.Epochs-1 {
			for i := range w {
				mean[i] += w[i]
			}
			passes++
		}
	}
	if how.Average {
		for i := range mean {
			mean[i] /= passes
		}
		return mean
	}
	return w
}

func softmax(p, w []float64, options [][]int) []float64 {
	top := math.Inf(-1)
	for _, ids := range options {
		z := 0.0
		for _, f := range ids {
			z += w[f]
		}
		p = append(p, z)
		top = math.Max(top, z)
	}
	sum := 0.0
	for i := range p {
		p[i] = math.Exp(p[i] - top)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

// best is the option with the highest weight, and its probability.
func best(w map[string]float64, options [][]string) (int, float64) {
	top, at := math.Inf(-1), 0
	zs := make([]float64, len(options))
	for i, o := range options {
		for _, f := range o {
			zs[i] += w[f]
		}
		if zs[i] > top {
			top, at = zs[i], i
		}
	}
	sum := 0.0
	for _, z := range zs {
		sum += math.Exp(z - top)
	}
	return at, 1 / sum
}
