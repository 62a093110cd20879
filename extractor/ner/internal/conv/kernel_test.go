package conv

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func all() []*kernel {
	ks := kernels()
	if ks[len(ks)-1] != &plain {
		panic("plain is not the last of the kernels")
	}
	return ks
}

func normals(rng *rand.Rand, n int, size float64) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(rng.NormFloat64() * size)
	}
	return out
}

func units(rng *rand.Rand, n int) []int16 {
	out := make([]int16, n)
	for i := range out {
		out[i] = int16(rng.IntN(2*full+1) - full)
		if rng.IntN(8) == 0 {
			out[i] = full
		}
	}
	return out
}

// same wants the same bits.
func same(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) && got[i] != want[i] {
			t.Fatalf("%s: %g at %d of %d, want %g", what, got[i], i, len(want), want[i])
		}
	}
}

func sameInts(t *testing.T, what string, got, want []int16) {
	t.Helper()
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("%s: %d at %d of %d, want %d", what, got[i], i, len(want), want[i])
		}
	}
}

// TestProduct compares each kernel with sums of integers as they are written down, among them the
// largest that there can be.
func TestProduct(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	for _, c := range []struct{ outs, ins, segments, rows int }{
		{16, 2, 1, 4}, {13, 16, 1, 8}, {128, 100, 1, 12}, {128, 128, 3, 4}, {32, 48, 2, 20}, {5, 6, 3, 4},
	} {
		n := c.ins * c.segments
		d := dense{normals(rng, c.outs*n, 1), normals(rng, c.outs, 1)}
		for i := range n { // an output of full weights and full inputs
			d.weights[i] = 1
		}
		var in inputs
		for i := range c.segments {
			in[i] = units(rng, c.rows*c.ins)
			for j := range c.ins {
				in[i][j] = full
			}
		}
		for _, k := range all() {
			m := k.quantise(d, c.outs, c.ins, c.segments, full+1, 1.0/1024)
			y := make([]float32, c.rows*m.outs)
			k.product(y, &in, &m)
			for r := range c.rows {
				for o := range c.outs {
					var sum int64
					exact, size := 0.0, 0.0
					for i := range n {
						x := in[i/c.ins][r*c.ins+i%c.ins]
						sum += int64(x) * int64(m.weights.at(o, i, n))
						product := float64(x) / 1024 * float64(d.weights[o*n+i])
						exact += product
						size += math.Abs(product)
					}
					if sum != int64(int32(sum)) {
						t.Fatalf("%s %+v: the sum %d is out of range", k.name, c, sum)
					}
					want := float32(float32(sum)*m.scale[o]) + d.bias[o]
					if got := y[r*m.outs+o]; got != want {
						t.Fatalf("%s %+v: row %d, output %d: %g, want %g", k.name, c, r, o, got, want)
					}
					if diff := math.Abs(float64(want-d.bias[o]) - exact); diff > 0.002*size {
						t.Errorf("%s %+v: row %d, output %d is %g off", k.name, c, r, o, diff)
					}
				}
			}
		}
	}
}

// at finds weight i of output o, however the weights are laid out.
func (w *weights) at(o, i, n int) int16 {
	switch {
	case w.pairs != nil:
		return w.pairs[(o/panel*(n/2)+i/2)*2*panel+o%panel*2+i%2]
	case w.rows != nil:
		return w.rows[(o/panel*n+i)*panel+o%panel]
	}
	two := w.wide[(o/4*n+i)*2+o%4/2]
	low := int16(two)
	if o%2 == 0 {
		return low
	}
	return int16((two - int64(low)) >> 32)
}

// TestFunctions: GELU and tanh are as near to the real ones as kernel.go says.
func TestFunctions(t *testing.T) {
	worst, worstGelu := 0.0, 0.0
	for x := float32(-12); x < 12; x += 1.0 / 1024 {
		v := []float32{x}
		tanhPlain(v)
		worst = max(worst, math.Abs(float64(v[0])-math.Tanh(float64(x))))
		if v[0] > 1.00001 || v[0] < -1.00001 {
			t.Fatalf("tanh(%g) = %g", x, v[0])
		}
		v[0] = x
		geluPlain(v)
		z := float64(x)
		want := 0.5 * z * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(z+0.044715*z*z*z)))
		worstGelu = max(worstGelu, math.Abs(float64(v[0])-want)/max(1, math.Abs(z)))
	}
	t.Logf("tanh is at most %.2g off, GELU %.2g", worst, worstGelu)
	if worst > 3e-6 || worstGelu > 3e-6 {
		t.Errorf("tanh is %g off, GELU %g", worst, worstGelu)
	}
	for _, x := range []float32{1e30, -1e30, 1e6} {
		v := []float32{x}
		geluPlain(v)
		if want := max(x, 0); math.Abs(float64(v[0]-want)) > 1e-6*math.Abs(float64(x)) {
			t.Errorf("GELU(%g) = %g", x, v[0])
		}
	}
}

// TestNorm: a normed row has mean 0 and variance 1, and stays within its bound.
func TestNorm(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	n := 64
	gamma, beta := make([]float32, n), make([]float32, n)
	for i := range gamma {
		gamma[i] = 1
	}
	for _, k := range all() {
		for _, size := range []float64{0, 1e-3, 1, 1e4} {
			h, y, q := normals(rng, n, size), normals(rng, n, size), make([]int16, n)
			k.norm(h, q, y, gamma, beta, 1000)
			sum, squares := 0.0, 0.0
			for i, x := range h {
				sum += float64(x)
				squares += float64(x) * float64(x)
				if int(q[i]) != int(math.RoundToEven(float64(x*1000))) {
					t.Errorf("%s: %g is %d thousandths", k.name, x, q[i])
				}
				if math.Abs(float64(x)) > math.Sqrt(float64(n-1))*1.0001 {
					t.Errorf("%s: %g is out of bounds", k.name, x)
				}
			}
			if math.Abs(sum) > 1e-3 || size >= 1 && math.Abs(squares/float64(n)-1) > 1e-3 {
				t.Errorf("%s, size %g: mean %g, variance %g", k.name, size, sum/float64(n), squares/float64(n))
			}
		}
	}
}

// FuzzKernels: every kernel does to the bit what plain Go does, at any length.
func FuzzKernels(f *testing.F) {
	f.Add(uint64(1), uint16(128), uint8(3), uint8(5), 1.0)
	f.Add(uint64(2), uint16(1), uint8(0), uint8(0), 1e-20)
	f.Add(uint64(3), uint16(47), uint8(1), uint8(9), 1e4)
	f.Add(uint64(4), uint16(300), uint8(2), uint8(1), 30.0)
	f.Fuzz(func(t *testing.T, seed uint64, length uint16, segments, tiles uint8, size float64) {
		if !(size > 0 && size < 1e6) {
			return
		}
		n := int(length % 600)
		rng := rand.New(rand.NewPCG(seed, 9))
		v, row, scale := normals(rng, n, size), make([]byte, n), float32(rng.NormFloat64())
		for i := range row {
			row[i] = byte(rng.Uint32())
		}
		unit := float32(1e4 / size)
		h, y, gamma, beta := normals(rng, n, size), normals(rng, n, size), normals(rng, n, 1), normals(rng, n, 1)
		d := dense{normals(rng, 13*(n/2*2+2)*(int(segments%3)+1), size), normals(rng, 13, size)}
		var in inputs
		for i := range in {
			in[i] = units(rng, (n/2*2+2)*(int(tiles%5)+1)*tokens)
		}
		type results struct {
			gelu, tanh, added, normed, product []float32
			rounded, normedQ                   []int16
		}
		run := func(k *kernel) (r results) {
			clone := func(v []float32) []float32 { return append(make([]float32, 0, len(v)), v...) }
			r.gelu, r.tanh, r.added, r.normed = clone(v), clone(v), clone(v), clone(h)
			r.rounded, r.normedQ = make([]int16, n), make([]int16, n)
			k.gelu(r.gelu)
			k.tanh(r.tanh)
			k.addRow(r.added, row, scale)
			k.round(r.rounded, v, unit)
			k.norm(r.normed, r.normedQ, y, gamma, beta, 500)
			m := k.quantise(d, 13, n/2*2+2, int(segments%3)+1, full+1, 0.001)
			r.product = make([]float32, (int(tiles%5)+1)*tokens*m.outs)
			k.product(r.product, &in, &m)
			return r
		}
		want := run(&plain)
		for _, k := range all() {
			got := run(k)
			same(t, k.name+" gelu", got.gelu, want.gelu)
			same(t, k.name+" tanh", got.tanh, want.tanh)
			same(t, k.name+" addRow", got.added, want.added)
			same(t, k.name+" norm", got.normed, want.normed)
			same(t, k.name+" product", got.product, want.product)
			sameInts(t, k.name+" round", got.rounded, want.rounded)
			sameInts(t, k.name+" norm", got.normedQ, want.normedQ)
		}
	})
}

func BenchmarkProduct(b *testing.B) {
	rng := rand.New(rand.NewPCG(3, 3))
	d := dense{normals(rng, 128*384, 1), normals(rng, 128, 1)}
	const rows = 512
	in := inputs{units(rng, rows*128), units(rng, rows*128), units(rng, rows*128)}
	y := make([]float32, rows*128)
	for _, k := range all() {
		m := k.quantise(d, 128, 128, 3, full+1, 0.001)
		b.Run(k.name, func(b *testing.B) {
			for b.Loop() {
				k.product(y, &in, &m)
			}
			b.ReportMetric(rows*128*384*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gmac/s")
		})
	}
}

func BenchmarkRows(b *testing.B) {
	rng := rand.New(rand.NewPCG(3, 3))
	v, h, g, q, row := normals(rng, 128, 1), normals(rng, 128, 1), normals(rng, 128, 1), make([]int16, 128), make([]byte, 128)
	for _, k := range all() {
		b.Run(k.name+"/gelu", func(b *testing.B) {
			for b.Loop() {
				k.gelu(v)
			}
		})
		b.Run(k.name+"/norm", func(b *testing.B) {
			for b.Loop() {
				k.norm(h, q, v, g, g, 1000)
			}
		})
		b.Run(k.name+"/addRow", func(b *testing.B) {
			for b.Loop() {
				k.addRow(v, row, 1e-9)
			}
		})
	}
}

// TestSameBits: the bits are the same on every platform, whatever its kernels and its compiler. Only
// another definition of the functions may change the sum.
func TestSameBits(t *testing.T) {
	const want = 0x3b842413
	rng := rand.New(rand.NewPCG(8, 8))
	floats := func(n int, size float32) []float32 {
		out := make([]float32, n)
		for i := range out {
			out[i] = float32(rng.IntN(1<<24)-1<<23) / (1 << 23) * size
		}
		return out
	}
	v, h, y, gamma, beta := floats(4096, 6), floats(4096, 3), floats(4096, 2), floats(128, 2), floats(128, 1)
	d := dense{floats(128*384, 0.2), floats(128, 1)}
	in := inputs{units(rng, 32*128), units(rng, 32*128), units(rng, 32*128)}
	row := make([]byte, 4096)
	for i := range row {
		row[i] = byte(rng.Uint32())
	}
	for _, k := range all() {
		sum := crc32.NewIEEE()
		put := func(v any) {
			if err := binary.Write(sum, binary.LittleEndian, v); err != nil {
				t.Fatal(err)
			}
		}
		x := slices.Clone(v)
		k.gelu(x)
		put(x)
		k.tanh(x)
		k.addRow(x, row, 0.0123)
		put(x)
		q := make([]int16, len(v))
		k.round(q, x, 700)
		put(q)
		x = slices.Clone(h)
		for at := 0; at < len(x); at += 128 {
			k.norm(x[at:at+128], q[at:at+128], y[at:at+128], gamma, beta, 900)
		}
		put(x)
		put(q)
		m := k.quantise(d, 128, 128, 3, full+1, 0.001)
		k.product(x, &in, &m)
		put(x)
		if got := sum.Sum32(); got != want {
			t.Errorf("%s: %#x, want %#x", k.name, got, want)
		}
	}
}
