package ner

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/datelinenews/dateline/extractor/lexicon"
	"github.com/datelinenews/dateline/extractor/ner/internal/conv"
	"github.com/datelinenews/dateline/extractor/ner/internal/feature"
	"github.com/datelinenews/dateline/extractor/ner/internal/linear"
	"github.com/datelinenews/dateline/extractor/text"
)

// Model is a recogniser of our own: a tagger, which scores the tags of each token, and a decoder, which
// chooses among the sequences of tags of each sentence as a linear-chain conditional random field
// does. MODEL.md says what the models were trained on and how good they are. A Model is immutable.
type Model struct {
	name        string
	tagger      tagger
	tables      *feature.Tables
	transitions *linear.Transitions
	exp         *linear.Factors
	// calibration gives the share of names that are right among those of a marginal probability.
	calibration linear.Calibration
	titles      *lexicon.Set
	hash        func() string
	pool        sync.Pool
}

// tagger scores the tags of each token of an article, which f has analysed.
type tagger interface {
	Scores(doc *text.Doc, f *feature.Doc, out []linear.Scores)
}

// Load makes a linear model of the files that ner/train writes: the word tables, which all models
// share, and the weights. It keeps both slices.
func Load(name string, tables, weights []byte) (*Model, error) {
	weights, err := Unpack(weights)
	if err != nil {
		return nil, fmt.Errorf("load model %s: %w", name, err)
	}
	w, err := linear.Load(weights)
	if err != nil {
		return nil, fmt.Errorf("load model %s: %w", name, err)
	}
	exp := w.Transitions.Exp()
	return newModel(name, newCRF(w, exp), &w.Transitions, exp, w.Calibration, tables, weights)
}

// LoadConv makes a convolutional model of the word tables, the word vectors, which all such models
// share, and the model's own file. It keeps all three slices.
func LoadConv(name string, tables, vectors, model []byte) (*Model, error) {
	model, err := Unpack(model)
	if err != nil {
		return nil, fmt.Errorf("load model %s: %w", name, err)
	}
	c, err := conv.Load(model, vectors)
	if err != nil {
		return nil, fmt.Errorf("load model %s: %w", name, err)
	}
	return newModel(name, c, &c.Transitions, c.Transitions.Exp(), c.Calibration(), tables, vectors, model)
}

func newModel(name string, t tagger, transitions *linear.Transitions, exp *linear.Factors, calibration linear.Calibration, files ...[]byte) (*Model, error) {
	tables, err := feature.Load(files[0])
	if err != nil {
		return nil, fmt.Errorf("load model %s: %w", name, err)
	}
	m := &Model{name: name, tagger: t, tables: tables, transitions: transitions, exp: exp, calibration: calibration, titles: lexicon.PersonalTitles()}
	m.hash = sync.OnceValue(func() string {
		h := sha256.New()
		for _, b := range files {
			h.Write(b)
		}
		return hex.EncodeToString(h.Sum(nil)[:6])
	})
	m.pool.New = func() any { return &scratch{doc: feature.NewDoc(tables)} }
	return m, nil
}

// Name is the model's name.
func (m *Model) Name() string { return m.name }

// Hash identifies the files that the model was made of: twelve hexadecimal digits.
func (m *Model) Hash() string { return m.hash() }

// scratch is the memory that one Find needs, beside the tagger's.
type scratch struct {
	doc     *feature.Doc
	scores  []linear.Scores // of each token's tags
	tags    []uint8
	decoder linear.Decoder
	votes   votes
}

// Find implements Finder.
func (m *Model) Find(doc *text.Doc) []Mention {
	s := m.pool.Get().(*scratch)
	s.doc.Analyse(doc)
	if n := len(doc.Tokens); cap(s.scores) < n {
		s.scores, s.tags = make([]linear.Scores, n+n/4), make([]uint8, n+n/4)
	}
	s.scores = s.scores[:len(doc.Tokens)]
	m.tagger.Scores(doc, s.doc, s.scores)
	var out []Mention
	for i := range doc.Sentences {
		out = m.sentence(doc, i, s, out)
	}
	s.doc.Release()
	out = conventions(doc, out)
	if len(m.calibration) > 0 { // without it scores do not say what is doubtful
		out = s.votes.settle(doc.Text, out)
	}
	m.pool.Put(s)
	return out
}

func (m *Model) sentence(doc *text.Doc, at int, s *scratch, out []Mention) []Mention {
	sent := &doc.Sentences[at]
	n := sent.EndToken - sent.FirstToken
	scores, tags := s.scores[sent.FirstToken:sent.EndToken], s.tags[:n]
	s.decoder.Viterbi(m.transitions, scores, tags)
	forward := false
	for k := 0; k < n; k++ {
		tag := int(tags[k])
		if tag == linear.Outside {
			continue
		}
		t := (tag - 1) / 4
		end := k + 1
		if tag == linear.Begin(t) {
			for end < n && int(tags[end]) != linear.End(t) {
				end++
			}
			end = min(end+1, n)
		}
		if !forward {
			s.decoder.Forward(m.exp, scores)
			forward = true
		}
		p := s.decoder.Name(m.exp, k, end, t)
		first, last := sent.FirstToken+k, sent.FirstToken+end
		first, last = m.trim(doc, first, last, Type(t+1))
		if first < last {
			span := text.Span{Start: doc.Tokens[first].Start, End: doc.Tokens[last-1].End}
			out = append(out, Mention{
				Span: span, Text: span.In(doc.Text), Type: Type(t + 1), Form: form(doc.Tokens[first:last]),
				Score: round(m.calibration.At(float32(p))),
			})
		}
		k = end - 1
	}
	return out
}

// round keeps three decimals: the calibration knows no more.
func round(p float32) float64 { return math.Round(float64(p)*1000) / 1000 }

// trim cuts off what is no part of a name by definition: a leading article, a possessive ending,
// and the titles before a person's name.
func (m *Model) trim(doc *text.Doc, first, end int, t Type) (int, int) {
	for first < end {
		switch doc.Tokens[first].Text {
		case "The", "the", "A", "a", "An", "an", "THE":
			first++
			continue
		}
		break
	}
	if end > first {
		switch doc.Tokens[end-1].Text {
		case "'s", "’s", "'S", "’S":
			end--
		}
	}
	for t == Person && end-first > 1 && m.titles.Has(strings.ToLower(doc.Tokens[first].Text)) && letter(doc.Tokens[first+1].Text) {
		first++
	}
	return first, end
}

// letter reports whether a word starts with a letter.
func letter(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLetter(r)
}

// form tells initialisms from names written out.
func form(toks []text.Token) Form {
	if len(toks) != 1 {
		return Name
	}
	s := toks[0].Text
	letters := 0
	for i := range len(s) {
		switch c := s[i]; {
		case 'A' <= c && c <= 'Z':
			letters++
		case c == '.' || '0' <= c && c <= '9' || c == '&':
		default:
			return Name
		}
	}
	if letters >= 2 {
		return Acronym
	}
	return Name
}
