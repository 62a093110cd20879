package conv

import "math"

var plain = kernel{
	name:    "plain",
	pack:    wide,
	product: productPlain,
	gelu:    geluPlain,
	tanh:    tanhPlain,
	norm:    normPlain,
	round:   roundPlain,
	addRow:  addRowPlain,
}

// productPlain takes four tokens by four outputs at a time, two outputs in a multiplication.
func productPlain(y []float32, in *inputs, m *matrix) {
	n := m.ins
	for t := 0; t*m.outs < len(y); t += tokens {
		w := m.weights.wide
		for o := 0; o < m.outs; o += 4 {
			var a, b [tokens]int64
			for _, x := range in[:m.segments] {
				x = x[t*n : (t+tokens)*n]
				x0, x1, x2, x3 := x[:n], x[n:2*n], x[2*n:3*n], x[3*n:4*n]
				a0, a1, a2, a3, b0, b1, b2, b3 := a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3]
				for i := range x0 {
					if i >= len(x1) || i >= len(x2) || i >= len(x3) || len(w) < 2 {
						break // never: it spares the checks below
					}
					v, u := w[0], w[1]
					w = w[2:]
					x := int64(x0[i])
					a0 += v * x
					b0 += u * x
					x = int64(x1[i])
					a1 += v * x
					b1 += u * x
					x = int64(x2[i])
					a2 += v * x
					b2 += u * x
					x = int64(x3[i])
					a3 += v * x
					b3 += u * x
				}
				a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3] = a0, a1, a2, a3, b0, b1, b2, b3
			}
			for k := range tokens {
				out := y[(t+k)*m.outs+o:]
				for j, sum := range [2]int64{a[k], b[k]} {
					low := int32(sum)
					high := int32((sum - int64(low)) >> 32)
					at := o + 2*j
					out[2*j] = float32(float32(low)*m.scale[at]) + m.bias[at]
					out[2*j+1] = float32(float32(high)*m.scale[at+1]) + m.bias[at+1]
				}
			}
		}
	}
}

func geluPlain(v []float32) {
	for i, x := range v {
		t := float32(float32(x*x)*gelu3) + gelu1
		half := x * 0.5
		v[i] = float32(half*tanh32(x*t)) + half
	}
}

func tanhPlain(v []float32) {
	for i, x := range v {
		v[i] = tanh32(x)
	}
}

// tanh32 converts each product, which keeps compilers from joining it with the sum.
func tanh32(x float32) float32 {
	x = max(min(x, reach), -reach)
	s := x * x
	p := float32(s*p3) + p2
	p = float32(p*s) + p1
	p = float32(p*s) + p0
	q := float32(s*q3) + q2
	q = float32(q*s) + q1
	q = float32(q*s) + 1
	return float32(x*p) / q
}

func normPlain(h []float32, q []int16, y, gamma, beta []float32, unit float32) {
	y, gamma, beta, q = y[:len(h)], gamma[:len(h)], beta[:len(h)], q[:len(h)]
	n := float32(len(h))
	var sums [8]float32
	for i := range h {
		h[i] += y[i]
		sums[i%8] += h[i]
	}
	mean := fold(&sums) / n
	sums = [8]float32{}
	for i := range h {
		h[i] -= mean
		sums[i%8] += float32(h[i] * h[i])
	}
	variance := fold(&sums) / n
	inverse := 1 / float32(math.Sqrt(float64(variance+epsilon)))
	for i := range h {
		h[i] = float32(float32(h[i]*inverse)*gamma[i]) + beta[i]
	}
	roundPlain(q, h, unit)
}

// fold adds eight sums in the order in which vector registers are added.
func fold(s *[8]float32) float32 {
	return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
}

func roundPlain(q []int16, v []float32, unit float32) {
	q = q[:len(v)]
	for i, x := range v {
		q[i] = nearest(x * unit)
	}
}

// nearest rounds to the nearest integer, the even one of two. Adding 1.5 times 2^23 leaves no bits
// for a fraction.
func nearest(x float32) int16 {
	const big = 3 << 22
	x = max(min(x, math.MaxInt16), math.MinInt16)
	return int16(float32(x+big) - big)
}

func addRowPlain(v []float32, row []byte, scale float32) {
	row = row[:len(v)]
	for i := range v {
		v[i] += float32(float32(int8(row[i])) * scale)
	}
}
