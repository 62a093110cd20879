package train

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/datelinenews/dateline/extractor/ner/internal/feature"
)

// vectorsMagic opens the file of word vectors.
const vectorsMagic = "dateline vecs 1\n"

// Vectors lays out the file of word vectors that the convolutional models share: those of the
// first keep words that have a letter, each number in a byte. in is the file that Clusters reads.
func Vectors(in io.Reader, keep int) ([]byte, error) {
	words, vecs, err := readVectors(in, math.MaxInt)
	if err != nil {
		return nil, fmt.Errorf("read vectors: %w", err)
	}
	var keys []uint64
	var kept []float32
	for i, w := range words {
		if len(keys) == keep {
			break
		}
		if strings.ContainsFunc(w, unicode.IsLetter) {
			keys = append(keys, feature.Hash(w))
			kept = append(kept, vecs[i*dims:(i+1)*dims]...)
		}
	}
	return appendTable([]byte(vectorsMagic), keys, kept, dims), nil
}

// appendTable lays out rows of numbers that are found by hashes: buckets by the high half of the
// hash, in a bucket the low half tells the rows apart. A row is a byte a number, times the row's
// scale. train/model.py writes the same form.
func appendTable(b []byte, keys []uint64, rows []float32, width int) []byte {
	n := len(keys)
	buckets := uint64(n/2 + 1)
	bucket := func(k uint64) uint64 { return k >> 32 * buckets >> 32 }
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(bucket(keys[a])) - int(bucket(keys[b])) })
	put := func(v uint32) { b = binary.LittleEndian.AppendUint32(b, v) }
	put(uint32(n))
	put(uint32(buckets))
	put(uint32(width))
	next := 0
	for k := range buckets + 1 {
		for next < n && bucket(keys[order[next]]) < k {
			next++
		}
		put(uint32(next))
	}
	for _, i := range order {
		put(uint32(keys[i]))
	}
	scales := make([]float32, n)
	for _, i := range order {
		for _, x := range rows[i*width : (i+1)*width] {
			scales[i] = max(scales[i], x/127, -x/127)
		}
		put(math.Float32bits(scales[i]))
	}
	for _, i := range order {
		for _, x := range rows[i*width : (i+1)*width] {
			if scales[i] > 0 {
				x /= scales[i]
			}
			b = append(b, byte(int8(math.RoundToEven(float64(x)))))
		}
	}
	return b
}
