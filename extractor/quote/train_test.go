package quote_test

import (
	"flag"
	"fmt"
	"math"
	"os"
	"sort"
	"strings"
	"testing"

	"github.com/datelinenews/dateline/extractor/coref"
	"github.com/datelinenews/dateline/extractor/quote"
	"github.com/datelinenews/dateline/extractor/text"
)

var trainMarks = flag.Bool("train", false, "rebuild data/marks.tsv from the set that -gold names")

// example is a stretch in marks and whether the annotators took it for a quotation.
type example struct {
	features []string
	quote    bool
	doc      int
}

func markExamples(t *testing.T) []example {
	t.Helper()
	parser, err := text.NewParser()
	if err != nil {
		t.Fatal(err)
	}
	var out []example
	docs := loadGold(t)
	for i := range docs {
		g := &docs[i]
		doc := parser.Parse(g.text, 0)
		ents, mentions := coref.Resolve(doc, g.nameMentions())
		for _, c := range quote.Candidates(doc, mentions, ents) {
			e := example{features: c.Features, doc: i}
			for _, q := range g.quotes {
				if !q.indirect && iou(bare(g.text, c.Span), bare(g.text, q.Span)) >= 0.8 {
					e.quote = true
				}
			}
			out = append(out, e)
		}
	}
	return out
}

// fit is a logistic regression with a quadratic penalty, by gradient descent from zero with a
// fixed number of steps: the same weights on every run.
func fit(examples []example, penalty float64) map[string]float64 {
	const steps, rate = 600, 0.5
	w := map[string]float64{}
	for range steps {
		g := map[string]float64{}
		for _, e := range examples {
			d := -sigmoid(w, e.features)
			if e.quote {
				d++
			}
			for _, f := range e.features {
				g[f] += d
			}
		}
		for f, d := range g {
			w[f] += rate * (d - penalty*w[f]) / float64(len(examples)) * 20
		}
	}
	return w
}

func sigmoid(w map[string]float64, features []string) float64 {
	z := 0.0
	for _, f := range features {
		z += w[f]
	}
	return 1 / (1 + math.Exp(-z))
}

// TestTrainMarks cross-validates the classifier of stretches in marks and, with -train, writes its
// weights.
func TestTrainMarks(t *testing.T) {
	if !*trainMarks {
		t.Skip("only with -train")
	}
	examples := markExamples(t)
	for _, penalty := range []float64{0.5, 1, 2, 4} {
		const folds = 5
		var sum tally
		for k := range folds {
			var in, out []example
			for _, e := range examples {
				if e.doc%folds == k {
					out = append(out, e)
				} else {
					in = append(in, e)
				}
			}
			w := fit(in, penalty)
			for _, e := range out {
				said := sigmoid(w, e.features) >= 0.5
				if said {
					sum.predicted++
				}
				if e.quote {
					sum.gold++
				}
				if said && e.quote {
					sum.right++
				}
			}
		}
		t.Logf("penalty %.1f, %d folds, %d stretches: %s", penalty, folds, len(examples), sum)
	}
	w := fit(examples, 2)
	counts := map[string]int{}
	for _, e := range examples {
		for _, f := range e.features {
			counts[f]++
		}
	}
	var names []string
	for f := range w {
		if counts[f] > 2 {
			names = append(names, f)
		}
	}
	sort.Strings(names)
	var b strings.Builder
	b.WriteString("# Weights of the classifier of stretches in marks; see MODEL.md.\n")
	for _, f := range names {
		fmt.Fprintf(&b, "%s\t%.3f\n", f, w[f])
	}
	if err := os.WriteFile("data/marks.tsv", []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
