// Package prosev2 is the stock name recogniser of github.com/jdkato/prose/v2 behind ner.Finder: a
// baseline that the evaluation prints beside our own, and an engine to choose.
//
// It is a package of its own so that only what imports it links v2's models.
package prosev2

import (
	"fmt"
	"strings"

	"github.com/jdkato/prose/v2"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/prosev3"
	"github.com/datelinenews/dateline/extractor/text"
)

// Name is the engine's name.
const Name = "prose-v2"

// Finder finds names with prose's maximum-entropy model. It serves all goroutines.
type Finder struct{ model *prose.Model }

// New loads the models, 40 MB of heap once unpacked: load one Finder for a process.
func New() (*Finder, error) {
	d, err := prose.NewDocument("Load.", prose.WithSegmentation(false))
	if err != nil {
		return nil, fmt.Errorf("load prose v2: %w", err)
	}
	return &Finder{model: d.Model}, nil
}

// score is the precision of the type on 325 annotated Wikinews articles: prose itself gives no
// probability.
func score(t ner.Type) float64 {
	switch t {
	case ner.Person:
		return 0.48
	case ner.Organisation:
		return 0.43
	}
	return 0.42
}

// Find implements ner.Finder.
func (f *Finder) Find(doc *text.Doc) []ner.Mention {
	src := prosev3.Readable(doc.Text)
	d := f.read(src)
	if d == nil {
		return nil
	}
	var out []ner.Mention
	last := 0
	for _, c := range align(src, d.Tokens(), d.Entities()) {
		t, ok := prosev3.TypeOf(c.label)
		if !ok {
			continue
		}
		m, ok := prosev3.Mention(doc, text.Span{Start: max(c.Start, last), End: c.End}, t)
		if !ok {
			continue
		}
		m.Score = score(t)
		out = append(out, m)
		last = m.End
	}
	return out
}

// read is prose's reading of the text, nil where prose panics: it cuts strings at the offsets of
// their lower-cased copies, which are off where a letter's lower case has another length.
func (f *Finder) read(src string) (d *prose.Document) {
	defer func() {
		if recover() != nil {
			d = nil
		}
	}()
	d, err := prose.NewDocument(src, prose.UsingModel(f.model), prose.WithSegmentation(false))
	if err != nil {
		return nil
	}
	return d
}

// chunk is an entity that has been found in the text again.
type chunk struct {
	text.Span
	label string
}

// align finds prose's entities in the text: v2 keeps no offsets. Its tokens are the text's
// stretches of ink in order, with curly marks made straight, and an entity's text is its tokens
// joined by spaces; so the tokens are walked along the text, and the entities along the tokens.
func align(src string, tokens []prose.Token, entities []prose.Entity) []chunk {
	clean, at := straighten(src)
	spans := make([]text.Span, len(tokens)) // empty where a token is not to be found
	pos := 0
	for i, t := range tokens {
		n := strings.Index(clean[pos:], t.Text)
		if n < 0 || t.Text == "" {
			continue
		}
		start := pos + n
		pos = start + len(t.Text)
		spans[i] = text.Span{Start: at[start], End: at[pos]}
	}
	var out []chunk
	next := 0
	for _, e := range entities {
		for i := next; i < len(tokens); i++ {
			// An entity opens with a labelled token; an earlier namesake without a label is none.
			if tokens[i].Label == "O" || tokens[i].Label == "" {
				continue
			}
			n := run(tokens[i:], e.Text)
			if n == 0 || spans[i].Len() == 0 || spans[i+n-1].Len() == 0 {
				continue
			}
			out = append(out, chunk{text.Span{Start: spans[i].Start, End: spans[i+n-1].End}, e.Label})
			next = i + n
			break
		}
	}
	return out
}

// run is how many tokens, joined by spaces, are the text; 0 where no number of them is.
func run(tokens []prose.Token, joined string) int {
	rest := joined
	for i, t := range tokens {
		var ok bool
		if rest, ok = strings.CutPrefix(rest, t.Text); !ok {
			return 0
		}
		if rest == "" {
			return i + 1
		}
		if rest, ok = strings.CutPrefix(rest, " "); !ok {
			return 0
		}
	}
	return 0
}

// straighten makes curly marks straight as prose does, and gives for each byte of the result, and
// for its end, the byte offset in src.
func straighten(src string) (string, []int) {
	var b strings.Builder
	b.Grow(len(src))
	at := make([]int, 0, len(src)+1)
	for i := 0; i < len(src); {
		from, to := src[i:i+1], src[i:i+1]
		for _, r := range replaced {
			if strings.HasPrefix(src[i:], r.from) {
				from, to = r.from, r.to
				break
			}
		}
		for range len(to) {
			at = append(at, i)
		}
		b.WriteString(to)
		i += len(from)
	}
	return b.String(), append(at, len(src))
}

// replaced is what prose replaces before it cuts.
var replaced = []struct{ from, to string }{{"“", `"`}, {"”", `"`}, {"‘", "'"}, {"’", "'"}, {"&rsquo;", "'"}}
