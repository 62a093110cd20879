//go:build !purego

package conv

import "golang.org/x/sys/cpu"

// kernels are those of this machine, the fastest first.
func kernels() []*kernel {
	if cpu.X86.HasAVX2 {
		return []*kernel{&avx2, &plain}
	}
	return []*kernel{&plain}
}

var avx2 = kernel{
	name:    "avx2",
	pack:    pairs,
	product: productAVX2,
	gelu:    geluAVX2,
	tanh:    tanhAVX2,
	norm:    normAVX2,
	round:   roundAVX2,
	addRow:  addRowAVX2,
}

func productAVX2(y []float32, in *inputs, m *matrix) {
	n, size := m.ins, m.ins*m.segments*panel
	tiles := len(y) / (m.outs * tokens)
	for _, x := range in[:m.segments] {
		_ = x[:tiles*tokens*n]
	}
	for o := 0; o < m.outs; o += panel {
		w := m.weights.pairs[o/panel*size:][:size]
		scale, bias := m.scale[o:o+panel], m.bias[o:o+panel]
		for t := range tiles {
			var x [3]*int16
			for i := range m.segments {
				x[i] = &in[i][t*tokens*n]
			}
			tileAVX2(&y[t*tokens*m.outs+o], m.outs, &x, n, m.segments, &w[0], &scale[0], &bias[0])
		}
	}
}

// The vector functions take whole vectors; plain Go does the rest.

func geluAVX2(v []float32) {
	n := len(v) &^ 7
	if n > 0 {
		gelu8AVX2(&v[0], n, &table8)
	}
	geluPlain(v[n:])
}

func tanhAVX2(v []float32) {
	n := len(v) &^ 7
	if n > 0 {
		tanh8AVX2(&v[0], n, &table8)
	}
	tanhPlain(v[n:])
}

func normAVX2(h []float32, q []int16, y, gamma, beta []float32, unit float32) {
	n := len(h)
	if n == 0 || n%panel != 0 {
		normPlain(h, q, y, gamma, beta, unit)
		return
	}
	_, _, _, _ = q[n-1], y[n-1], gamma[n-1], beta[n-1]
	norm16AVX2(&h[0], &q[0], &y[0], &gamma[0], &beta[0], n, unit, &table8)
}

func roundAVX2(q []int16, v []float32, unit float32) {
	q = q[:len(v)]
	n := len(v) &^ 15
	if n > 0 {
		round16AVX2(&q[0], &v[0], n, unit)
	}
	roundPlain(q[n:], v[n:], unit)
}

func addRowAVX2(v []float32, row []byte, scale float32) {
	row = row[:len(v)]
	n := len(v) &^ 15
	if n > 0 {
		addRow16AVX2(&v[0], &row[0], n, scale)
	}
	addRowPlain(v[n:], row[n:], scale)
}

// tileAVX2 computes a panel of outputs of a tile of tokens.
//
//go:noescape
func tileAVX2(y *float32, outs int, x *[3]*int16, ins, segments int, w *int16, scale, bias *float32)

//go:noescape
func gelu8AVX2(v *float32, n int, t *[14][8]float32)

//go:noescape
func tanh8AVX2(v *float32, n int, t *[14][8]float32)

//go:noescape
func norm16AVX2(h *float32, q *int16, y, gamma, beta *float32, n int, unit float32, t *[14][8]float32)

//go:noescape
func round16AVX2(q *int16, v *float32, n int, unit float32)

//go:noescape
func addRow16AVX2(v *float32, row *byte, n int, scale float32)
