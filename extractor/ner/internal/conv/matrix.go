package conv

import "math"

// Activations go into products as 16-bit integers, so that products and sums are exact and every
// kernel on every platform gives the same bits. A layer norm bounds what it gives, so one scale
// serves all activations and nothing is ever cut off; weights are integers with a scale for each
// row, the finest at which no sum can leave 32 bits.
const full = 1<<15 - 1 // the largest activation

// Matrices are multiplied in tiles of so many tokens by so many outputs.
const (
	tokens = 4
	panel  = 16
)

// matrix is a quantised matrix, applied to up to three input vectors put end to end.
type matrix struct {
	outs     int // padded to a multiple of panel
	ins      int // of one segment
	segments int
	weights  weights
	// A sum of integers times scale, and the bias added, is an output.
	scale, bias []float32
}

// weights are those of a matrix as a kernel wants them; each kernel fills one of these.
type weights struct {
	pairs []int16 // [outs/16][segments*ins/2][16][2]
	rows  []int16 // [outs/16][segments*ins][16]
	wide  []int64 // [outs/4][segments*ins][2]: two weights each
}

// quantise makes a matrix of rows of weights, each row segments*ins long. Inputs are integers up to
// most, an integer of which means step.
func (k *kernel) quantise(d dense, outs, ins, segments int, most, step float64) matrix {
	n := ins * segments
	m := matrix{outs: (outs + panel - 1) / panel * panel, ins: ins, segments: segments}
	m.scale, m.bias = make([]float32, m.outs), make([]float32, m.outs)
	copy(m.bias, d.bias)
	q := make([]int16, m.outs*n)
	for o := range outs {
		row := d.weights[o*n : (o+1)*n]
		sum, top := 0.0, 0.0
		for _, w := range row {
			w := math.Abs(float64(w))
			sum += w
			top = max(top, w)
		}
		if top == 0 {
			continue
		}
		// Rounding adds up to a half to each weight.
		budget := (1<<31-1)/most - float64(n)/2
		scale := min(math.MaxInt16/top, budget/sum)
		for i, w := range row {
			q[o*n+i] = int16(math.Round(float64(w) * scale))
		}
		m.scale[o] = float32(step / scale)
	}
	m.weights = k.pack(q, m.outs, n)
	return m
}

// pairs lays weights out for kernels that multiply two inputs at once.
func pairs(q []int16, outs, n int) weights {
	out := make([]int16, 0, len(q))
	for p := 0; p < outs; p += panel {
		for i := 0; i < n; i += 2 {
			for o := p; o < p+panel; o++ {
				out = append(out, q[o*n+i], q[o*n+i+1])
			}
		}
	}
	return weights{pairs: out}
}

// wide lays weights out for plain Go: w + v<<32 times x is the products of both with x, and sums of
// such products are both sums.
func wide(q []int16, outs, n int) weights {
	out := make([]int64, 0, len(q)/2)
	for p := 0; p < outs; p += 4 {
		for i := range n {
			for o := p; o < p+4; o += 2 {
				out = append(out, int64(q[o*n+i])+int64(q[(o+1)*n+i])<<32)
			}
		}
	}
	return weights{wide: out}
}
