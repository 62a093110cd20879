package extractor

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/datelinenews/dateline/extractor/coref"
)

// BenchmarkStages times entities and quotes against the whole of Extract on articles of 1, 10 and
// 100 times the length: all must be linear, and the two together under a quarter of the whole.
func BenchmarkStages(b *testing.B) {
	body, err := os.ReadFile("../testdata/articles/lakeside-accord.txt")
	if err != nil {
		b.Fatal(err)
	}
	x, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	for _, times := range []int{1, 10, 100} {
		a := &Article{ID: "stages", Body: strings.Repeat(string(body)+"\n\n", times)}
		words := len(strings.Fields(a.Body))
		doc := x.parser.Parse(a.Text(), 0)
		names := x.finder.Find(doc)
		entities, mentions := coref.Resolve(doc, names)
		report := func(b *testing.B) {
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(words*b.N), "ns/word")
		}
		b.Run(fmt.Sprintf("extract/x%d", times), func(b *testing.B) {
			for b.Loop() {
				x.Extract(a)
			}
			report(b)
		})
		b.Run(fmt.Sprintf("coref/x%d", times), func(b *testing.B) {
			for b.Loop() {
				coref.Resolve(doc, names)
			}
			report(b)
		})
		b.Run(fmt.Sprintf("quote/x%d", times), func(b *testing.B) {
			for b.Loop() {
				x.quotes.Find(doc, mentions, entities)
			}
			report(b)
		})
	}
}
