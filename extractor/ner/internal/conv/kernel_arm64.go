//go:build !purego

package conv

// kernels are those of this machine, the fastest first. Every 64-bit ARM processor has NEON.
func kernels() []*kernel { return []*kernel{&neon, &plain} }

var neon = kernel{
	name:    "neon",
	pack:    rows,
	product: productNEON,
	gelu:    geluNEON,
	tanh:    tanhNEON,
	norm:    normNEON,
	round:   roundNEON,
	addRow:  addRowNEON,
}

// rows lays weights out for kernels that multiply an input at a time.
func rows(q []int16, outs, n int) weights {
	out := make([]int16, 0, len(q))
	for p := 0; p < outs; p += panel {
		for i := range n {
			for o := p; o < p+panel; o++ {
				out = append(out, q[o*n+i])
			}
		}
	}
	return weights{rows: out}
}

func productNEON(y []float32, in *inputs, m *matrix) {
	n, size := m.ins, m.ins*m.segments*panel
	tiles := len(y) / (m.outs * tokens)
	for _, x := range in[:m.segments] {
		_ = x[:tiles*tokens*n]
	}
	for o := 0; o < m.outs; o += panel {
		w := m.weights.rows[o/panel*size:][:size]
		scale, bias := m.scale[o:o+panel], m.bias[o:o+panel]
		for t := range tiles {
			var x [3]*int16
			for i := range m.segments {
				x[i] = &in[i][t*tokens*n]
			}
			tileNEON(&y[t*tokens*m.outs+o], m.outs, &x, n, m.segments, &w[0], &scale[0], &bias[0])
		}
	}
}

// The vector functions take whole vectors; plain Go does the rest.

func geluNEON(v []float32) {
	n := len(v) &^ 3
	if n > 0 {
		gelu4NEON(&v[0], n, &table8)
	}
	geluPlain(v[n:])
}

func tanhNEON(v []float32) {
	n := len(v) &^ 3
	if n > 0 {
		tanh4NEON(&v[0], n, &table8)
	}
	tanhPlain(v[n:])
}

func normNEON(h []float32, q []int16, y, gamma, beta []float32, unit float32) {
	n := len(h)
	if n == 0 || n%panel != 0 {
		normPlain(h, q, y, gamma, beta, unit)
		return
	}
	_, _, _, _ = q[n-1], y[n-1], gamma[n-1], beta[n-1]
	norm16NEON(&h[0], &q[0], &y[0], &gamma[0], &beta[0], n, unit, &table8)
}

func roundNEON(q []int16, v []float32, unit float32) {
	q = q[:len(v)]
	n := len(v) &^ 15
	if n > 0 {
		round16NEON(&q[0], &v[0], n, unit)
	}
	roundPlain(q[n:], v[n:], unit)
}

func addRowNEON(v []float32, row []byte, scale float32) {
	row = row[:len(v)]
	n := len(v) &^ 15
	if n > 0 {
		addRow16NEON(&v[0], &row[0], n, scale)
	}
	addRowPlain(v[n:], row[n:], scale)
}

// tileNEON computes a panel of outputs of a tile of tokens.
//
//go:noescape
func tileNEON(y *float32, outs int, x *[3]*int16, ins, segments int, w *int16, scale, bias *float32)

//go:noescape
func gelu4NEON(v *float32, n int, t *[14][8]float32)

//go:noescape
func tanh4NEON(v *float32, n int, t *[14][8]float32)

//go:noescape
func norm16NEON(h *float32, q *int16, y, gamma, beta *float32, n int, unit float32, t *[14][8]float32)

//go:noescape
func round16NEON(q *int16, v *float32, n int, unit float32)

//go:noescape
func addRow16NEON(v *float32, row *byte, n int, scale float32)
