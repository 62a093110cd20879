package conv

// kernel is the arithmetic of the network, in one of its forms: plain Go, which says what is
// computed, and vector instructions where the processor has them. All give the same bits: integers
// are exact, and float32 operations are done in the same order, each rounded by itself.
type kernel struct {
	name string
	// pack lays out the integers of a matrix, [outs][n].
	pack func(q []int16, outs, n int) weights
	// product writes y[t][o] for the first len(y)/m.outs tokens, a multiple of tokens. in holds a
	// segment of inputs each, token after token.
	product func(y []float32, in *inputs, m *matrix)
	// gelu replaces each v by v times the share of a normal distribution below it, in the usual
	// approximation by tanh.
	gelu func(v []float32)
	tanh func(v []float32)
	// norm adds y to h and brings the sum to mean 0 and variance 1, times gamma plus beta; q is h
	// in units. The length is a multiple of panel.
	norm func(h []float32, q []int16, y, gamma, beta []float32, unit float32)
	// round writes v in units.
	round func(q []int16, v []float32, unit float32)
	// addRow adds scale times a row of signed bytes.
	addRow func(v []float32, row []byte, scale float32)
}

// inputs are the segments of what goes into a matrix; a matrix uses as many as it has.
type inputs [3][]int16

// tanh(x) is x p(x²)/q(x²) for |x| under reach, and nearly ±1 beyond: a minimax fit. The error is
// under 3e-6.
const (
	reach = 7.5
	p0    = 9.99992915e-01
	p1    = 1.22358901e-01
	p2    = 2.21871924e-03
	p3    = 3.66297561e-06
	q1    = 4.55668843e-01
	q2    = 2.07978653e-02
	q3    = 1.36104154e-04
	// GELU is v/2 (1 + tanh(gelu1 v + gelu3 v³)): √(2/π), and that times 0.044715.
	gelu1 = 0.7978845608028654
	gelu3 = 0.7978845608028654 * 0.044715
	// epsilon keeps a layer norm from dividing by 0.
	epsilon = 1e-5
)
