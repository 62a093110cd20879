package conv

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/datelinenews/dateline/extractor/ner/internal/feature"
	"github.com/datelinenews/dateline/extractor/ner/internal/linear"
	"github.com/datelinenews/dateline/extractor/text"
)

var (
	parser = sync.OnceValue(func() *text.Parser {
		p, err := text.NewParser()
		if err != nil {
			panic(err)
		}
		return p
	})
	tables = sync.OnceValue(func() *feature.Tables {
		b, err := os.ReadFile("../../models/words.bin")
		if err != nil {
			panic(err)
		}
		t, err := feature.Load(b)
		if err != nil {
			panic(err)
		}
		return t
	})
	// articles are those of testdata that are single JSON objects.
	articles = sync.OnceValue(func() []*text.Doc {
		var out []*text.Doc
		names, err := filepath.Glob("../../../../testdata/articles/*.json")
		if err != nil || len(names) < 10 {
			panic(fmt.Sprint("testdata/articles/*.json: ", names, err))
		}
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err != nil {
				panic(err)
			}
			var a struct{ Text string }
			if err := json.Unmarshal(b, &a); err == nil && a.Text != "" {
				out = append(out, parser().Parse(a.Text, 0))
			}
		}
		if len(out) < 10 {
			panic(fmt.Sprint("texts in testdata/articles: ", len(out)))
		}
		return out
	})
)

func analyse(doc *text.Doc) *feature.Doc {
	f := feature.NewDoc(tables())
	f.Analyse(doc)
	return f
}

// invented is a network of random weights that knows most features of the articles, and every word
// but each fifth.
func invented(width int, dilations ...int) (n *network, model, vectors []byte) {
	var features, lowers []uint64
	seen, seenLower := map[uint64]bool{}, map[uint64]bool{}
	for _, doc := range articles() {
		f := analyse(doc)
		for i := range doc.Tokens {
			hashes := f.AppendOwnToken(f.AppendOwnWord(nil, f.Word(i)), doc.Tokens[i].Sentence, i)
			for _, h := range hashes {
				if !seen[h] {
					seen[h] = true
					if len(seen)%8 != 0 {
						features = append(features, h)
					}
				}
			}
			if h := f.Lower(f.Word(i)); !seenLower[h] {
				seenLower[h] = true
				if len(seenLower)%5 != 0 {
					lowers = append(lowers, h)
				}
			}
		}
	}
	return invent(11, width, 20, dilations, features, lowers)
}

func scores(m *Model, doc *text.Doc) []linear.Scores {
	out := make([]linear.Scores, len(doc.Tokens))
	m.Scores(doc, analyse(doc), out)
	return out
}

// TestScores compares with the network as it is written down in textbooks, in float64.
func TestScores(t *testing.T) {
	n, b, v := invented(32, 1, 2, 4, 1)
	vectors, err := parseVectors(v, 20)
	if err != nil {
		t.Fatal(err)
	}
	table, err := parse(b)
	if err != nil {
		t.Fatal(err)
	}
	worst, size, memories := 0.0, 0.0, 0
	for _, doc := range articles() {
		want, m := reference(n, &table.features, &vectors, doc)
		memories += m
		for _, k := range all() {
			m, err := load(b, v, k)
			if err != nil {
				t.Fatal(err)
			}
			for i, s := range scores(m, doc) {
				for j, x := range s {
					worst = max(worst, math.Abs(float64(x)-want[i][j]))
					size = max(size, math.Abs(want[i][j]))
				}
			}
		}
	}
	t.Logf("scores up to %.1f, %d of them by memory; at most %.4f off", size, memories, worst)
	if size < 3 || memories < 100 {
		t.Errorf("scores up to %g, %d memories: this shows nothing", size, memories)
	}
	if worst > 0.05 {
		t.Errorf("a score is %g off", worst)
	}
}

// reference is the network of the package's comment without any care for speed. memories counts the
// tokens that have one.
func reference(n *network, features, vectors *table, doc *text.Doc) (out [][]float64, memories int) {
	f := analyse(doc)
	d, length := n.width, len(doc.Tokens)
	apply := func(m dense, x []float64) []float64 {
		y := make([]float64, len(m.weights)/len(x))
		for o := range y {
			if m.bias != nil {
				y[o] = float64(m.bias[o])
			}
			for i, v := range x {
				y[o] += float64(m.weights[o*len(x)+i]) * v
			}
		}
		return y
	}
	layerNorm := func(x []float64, p norm) {
		mean, variance := 0.0, 0.0
		for _, v := range x {
			mean += v / float64(d)
		}
		for _, v := range x {
			variance += (v - mean) * (v - mean) / float64(d)
		}
		for i, v := range x {
			x[i] = (v-mean)/math.Sqrt(variance+1e-5)*float64(p.gamma[i]) + float64(p.beta[i])
		}
	}
	gelu := func(x []float64) {
		for i, v := range x {
			x[i] = 0.5 * v * (1 + math.Tanh(0.7978845608028654*(v+0.044715*v*v*v)))
		}
	}
	h0, h := make([][]float64, length), make([][]float64, length)
	for i := range doc.Tokens {
		w := f.Word(i)
		x := make([]float64, d)
		if r := vectors.find(f.Lower(w)); r >= 0 {
			v := make([]float64, n.vector)
			for j, b := range vectors.row(r) {
				v[j] = float64(int8(b)) * float64(vectors.scale(r))
			}
			x = apply(dense{weights: n.input.weights}, v)
		}
		for j := range x {
			x[j] += float64(n.input.bias[j])
		}
		for _, hash := range f.AppendOwnToken(f.AppendOwnWord(nil, w), doc.Tokens[i].Sentence, i) {
			if r := features.find(hash); r >= 0 {
				for j, b := range features.row(r) {
					x[j] += float64(int8(b)) * float64(features.scale(r))
				}
			}
		}
		layerNorm(x, n.norms[0])
		h0[i], h[i] = x, append([]float64(nil), x...)
	}
	for l, dilation := range n.dilations {
		next := make([][]float64, length)
		for i := range h {
			c := make([]float64, d)
			for tap := range 3 {
				j := i + (tap-1)*dilation
				if j < 0 || j >= length {
					continue
				}
				for o, v := range apply(dense{weights: n.layers[l].weights[tap*d*d : (tap+1)*d*d]}, h[j]) {
					c[o] += v
				}
			}
			for o := range c {
				c[o] += float64(n.layers[l].bias[o])
			}
			gelu(c)
			for o := range c {
				c[o] += h[i][o]
			}
			layerNorm(c, n.norms[l+1])
			next[i] = c
		}
		h = next
	}
	z := make([][]float64, length)
	for i := range z {
		z[i] = apply(n.memory, append(append([]float64(nil), h[i]...), h0[i]...))
		for j, v := range z[i] {
			z[i][j] = math.Tanh(v)
		}
	}
	for i := range h {
		mean := make([]float64, d)
		id, _, _ := f.Lexeme(i)
		others := 0
		for j := range h {
			if other, _, _ := f.Lexeme(j); j != i && id >= 0 && other == id {
				others++
				for o, v := range z[j] {
					mean[o] += v
				}
			}
		}
		if others > 0 {
			memories++
			for o := range mean {
				mean[o] /= float64(others)
			}
		}
		g := apply(n.join, append(append([]float64(nil), h[i]...), mean...))
		gelu(g)
		out = append(out, apply(n.output, g))
	}
	return out, memories
}

// TestKernelsAgree: all kernels give the same bits, so the same tags, with random weights and with
// those that are shipped.
func TestKernelsAgree(t *testing.T) {
	_, random, randomVectors := invented(128, 1, 2, 4, 1)
	read := func(name string) []byte {
		f, err := os.Open("../../models/" + name)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		r := bufio.NewReader(f)
		src := io.Reader(r)
		if magic, _ := r.Peek(2); string(magic) == "\x1f\x8b" { // see ner.Pack
			if src, err = gzip.NewReader(r); err != nil {
				t.Fatal(err)
			}
		}
		b, err := io.ReadAll(src)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for name, files := range map[string][2][]byte{
		"random": {random, randomVectors},
		"open":   {read("open.conv"), read("vectors.bin")},
	} {
		p, err := load(files[0], files[1], &plain)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range all() {
			m, err := load(files[0], files[1], k)
			if err != nil {
				t.Fatal(err)
			}
			var d linear.Decoder
			tags := make([]uint8, 10000)
			named := 0
			for _, doc := range articles()[:5] {
				got, want := scores(m, doc), scores(p, doc)
				for i := range want {
					if got[i] != want[i] {
						t.Fatalf("%s, %s: token %d has the scores %v, want %v", name, k.name, i, got[i], want[i])
					}
				}
				d.Viterbi(&m.Transitions, got, tags[:len(got)])
				for _, tag := range tags[:len(got)] {
					if tag != linear.Outside {
						named++
					}
				}
			}
			if named < 100 {
				t.Errorf("%s, %s: %d tokens in names: this shows nothing", name, k.name, named)
			}
		}
	}
}

// TestBlocks: an article that is computed in blocks has the same scores.
func TestBlocks(t *testing.T) {
	_, b, v := invented(32, 1, 4, 2)
	m, err := Load(b, v)
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range articles() {
		f := analyse(doc)
		want := scores(m, doc)
		for _, size := range []int{1, 7, 16, 100, len(doc.Tokens) - 1, len(doc.Tokens)} {
			for _, kept := range []int{0, size, len(doc.Tokens)} {
				got := make([]linear.Scores, len(want))
				m.score(doc, f, got, &scratch{}, size, kept)
				for i := range want {
					if got[i] != want[i] {
						t.Fatalf("blocks of %d, %d kept: token %d of %d has the scores %v, want %v", size, kept, i, len(want), got[i], want[i])
					}
				}
			}
		}
	}
}

// TestSizes: articles of few tokens, one after the other in the same memory.
func TestSizes(t *testing.T) {
	_, b, v := invented(16, 16, 1)
	m, err := Load(b, v)
	if err != nil {
		t.Fatal(err)
	}
	s := &scratch{}
	for _, n := range []int{40, 3, 0, 1, 2, 5, 17, 1, 64} {
		doc := parser().Parse(strings.Repeat("Lima ", n), 0)
		got := make([]linear.Scores, len(doc.Tokens))
		m.score(doc, analyse(doc), got, s, block, kept)
		for i, want := range scores(m, doc) {
			if got[i] != want {
				t.Fatalf("%d tokens: token %d has the scores %v, want %v", n, i, got[i], want)
			}
		}
	}
}

// TestLong: what 2 MiB of names need does not grow with them, and takes time in proportion.
func TestLong(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	_, b, v := invented(16, 1)
	m, err := Load(b, v)
	if err != nil {
		t.Fatal(err)
	}
	var src strings.Builder
	for i := 0; src.Len() < 2<<20; i++ {
		name := []byte{'A' + byte(i%26), 'a' + byte(i/26%26), 'a' + byte(i/26/26%26), 'a' + byte(i/26/26/26%4)}
		fmt.Fprintf(&src, "%s ", name)
	}
	doc := parser().Parse(src.String(), 0)
	s := &scratch{}
	out := make([]linear.Scores, len(doc.Tokens))
	m.score(doc, analyse(doc), out, s, block, kept)
	if s.nSums != mostSums {
		t.Errorf("%d words have memories, want %d", s.nSums, mostSums)
	}
	if n := cap(s.h) + cap(s.y) + cap(s.states); n > 4*block*m.width {
		t.Errorf("the states of %d tokens are kept", n/m.width)
	}
}

// TestAllocations: an article after the first takes no new memory.
func TestAllocations(t *testing.T) {
	_, b, v := invented(32, 1, 2)
	m, err := Load(b, v)
	if err != nil {
		t.Fatal(err)
	}
	doc := articles()[0]
	f, out, s := analyse(doc), make([]linear.Scores, len(doc.Tokens)), &scratch{}
	if n := testing.AllocsPerRun(10, func() { m.score(doc, f, out, s, block, kept) }); n > 0 {
		t.Errorf("%g allocations an article", n)
	}
}

// TestConcurrent: one model serves all goroutines.
func TestConcurrent(t *testing.T) {
	_, b, v := invented(32, 1, 2)
	m, err := Load(b, v)
	if err != nil {
		t.Fatal(err)
	}
	var want [][]linear.Scores
	for _, doc := range articles() {
		want = append(want, scores(m, doc))
	}
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for round := range 3 {
				at := (g + round) % len(want)
				for i, s := range scores(m, articles()[at]) {
					if s != want[at][i] {
						t.Errorf("token %d has other scores", i)
						return
					}
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkScores(b *testing.B) {
	_, file, v := invented(128, 1, 2, 4, 1)
	for _, k := range all() {
		b.Run(k.name, func(b *testing.B) {
			m, err := load(file, v, k)
			if err != nil {
				b.Fatal(err)
			}
			doc := articles()[0]
			f, out := analyse(doc), make([]linear.Scores, len(doc.Tokens))
			b.ReportAllocs()
			for b.Loop() {
				m.Scores(doc, f, out)
			}
			b.ReportMetric(float64(len(out))*float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	_, file, v := invented(128, 1, 2, 4, 1)
	for b.Loop() {
		if _, err := Load(file, v); err != nil {
			b.Fatal(err)
		}
	}
}
