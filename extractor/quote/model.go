package quote

import (
	_ "embed"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"

	"github.com/datelinenews/dateline/extractor/coref"
	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/text"
)

//go:embed data/open.tsv
var open string

// Model is the weights that choose among what the rules propose. One Model serves all goroutines.
// data/MODEL.md says what they learnt from.
type Model struct {
	name string
	// marks tells quotations from other stretches in marks, speakers ranks who may have said a
	// quotation, reported tells reported clauses from other clauses.
	marks, speakers, reported weights
}

// weights of a log-linear model, by feature.
type weights map[string]float64

// Models lists the models that are built in, the default first.
func Models() []string {
	if news == "" {
		return []string{"open"}
	}
	return []string{"news", "open"}
}

// Open loads the model of this name; "" is the default.
func Open(name string) (*Model, error) {
	if name == "" {
		name = Models()[0]
	}
	switch {
	case name == "news" && news != "":
		return loadNews(), nil
	case name == "open":
		return loadOpen(), nil
	}
	return nil, fmt.Errorf("no model of quotes %q: this program has %s", name, strings.Join(Models(), " and "))
}

var (
	loadNews = sync.OnceValue(func() *Model { return parseModel("news", news) })
	loadOpen = sync.OnceValue(func() *Model { return parseModel("open", open) })
)

// parseModel reads lines of part, feature and weight.
func parseModel(name, tsv string) *Model {
	m := &Model{name: name, marks: weights{}, speakers: weights{}, reported: weights{}}
	parts := map[string]weights{"marks": m.marks, "speakers": m.speakers, "reported": m.reported}
	for line := range strings.Lines(tsv) {
		cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(cells) != 3 || line[0] == '#' {
			continue
		}
		if w, err := strconv.ParseFloat(cells[2], 64); err == nil && parts[cells[0]] != nil {
			parts[cells[0]][cells[1]] = w
		}
	}
	return m
}

// Name is the model's name.
func (m *Model) Name() string { return m.name }

// Find returns the article's quotes in text order. Mentions and entities are coref.Resolve's.
func (m *Model) Find(doc *text.Doc, mentions []ner.Mention, entities []coref.Entity) []Quote {
	f := newFinder(m, doc, mentions, entities)
	for i := range f.units {
		f.marked(i)
	}
	f.unmarked()
	return f.out
}

// Find finds quotes with the default model; see Model.Find.
func Find(doc *text.Doc, mentions []ner.Mention, entities []coref.Entity) []Quote {
	m, err := Open("")
	if err != nil {
		panic(err) // there is always a default
	}
	return m.Find(doc, mentions, entities)
}

// sum is the weight of some features together.
func (w weights) sum(features []string) float64 {
	z := 0.0
	for _, f := range features {
		z += w[f]
	}
	return z
}

// probability of a yes under a logistic regression.
func (w weights) probability(features []string) float64 { return 1 / (1 + math.Exp(-w.sum(features))) }
