package linear

import "math"

// Decoder holds the scratch memory of decoding one sentence.
type Decoder struct {
	back  [][Labels]uint8
	alpha [][Labels]float64
	beta  [][Labels]float64
	emit  [][Labels]float64
	scale []float64
}

// before[b] are the tags that b may follow, after[a] those that may follow a.
var before, after = neighbours()

func neighbours() (before, after [Labels][]uint8) {
	for a := range Labels {
		for b := range Labels {
			if Follows(a, b) {
				before[b] = append(before[b], uint8(a))
				after[a] = append(after[a], uint8(b))
			}
		}
	}
	return before, after
}

func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n+n/2)[:n]
	}
	return s[:n]
}

// Viterbi writes the best sequence of tags for a sentence of these scores to tags.
func (d *Decoder) Viterbi(trans *Transitions, scores []Scores, tags []uint8) {
	n := len(scores)
	if n == 0 {
		return
	}
	d.back = grow(d.back, n)
	var prev, cur [Labels]float32
	for b := range Labels {
		prev[b] = Forbidden
		if Starts(b) {
			prev[b] = scores[0][b] + trans[Outside][b]
		}
	}
	for i := 1; i < n; i++ {
		back := &d.back[i]
		for b := range Labels {
			best, at := float32(2*Forbidden), uint8(0)
			for _, a := range before[b] {
				if v := prev[a] + trans[a][b]; v > best {
					best, at = v, a
				}
			}
			cur[b], back[b] = best+scores[i][b], at
		}
		prev = cur
	}
	best, at := float32(3*Forbidden), 0
	for a := range Labels {
		if Ends(a) && prev[a] > best {
			best, at = prev[a], a
		}
	}
	for i := n - 1; ; i-- {
		tags[i] = uint8(at)
		if i == 0 {
			return
		}
		at = int(d.back[i][at])
	}
}

// Factors are exp(score) of transitions, 0 where forbidden.
type Factors [Labels][Labels]float64

// Exp are the factors exp(score) of transitions.
func (t *Transitions) Exp() *Factors {
	var e Factors
	for a := range Labels {
		for b := range Labels {
			if Follows(a, b) {
				e[a][b] = math.Exp(float64(t[a][b]))
			}
		}
	}
	return &e
}

// Forward fills the forward and backward probabilities of a sentence; exp are the factors of the
// transitions. Each position is scaled to sum 1.
func (d *Decoder) Forward(exp *Factors, scores []Scores) {
	n := len(scores)
	d.alpha, d.beta, d.emit, d.scale = grow(d.alpha, n), grow(d.beta, n), grow(d.emit, n), grow(d.scale, n)
	for i := range n {
		top := scores[i][0]
		for _, x := range scores[i][1:] {
			top = max(top, x)
		}
		for j, x := range scores[i] {
			d.emit[i][j] = least
			if x > top-40 {
				d.emit[i][j] += math.Exp(float64(x - top))
			}
		}
	}
	for i := range n {
		a := &d.alpha[i]
		var sum float64
		for b := range Labels {
			var v float64
			switch {
			case i == 0 && Starts(b):
				v = exp[Outside][b]
			case i > 0:
				p := &d.alpha[i-1]
				for _, k := range before[b] {
					v += p[k] * exp[k][b]
				}
			}
			if i == n-1 && !Ends(b) {
				v = 0
			}
			v *= d.emit[i][b]
			a[b] = v
			sum += v
		}
		d.scale[i] = 1 / sum
		for b := range a {
			a[b] *= d.scale[i]
		}
	}
	for b := range Labels {
		d.beta[n-1][b] = 0
		if Ends(b) {
			d.beta[n-1][b] = 1
		}
	}
	for i := n - 2; i >= 0; i-- {
		var next [Labels]float64
		for b := range Labels {
			next[b] = d.beta[i+1][b] * d.emit[i+1][b] * d.scale[i+1]
		}
		for a := range Labels {
			var v float64
			for _, b := range after[a] {
				v += exp[a][b] * next[b]
			}
			d.beta[i][a] = v
		}
	}
}

// least keeps every legal path possible, so that no sum is 0.
const least = 1e-18

// Marginal is the probability of tag b at token i, after Forward.
func (d *Decoder) Marginal(i, b int) float64 { return d.alpha[i][b] * d.beta[i][b] }

// Name is the probability that tokens first to end-1 are one name of type t, after Forward.
func (d *Decoder) Name(exp *Factors, first, end, t int) float64 {
	if end == first+1 {
		return d.Marginal(first, Single(t))
	}
	p := d.alpha[first][Begin(t)]
	at := Begin(t)
	for i := first + 1; i < end; i++ {
		b := Inside(t)
		if i == end-1 {
			b = End(t)
		}
		p *= exp[at][b] * d.emit[i][b] * d.scale[i]
		at = b
	}
	return p * d.beta[end-1][End(t)]
}

// Pairs adds the probability of each pair of tags at tokens i-1 and i to sum, after Forward.
func (d *Decoder) Pairs(exp *Factors, i int, sum *Factors) {
	for b := range Labels {
		next := d.emit[i][b] * d.scale[i] * d.beta[i][b]
		if next < 1e-9 {
			continue
		}
		for _, a := range before[b] {
			sum[a][b] += d.alpha[i-1][a] * exp[a][b] * next
		}
	}
}
