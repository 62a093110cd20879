// Package extractor reads a news article and says who is in it, what was said, by whom, and when.
//
// It is a pure library: an Article in, an Analysis out; no input or output, no clock, no network.
//
// Extract is ordinary code, a package a step: text cuts the article into paragraphs, sentences and tokens; ner
// finds names; coref makes people, organisations and places of them; timex finds dates, and quote what was
// said, and by whom. All of them speak of the article by byte offsets into Article.Text, and of each other by
// index. Package pipeline makes records of analyses, and moves them.
package extractor

import (
	"fmt"

	"github.com/datelinenews/dateline/extractor/coref"
	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/quote"
	"github.com/datelinenews/dateline/extractor/text"
	"github.com/datelinenews/dateline/extractor/timex"
)

// Analysis is what Extract finds in an article. All spans are byte ranges into Article.Text();
// relations are indices. The slices are never nil, so that they are [] in JSON.
type Analysis struct {
	// Version identifies the models, lexicons and rules that made the analysis.
	Version  string         `json:"version"`
	Entities []coref.Entity `json:"entities"`
	Mentions []ner.Mention  `json:"mentions"`
	Dates    []timex.Date   `json:"dates"`
	Quotes   []quote.Quote  `json:"quotes"`
}

// Options are the choices that an Extractor is made with. The zero value is the default.
type Options struct {
	// Finder finds the names. Default: our own recogniser.
	Finder ner.Finder
	// FinderName goes into the version, so that a change of engine is a change of version; of our
	// own models it is the hash.
	FinderName string
	// Quotes chooses what is a quotation and who said it. Default: quote's own default model.
	Quotes *quote.Model
	// DateOrder says how 1/2/2025 is read. Default: the month first.
	DateOrder timex.DateOrder
}

// Extractor reads articles. One Extractor serves all goroutines.
type Extractor struct {
	parser  *text.Parser
	finder  ner.Finder
	dates   timex.Options
	quotes  *quote.Model
	version string
}

// New loads the models. It fails only where an embedded model is damaged.
func New(opts Options) (*Extractor, error) {
	parser, err := text.NewParser()
	if err != nil {
		return nil, fmt.Errorf("new extractor: %w", err)
	}
	x := &Extractor{parser: parser, finder: opts.Finder, dates: timex.Options{Order: opts.DateOrder}, quotes: opts.Quotes}
	if x.quotes == nil {
		if x.quotes, err = quote.Open(""); err != nil {
			return nil, fmt.Errorf("new extractor: %w", err)
		}
	}
	name := opts.FinderName
	if x.finder == nil {
		model, err := ner.New()
		if err != nil {
			return nil, fmt.Errorf("new extractor: %w", err)
		}
		x.finder, name = model, model.Hash()
	}
	x.version = version(name+"\x00"+x.quotes.Name(), opts.DateOrder)
	return x, nil
}

// Version identifies what decides the output: models, lexicons and rules.
func (x *Extractor) Version() string { return x.version }

// Extract analyses an article. It is total and deterministic: any article that passes
// Article.Validate gives an Analysis, and the same one on every run.
func (x *Extractor) Extract(a *Article) *Analysis {
	src := a.Text()
	doc := x.parser.Parse(src, a.titleEnd())
	names := x.finder.Find(doc)
	entities, mentions := coref.Resolve(doc, names)
	dates := timex.FindWith(doc, a.Published, x.dates)
	quotes := x.quotes.Find(doc, mentions, entities)
	return &Analysis{
		Version:  x.version,
		Entities: orEmpty(entities),
		Mentions: orEmpty(mentions),
		Dates:    orEmpty(dates),
		Quotes:   orEmpty(quotes),
	}
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
