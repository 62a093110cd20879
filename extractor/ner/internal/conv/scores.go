package conv

import (
	"github.com/datelinenews/dateline/extractor/ner/internal/feature"
	"github.com/datelinenews/dateline/extractor/ner/internal/linear"
	"github.com/datelinenews/dateline/extractor/text"
)

// Memory is bounded by computing an article in blocks of so many tokens, which overlap by what a token
// sees, so that they change nothing. Only tokens of words that are used elsewhere, too, must wait until all
// is read: up to kept of them do, with their states; where there are more, the article is read twice instead,
// for the memories and to be scored.
const (
	block = 1024
	kept  = 8 * block
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
	now       []int32 // the block's tokens without a memory

	// Tokens with a memory, of all blocks that are kept.
	listed   []listed
	states   []int16 // theirs
	memories []int16
}

type listed struct{ token, lexeme int32 }

// Scores fills out with the scores of the tags of all tokens of doc, which f has analysed.
func (m *Model) Scores(doc *text.Doc, f *feature.Doc, out []linear.Scores) {
	s := m.pool.Get().(*scratch)
	m.score(doc, f, out, s, block, kept)
	m.pool.Put(s)
}

func (m *Model) score(doc *text.Doc, f *feature.Doc, out []linear.Scores, s *scratch, block, kept int) {
	n := len(doc.Tokens)
	s.slot = resize(s.slot, f.Words())
	fill(s.slot, -1)
	s.first, s.next = 0, 0
	twice := m.count(f, s, n) > kept
	s.listed = s.listed[:0]
	if twice {
		for from := 0; from < n; from += block {
			m.read(doc, f, s, from, min(from+block, n))
			m.remember(f, s, from, min(from+block, n))
			m.add(s)
			s.listed = s.listed[:0]
		}
	}
	for from := 0; from < n; from += block {
		to := min(from+block, n)
		m.read(doc, f, s, from, to)
		m.remember(f, s, from, to)
		m.decideNow(s, out)
		if twice {
			m.decideListed(s, block, out)
			s.listed = s.listed[:0]
		}
	}
	if !twice {
		m.add(s)
		m.decideListed(s, block, out)
	}
}

// count finds the lexemes that are used more than once, gives each a sum, and returns how many tokens are
// theirs.
func (m *Model) count(f *feature.Doc, s *scratch, n int) int {
	s.uses, s.row = resize(s.uses, f.Lexemes()), resize(s.row, f.Lexemes())
	clear(s.uses)
	fill(s.row, -1)
	s.nSums = 0
	tokens := 0
	for i := range n {
		id, _, _ := f.Lexeme(i)
		if id < 0 {
			continue
		}
		s.uses[id]++
		switch {
		case s.row[id] >= 0:
			tokens++
		case s.uses[id] == 2 && s.nSums < mostSums:
			s.row[id] = int32(s.nSums)
			s.nSums++
			tokens += 2
		}
	}
	s.sums = resize(s.sums, s.nSums*m.width)
	clear(s.sums)
	return tokens
}

// read computes the state of tokens from to to-1, and of as many before and after as it takes.
func (m *Model) read(doc *text.Doc, f *feature.Doc, s *scratch, from, to int) {
	d, k := m.width, m.kernel
	s.lo, s.hi = max(0, from-m.reach), min(len(doc.Tokens), to+m.reach)
	n := s.hi - s.lo
	rows := tiled(n)
	s.h, s.y = resize(s.h, n*d), resize(s.y, rows*d)
	s.state, s.input = resize(s.state, (maxDilation+rows+maxDilation)*d), resize(s.input, rows*d)
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
	rows := tiled(n)
	s.vectors, s.scales, s.words = resize(s.vectors, rows*m.vector), resize(s.scales, n), resize(s.words, rows*d)
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

// remember adds the tokens of the block whose word is used elsewhere, too, to those that are kept, and
// computes their memories. The others go to now.
func (m *Model) remember(f *feature.Doc, s *scratch, from, to int) {
	d, k := m.width, m.kernel
	first := len(s.listed)
	s.now = s.now[:0]
	for i := from; i < to; i++ {
		if id, _, _ := f.Lexeme(i); id >= 0 && s.row[id] >= 0 {
			s.listed = append(s.listed, listed{int32(i), int32(id)})
		} else {
			s.now = append(s.now, int32(i))
		}
	}
	found := s.listed[first:]
	n := tiled(len(found))
	rows := first + n + tokens // whole tiles to the end, from whichever token they are counted
	s.states, s.memories = grow(s.states, first*d, rows*d), grow(s.memories, first*d, rows*d)
	if n == 0 {
		return
	}
	states := s.states[first*d:]
	s.b = resize(s.b, n*d)
	for j, t := range found {
		r := (int(t.token) - s.lo) * d
		copy(states[j*d:(j+1)*d], s.state[maxDilation*d+r:])
		copy(s.b[j*d:(j+1)*d], s.input[r:])
	}
	y := s.y[:n*d]
	s.in = inputs{states, s.b}
	k.product(y, &s.in, &m.memory)
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

// decideNow scores the tags of the block's tokens that have no memory.
func (m *Model) decideNow(s *scratch, out []linear.Scores) {
	d := m.width
	n := tiled(len(s.now))
	s.a, s.b = resize(s.a, n*d), resize(s.b, n*d)
	clear(s.a)
	for j, t := range s.now {
		copy(s.b[j*d:(j+1)*d], s.state[(maxDilation+int(t)-s.lo)*d:])
	}
	m.decide(s, s.b, n)
	for j, t := range s.now {
		copy(out[t][:], s.tags[j*m.output.outs:])
	}
}

// decideListed scores the tags of the tokens that are kept, so many at a time.
func (m *Model) decideListed(s *scratch, block int, out []linear.Scores) {
	d := m.width
	block = tiled(block) // states come in whole tiles
	for first := 0; first < len(s.listed); first += block {
		part := s.listed[first:min(first+block, len(s.listed))]
		n := tiled(len(part))
		s.a = resize(s.a, n*d)
		for j, t := range part {
			mean := s.a[j*d : (j+1)*d]
			sum, others := m.sum(s, t.lexeme), 1/float32(s.uses[t.lexeme]-1)
			for i, own := range s.memories[(first+j)*d:][:d] {
				mean[i] = nearest(float32(sum[i]-int32(own)) * others)
			}
		}
		m.decide(s, s.states[first*d:], n)
		for j, t := range part {
			copy(out[t.token][:], s.tags[j*m.output.outs:])
		}
	}
}

// decide computes the scores of n tokens, a whole number of tiles: of their states, and of what the other
// uses of their words are like, which is in s.a.
func (m *Model) decide(s *scratch, states []int16, n int) {
	d, k := m.width, m.kernel
	s.y = resize(s.y, n*d)
	s.in = inputs{states, s.a}
	k.product(s.y, &s.in, &m.join)
	k.gelu(s.y)
	s.b = resize(s.b, n*d) // it may hold the states, which are no longer needed
	k.round(s.b, s.y, m.joined)
	s.tags = resize(s.tags, n*m.output.outs)
	s.in = inputs{s.b}
	k.product(s.tags, &s.in, &m.output)
}

// tiled is n tokens rounded up to whole tiles.
func tiled(n int) int { return (n + tokens - 1) / tokens * tokens }

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
