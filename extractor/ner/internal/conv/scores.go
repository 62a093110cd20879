package conv

import (
	"github.com/datelinenews/dateline/extractor/ner/internal/feature"
	"github.com/datelinenews/dateline/extractor/ner/internal/linear"
	"github.com/datelinenews/dateline/extractor/text"
)

// Memory is bounded by computing an article piece by piece. Blocks of so many tokens are computed at a
// time; they overlap by what a token sees, so that they change nothing. What came out of them, a tenth of
// what they took, is kept until the memories of all words are known; an article of more than kept tokens
// is read twice instead, for the memories and to be scored.
const (
	block = 1024
	kept  = 16 * block
)

// mostSums is how many words of an article can have a memory: the first that are used twice. News
// has some hundreds; long lists of names may have more.
const mostSums = 1 << 15

// scratch is the memory that one article needs. Matrices hold a row for each token of the block, unless
// they say otherwise.
type scratch struct {
	hashes []uint64
	in     inputs

	// The different words of the block. slot[w] is the row of word w, counted on from block to
	// block: the word is one of this block's if its slot is at least first.
	ids         []int32
	slot        []int32
	first, next int32
	vectors     []int16
	scales      []float32
	words       []float32

	lo, hi int // the tokens computed
	h, y   []float32
	state  []int16 // h in units, with maxDilation rows of zeros before and after
	input  []int16 // what state was before the first layer
	tags   []float32

	// The memory. uses counts those of a lexeme; row is that of the sum of their memories, or -1.
	uses, row []int32
	nSums     int
	sums      []int32
	a, b      []int16

	// Of all tokens that are kept:
	states   []int16  // the last state
	listed   []listed // those with a memory
	memories []int16  // theirs
}

type listed struct{ token, lexeme int32 }

// Scores fills out with the scores of the tags of all tokens of doc, which f has analysed.
func (m *Model) Scores(doc *text.Doc, f *feature.Doc, out []linear.Scores) {
	s := m.pool.Get().(*scratch)
	m.score(doc, f, out, s, block, kept)
	m.pool.Put(s)
}

func (m *Model) score(doc *text.Doc, f *feature.Doc, out []linear.Scores, s *scratch, block, kept int) {
	n, d := len(doc.Tokens), m.width
	s.slot = resize(s.slot, f.Words())
	fill(s.slot, -1)
	s.first, s.next = 0, 0
	m.count(f, s, n)
	twice := n > kept
	if twice {
		kept = block
		for from := 0; from < n && s.nSums > 0; from += block {
			to := min(from+block, n)
			m.read(doc, f, s, from, to)
			s.listed = s.listed[:0]
			m.remember(f, s, from, to)
			m.add(s)
		}
	}
	for first := 0; first < n; first += kept {
		end := min(first+kept, n)
		s.listed = s.listed[:0]
		s.states = resize(s.states, (end-first+tokens-1)*d)
		clear(s.states[(end-first)*d:])
		for from := first; from < end; from += block {
			to := min(from+block, end)
			m.read(doc, f, s, from, to)
			m.remember(f, s, from, to)
			copy(s.states[(from-first)*d:], s.state[(maxDilation+from-s.lo)*d:][:(to-from)*d])
		}
		if !twice {
			m.add(s)
		}
		next := 0
		for from := first; from < end; from += block {
			next = m.decide(s, from, min(from+block, end), s.states[(from-first)*d:], next, out)
		}
	}
}

// count finds the lexemes that are used more than once, and gives each a sum.
func (m *Model) count(f *feature.Doc, s *scratch, n int) {
	s.uses, s.row = resize(s.uses, f.Lexemes()), resize(s.row, f.Lexemes())
	clear(s.uses)
	fill(s.row, -1)
	s.nSums = 0
	for i := range n {
		id, _, _ := f.Lexeme(i)
		if id < 0 {
			continue
		}
		s.uses[id]++
		if s.uses[id] == 2 && s.nSums < mostSums {
			s.row[id] = int32(s.nSums)
			s.nSums++
		}
	}
	s.sums = resize(s.sums, s.nSums*m.width)
	clear(s.sums)
}

// read computes the state of tokens from to to-1, and of as many before and after as it takes.
func (m *Model) read(doc *text.Doc, f *feature.Doc, s *scratch, from, to int) {
	d, k := m.width, m.kernel
	s.lo, s.hi = max(0, from-m.reach), min(len(doc.Tokens), to+m.reach)
	n := s.hi - s.lo
	tiled := (n + tokens - 1) / tokens * tokens
	s.h, s.y = resize(s.h, n*d), resize(s.y, tiled*d)
	s.state, s.input = resize(s.state, (maxDilation+tiled+maxDilation)*d), resize(s.input, tiled*d)
	clear(s.state[:maxDilation*d])
	state := s.state[maxDilation*d:]
	clear(state[n*d:])

	m.readWords(f, s)
	for i := s.lo; i < s.hi; i++ {
		r := i - s.lo
		y := s.y[r*d : (r+1)*d]
		w := int(s.slot[f.Word(i)] - s.first)
		copy(y, s.words[w*d:(w+1)*d])
		s.hashes = f.AppendOwnToken(s.hashes[:0], doc.Tokens[i].Sentence, i)
		m.addFeatures(y, s.hashes)
	}
	clear(s.h)
	m.norm(s, state, 0)
	copy(s.input, state[:n*d])
	for l := range m.layers {
		back := (maxDilation - m.dilations[l]) * d
		on := m.dilations[l] * d
		s.in = inputs{s.state[back:], state, state[on:]}
		k.product(s.y, &s.in, &m.layers[l])
		k.gelu(s.y[:n*d])
		m.norm(s, state, l+1)
	}
}

// norm adds y to h, token by token, and norms it.
func (m *Model) norm(s *scratch, state []int16, layer int) {
	d := m.width
	for at := 0; at < len(s.h); at += d {
		m.kernel.norm(s.h[at:at+d], state[at:at+d], s.y[at:at+d], m.norms[layer].gamma, m.norms[layer].beta, m.unit)
	}
}

// readWords computes the inputs of the words of the block, each once.
func (m *Model) readWords(f *feature.Doc, s *scratch) {
	d := m.width
	s.first, s.ids = s.next, s.ids[:0]
	for i := s.lo; i < s.hi; i++ {
		w := f.Word(i)
		if s.slot[w] < s.first {
			s.slot[w] = s.next
			s.next++
			s.ids = append(s.ids, int32(w))
		}
	}
	n := len(s.ids)
	tiled := (n + tokens - 1) / tokens * tokens
	s.vectors, s.scales, s.words = resize(s.vectors, tiled*m.vector), resize(s.scales, n), resize(s.words, tiled*d)
	clear(s.vectors)
	for j, w := range s.ids {
		s.scales[j] = 0
		if r := m.vectors.find(f.Lower(int(w))); r >= 0 {
			s.scales[j] = m.vectors.scale(r)
			v := s.vectors[j*m.vector : (j+1)*m.vector]
			for i, x := range m.vectors.row(r) {
				v[i] = int16(int8(x))
			}
		}
	}
	s.in = inputs{s.vectors}
	m.kernel.product(s.words, &s.in, &m.input)
	for j, w := range s.ids {
		x := s.words[j*d : (j+1)*d]
		for i := range x {
			x[i] = float32(x[i]*s.scales[j]) + m.bias[i]
		}
		s.hashes = f.AppendOwnWord(s.hashes[:0], int(w))
		m.addFeatures(x, s.hashes)
	}
}

// addFeatures adds the embeddings of the features that have one.
func (m *Model) addFeatures(x []float32, hashes []uint64) {
	for _, h := range hashes {
		if r := m.features.find(h); r >= 0 {
			m.kernel.addRow(x, m.features.row(r), m.features.scale(r))
		}
	}
}

// remember computes the memory of each token of the block whose word is used elsewhere, too, and adds it to
// those that are kept.
func (m *Model) remember(f *feature.Doc, s *scratch, from, to int) {
	d, k := m.width, m.kernel
	first := len(s.listed)
	for i := from; i < to; i++ {
		if id, _, _ := f.Lexeme(i); id >= 0 && s.row[id] >= 0 {
			s.listed = append(s.listed, listed{int32(i), int32(id)})
		}
	}
	s.memories = grow(s.memories, first*d, len(s.listed)*d)
	found := s.listed[first:]
	if len(found) == 0 {
		return
	}
	n := (len(found) + tokens - 1) / tokens * tokens
	s.a, s.b = resize(s.a, n*d), resize(s.b, n*d)
	state := s.state[maxDilation*d:]
	for j, t := range found {
		r := (int(t.token) - s.lo) * d
		copy(s.a[j*d:(j+1)*d], state[r:])
		copy(s.b[j*d:(j+1)*d], s.input[r:])
	}
	y := s.y[:n*d]
	s.in = inputs{s.a, s.b}
	k.product(y, &s.in, &m.memory)
	y = y[:len(found)*d]
	k.tanh(y)
	k.round(s.memories[first*d:], y, m.unit)
}

// add adds the memories that are kept to the sums of their lexemes.
func (m *Model) add(s *scratch) {
	d := m.width
	for j, t := range s.listed {
		sum := m.sum(s, t.lexeme)
		for i, x := range s.memories[j*d : (j+1)*d] {
			sum[i] += int32(x)
		}
	}
}

func (m *Model) sum(s *scratch, lexeme int32) []int32 {
	r := int(s.row[lexeme]) * m.width
	return s.sums[r : r+m.width]
}

// decide scores the tags of tokens from to to-1, whose states these are. next is the first of listed from
// there on; what is returned is the first after them.
func (m *Model) decide(s *scratch, from, to int, states []int16, next int, out []linear.Scores) int {
	d, k := m.width, m.kernel
	n := (to - from + tokens - 1) / tokens * tokens
	s.a = resize(s.a, n*d)
	clear(s.a)
	for ; next < len(s.listed) && int(s.listed[next].token) < to; next++ {
		t := s.listed[next]
		mean := s.a[(int(t.token)-from)*d:][:d]
		sum, others := m.sum(s, t.lexeme), 1/float32(s.uses[t.lexeme]-1)
		for i, own := range s.memories[next*d : (next+1)*d] {
			mean[i] = nearest(float32(sum[i]-int32(own)) * others)
		}
	}
	s.y = resize(s.y, n*d)
	y := s.y
	s.in = inputs{states, s.a}
	k.product(y, &s.in, &m.join)
	k.gelu(y)
	s.b = resize(s.b, n*d)
	k.round(s.b, y, m.joined)
	s.tags = resize(s.tags, n*m.output.outs)
	s.in = inputs{s.b}
	k.product(s.tags, &s.in, &m.output)
	for i := from; i < to; i++ {
		copy(out[i][:], s.tags[(i-from)*m.output.outs:])
	}
	return next
}

// resize gives s length n; what it holds is undefined.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/4)
	}
	return s[:n]
}

// grow gives s length n; of what it holds the first used numbers stay.
func grow[T any](s []T, used, n int) []T {
	if cap(s) < n {
		return append(make([]T, 0, n+n/4), s[:used]...)[:n]
	}
	return s[:n]
}

func fill(s []int32, v int32) {
	for i := range s {
		s[i] = v
	}
}
