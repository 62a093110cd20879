package conv

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/datelinenews/dateline/extractor/ner/internal/linear"
)

// invent makes a network of random weights and the two files that hold it. Hashes are features and
// words that it knows.
func invent(seed uint64, width, vector int, dilations []int, features, lowers []uint64) (n *network, model, vectors []byte) {
	rng := rand.New(rand.NewPCG(seed, 1))
	floats := func(n int, size float64) []float32 {
		out := make([]float32, n)
		for i := range out {
			out[i] = float32(rng.NormFloat64() * size)
		}
		return out
	}
	norms := func() norm {
		x := norm{floats(width, 0.2), floats(width, 0.2)}
		for i := range x.gamma {
			x.gamma[i]++
		}
		return x
	}
	d := width
	even := func(n int) float64 { return 1 / math.Sqrt(float64(n)) }
	n = &network{width: d, vector: vector, dilations: dilations, calibration: [][2]float32{{0, 0.1}, {1, 0.9}}}
	for a := range linear.Labels {
		for b := range linear.Labels {
			n.transitions[a][b] = float32(rng.NormFloat64())
			if !linear.Follows(a, b) {
				n.transitions[a][b] = linear.Forbidden
			}
		}
	}
	n.input = dense{floats(d*vector, even(vector)), floats(d, 0.1)}
	n.norms = []norm{norms()}
	for range dilations {
		n.layers = append(n.layers, dense{floats(3*d*d, even(2*d)), floats(d, 0.1)})
		n.norms = append(n.norms, norms())
	}
	n.memory = dense{floats(2*d*d, even(2*d)), floats(d, 0.1)}
	n.join = dense{floats(2*d*d, even(d)), floats(d, 0.1)}
	n.output = dense{floats(linear.Labels*d, 2*even(d)), floats(linear.Labels, 0.1)}
	table := func(width int, hashes []uint64) []byte {
		buckets := uint64(len(hashes)/2 + 1)
		hashes = slices.Clone(hashes)
		slices.SortFunc(hashes, func(a, b uint64) int { return int(int64(a>>32*buckets>>32) - int64(b>>32*buckets>>32)) })
		var b []byte
		u32 := func(x uint32) { b = binary.LittleEndian.AppendUint32(b, x) }
		u32(uint32(len(hashes)))
		u32(uint32(buckets))
		u32(uint32(width))
		next := 0
		for k := range buckets + 1 {
			for next < len(hashes) && hashes[next]>>32*buckets>>32 < k {
				next++
			}
			u32(uint32(next))
		}
		for _, h := range hashes {
			u32(uint32(h))
		}
		for range hashes {
			u32(math.Float32bits(float32(0.002 + 0.004*rng.Float64())))
		}
		for range len(hashes) * width {
			b = append(b, byte(rng.IntN(255)-127))
		}
		return b
	}
	model = n.marshal(table(d, features))
	vectors = append([]byte(vectorsMagic), table(vector, lowers)...)
	return n, model, vectors
}

// marshal is what parse reads.
func (n *network) marshal(features []byte) []byte {
	var b bytes.Buffer
	b.WriteString(magic)
	put := func(vs ...any) {
		for _, v := range vs {
			if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
				panic(err)
			}
		}
	}
	put(uint32(n.width), uint32(n.vector), uint32(n.width), uint32(len(n.dilations)))
	for _, x := range n.dilations {
		put(uint32(x))
	}
	put(uint32(len(n.calibration)), n.calibration, n.transitions, n.input.weights, n.input.bias)
	put(n.norms[0].gamma, n.norms[0].beta)
	for i, l := range n.layers {
		put(l.weights, l.bias, n.norms[i+1].gamma, n.norms[i+1].beta)
	}
	for _, x := range []dense{n.memory, n.join, n.output} {
		put(x.weights, x.bias)
	}
	b.Write(features)
	return b.Bytes()
}

func hashes(seed uint64, n int) []uint64 {
	rng := rand.New(rand.NewPCG(seed, 2))
	out := make([]uint64, n)
	for i := range out {
		out[i] = rng.Uint64()
	}
	return out
}

func TestParse(t *testing.T) {
	keys := hashes(1, 1000)
	want, b, v := invent(1, 32, 10, []int{1, 3}, keys, keys[:100])
	got, err := parse(b)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.marshal(b[len(b)-12-4*502-1000*(8+32):]), b) {
		t.Error("what was read is not what was written")
	}
	if got.transitions != want.transitions || got.features.width != 32 {
		t.Error("the transitions or the table are others")
	}
	vectors, err := parseVectors(v, 10)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[int]bool{}
	for _, h := range keys {
		r := got.features.find(h)
		if r < 0 || rows[r] {
			t.Fatalf("feature %x: row %d", h, r)
		}
		rows[r] = true
		if s := got.features.scale(r); s < 0.002 || s > 0.006 || len(got.features.row(r)) != 32 {
			t.Errorf("row %d: scale %g, %d bytes", r, s, len(got.features.row(r)))
		}
	}
	for i, h := range keys {
		if known := vectors.find(h) >= 0; known != (i < 100) {
			t.Errorf("word %d: known %v", i, known)
		}
	}
	for _, h := range hashes(7, 10000) {
		if got.features.find(h) >= 0 {
			t.Errorf("%x is none of the features", h)
		}
	}
}

// TestDamaged: a file that is cut, too long or holds what no network can have is refused.
func TestDamaged(t *testing.T) {
	keys := hashes(1, 50)
	_, b, v := invent(1, 16, 4, []int{1}, keys, keys)
	if _, err := Load(b, v); err != nil {
		t.Fatal(err)
	}
	for n := range b {
		if _, err := Load(b[:n], v); err == nil {
			t.Fatalf("%d of %d bytes: no error", n, len(b))
		}
	}
	for n := range v {
		if _, err := Load(b, v[:n]); err == nil {
			t.Fatalf("%d of %d bytes of vectors: no error", n, len(v))
		}
	}
	tables := len(b) - 12 - 4*27 - 50*(8+16)
	for name, change := range map[string]func(b []byte) []byte{
		"magic":        func(b []byte) []byte { b[3]++; return b },
		"a byte more":  func(b []byte) []byte { return append(b, 0) },
		"width 0":      func(b []byte) []byte { b[16] = 0; return b },
		"width 17":     func(b []byte) []byte { b[16] = 17; return b },
		"width huge":   func(b []byte) []byte { b[19] = 255; return b },
		"layers huge":  func(b []byte) []byte { b[31] = 255; return b },
		"no dilation":  func(b []byte) []byte { b[32] = 0; return b },
		"points huge":  func(b []byte) []byte { b[39] = 255; return b },
		"share over 1": func(b []byte) []byte { binary.LittleEndian.PutUint32(b[44:], math.Float32bits(1.5)); return b },
		"points fall":  func(b []byte) []byte { binary.LittleEndian.PutUint32(b[40:], math.Float32bits(2)); return b },
		"infinity":     func(b []byte) []byte { binary.LittleEndian.PutUint32(b[60:], 0x7f800000); return b },
		"no number":    func(b []byte) []byte { binary.LittleEndian.PutUint32(b[5000:], 0x7fc00000); return b },
		"rows huge":    func(b []byte) []byte { b[tables+3] = 255; return b },
		"no buckets":   func(b []byte) []byte { clear(b[tables+4 : tables+8]); return b },
		"buckets huge": func(b []byte) []byte { b[tables+7] = 255; return b },
		"other width":  func(b []byte) []byte { b[tables+8]++; return b },
		"offset":       func(b []byte) []byte { b[tables+12+4*5+2] = 1; return b },
		"scale":        func(b []byte) []byte { b[tables+12+4*27+4*50+3] = 0x7f; return b },
	} {
		if _, err := Load(change(bytes.Clone(b)), v); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// FuzzLoad: no file of any content does more than fail to load.
func FuzzLoad(f *testing.F) {
	keys := hashes(1, 20)
	_, b, v := invent(1, 16, 4, []int{1}, keys, keys)
	f.Add(b, v)
	f.Add(b[:100], v[:20])
	f.Fuzz(func(t *testing.T, model, vectors []byte) {
		m, err := Load(model, vectors)
		if err != nil {
			return
		}
		for _, h := range keys {
			m.features.find(h)
			m.vectors.find(h)
		}
	})
}
