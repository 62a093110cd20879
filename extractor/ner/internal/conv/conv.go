// Package conv is a small neural recogniser of names: it gives the tags of each token scores, from
// which linear's decoder chooses.
//
// A token is the sum of the embeddings of its own features and of a map of its word's vector. Four
// residual convolutions of width 3 (dilations 1, 2, 4 and 1; Strubell et al. 2017, "Fast and
// accurate entity recognition with iterated dilated convolutions") let it see eight tokens to each
// side, across the ends of sentences. Then each word that may be a name looks at what the other uses
// of the same word in the article look like from where they stand: the mean of their memories.
//
// Scores are the same to the bit on every platform: see matrix.go and kernel.go.
package conv

import (
	"math"
	"sync"

	"github.com/datelinenews/dateline/extractor/ner/internal/linear"
)

// Model is the network. It is immutable and serves all goroutines.
type Model struct {
	// Transitions are the scores of a tag after a tag.
	Transitions linear.Transitions

	calibration linear.Calibration
	kernel      *kernel
	width       int // of everything between input and output
	vector      int // of a word's vector
	dilations   []int
	reach       int // how far a token sees
	unit        float32
	bias        []float32 // of the input
	norms       []norm    // of the input, then of each layer
	input       matrix
	layers      []matrix
	memory      matrix
	join        matrix
	joined      float32 // units of what join gives, after GELU
	output      matrix
	features    table
	vectors     table
	pool        sync.Pool
}

// Load reads a model's file and the file of word vectors. It keeps both: tables are used where they
// lie.
func Load(model, vectors []byte) (*Model, error) { return load(model, vectors, kernels()[0]) }

func load(model, vectors []byte, k *kernel) (*Model, error) {
	f, err := parse(model)
	if err != nil {
		return nil, err
	}
	v, err := parseVectors(vectors, f.vector)
	if err != nil {
		return nil, err
	}
	m := &Model{
		Transitions: f.transitions, calibration: f.calibration,
		kernel: k, width: f.width, vector: f.vector, dilations: f.dilations,
		bias: f.input.bias, norms: f.norms, features: f.features, vectors: v,
	}
	for _, d := range m.dilations {
		m.reach += d
	}
	// A layer norm gives at most sqrt(D-1) gamma + beta; a memory is at most 1. The least bound keeps
	// sums of the memories of a million tokens within 32 bits.
	bound := 16.0
	for _, n := range m.norms {
		for i := range n.gamma {
			g := float64(math.Abs(float64(n.gamma[i])) * math.Sqrt(float64(m.width-1)))
			bound = max(bound, g+math.Abs(float64(n.beta[i])))
		}
	}
	bound *= 1.001 // roundings
	m.unit = float32(full / bound)
	step := 1 / float64(m.unit)
	d := m.width
	m.input = k.quantise(dense{weights: f.input.weights}, d, m.vector, 1, 128, 1)
	for _, l := range f.layers {
		m.layers = append(m.layers, k.quantise(dense{taps(l.weights, d), l.bias}, d, d, 3, full+1, step))
	}
	m.memory = k.quantise(f.memory, d, d, 2, full+1, step)
	m.join = k.quantise(f.join, d, d, 2, full+1, step)
	top := 1.0
	for o := range d {
		sum := math.Abs(float64(f.join.bias[o]))
		for _, w := range f.join.weights[2*d*o : 2*d*(o+1)] {
			sum += float64(math.Abs(float64(w)) * bound)
		}
		top = max(top, sum)
	}
	m.joined = float32(full / (top * 1.001))
	m.output = k.quantise(f.output, linear.Labels, d, 1, full+1, 1/float64(m.joined))
	m.pool.New = func() any { return &scratch{} }
	return m, nil
}

// Calibration maps marginal probabilities of names to the share that is right; it may be empty.
func (m *Model) Calibration() linear.Calibration { return m.calibration }

// Calibrated is the share of names that are right among those of marginal probability p.
func (m *Model) Calibrated(p float32) float32 { return m.calibration.At(p) }

// taps turns [tap][out][in] into rows of all three taps.
func taps(w []float32, d int) []float32 {
	out := make([]float32, 0, len(w))
	for o := range d {
		for tap := range 3 {
			out = append(out, w[(tap*d+o)*d:(tap*d+o+1)*d]...)
		}
	}
	return out
}

// Kernel names the arithmetic that serves on this machine: "avx2", "neon" or "plain".
func (m *Model) Kernel() string { return m.kernel.name }
