package extractor

import (
	"os"
	"strings"
	"testing"
)

// BenchmarkExtract reads a statement report of 500 words with all stages, on one core; words/s is
// the figure that README gives.
func BenchmarkExtract(b *testing.B) {
	body, err := os.ReadFile("../testdata/articles/lakeside-accord.txt")
	if err != nil {
		b.Fatal(err)
	}
	x, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	a := &Article{ID: "lakeside-accord", Body: string(body)}
	words := len(strings.Fields(a.Body))
	b.ReportAllocs()
	for b.Loop() {
		x.Extract(a)
	}
	b.ReportMetric(float64(words*b.N)/b.Elapsed().Seconds(), "words/s")
}
