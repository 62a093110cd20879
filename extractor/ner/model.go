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
	"github.com/datelinenews/dateline/extractor/ner/internal/feature"
	"github.com/datelinenews/dateline/extractor/ner/internal/linear"
	"github.com/datelinenews/dateline/extractor/text"
)

// Model is our own recogniser: a linear-chain conditional random field over the tokens of each
// sentence. MODEL.md says what it was trained on and how good it is. A Model is immutable.
type Model struct {
	name    string
	tables  *feature.Tables
	weights *linear.Weights
	exp     *linear.Factors
	titles  *lexicon.Set
	hash    func() string
	pool    sync.Pool
}

// Load makes a model of the files that ner/train writes: the word tables, which all models share,
// and the weights. It keeps both slices.
func Load(name string, tables, weights []byte) (*Model, error) {
	t, err := feature.Load(tables)
	if err != nil {
		return nil, fmt.Errorf("load model %s: %w", name, err)
	}
	w, err := linear.Load(weights)
	if err != nil {
		return nil, fmt.Errorf("load model %s: %w", name, err)
	}
	m := &Model{name: name, tables: t, weights: w, exp: w.Transitions.Exp(), titles: lexicon.PersonalTitles()}
	m.hash = sync.OnceValue(func() string {
		h := sha256.New()
		h.Write(tables)
		h.Write(weights)
		return hex.EncodeToString(h.Sum(nil)[:6])
	})
	m.pool.New = func() any { return &scratch{doc: feature.NewDoc(t)} }
	return m, nil
}

// Name is the model's name.
func (m *Model) Name() string { return m.name }

// Hash identifies the word tables and the weights: twelve hexadecimal digits.
func (m *Model) Hash() string { return m.hash() }

// scratch is the memory that one Find needs.
type scratch struct {
	doc      *feature.Doc
	features []uint64
	// vectors[w*feature.Offsets+o] is what word w adds to the scores of a token; it is set where
	// ready is.
	vectors []linear.Scores
	ready   []bool
	// scores are those of each token's tags.
	scores  []linear.Scores
	tags    []uint8
	shares  []shares
	sums    []shares
	decoder linear.Decoder
}

// Find implements Finder.
func (m *Model) Find(doc *text.Doc) []Mention {
	s := m.pool.Get().(*scratch)
	s.doc.Analyse(doc)
	n := s.doc.Words() * feature.Offsets
	if len(s.vectors) < n {
		s.vectors, s.ready = make([]linear.Scores, n+n/2), make([]bool, n+n/2)
	}
	clear(s.ready[:n])
	if n := len(doc.Tokens); cap(s.scores) < n {
		s.scores, s.tags, s.shares = make([]linear.Scores, n+n/4), make([]uint8, n+n/4), make([]shares, n+n/4)
	}
	s.scores = s.scores[:len(doc.Tokens)]
	for i := range doc.Sentences {
		sent := &doc.Sentences[i]
		for k := sent.FirstToken; k < sent.EndToken; k++ {
			m.score(sent, i, k, s, &s.scores[k])
		}
	}
	m.agree(doc, s)
	var out []Mention
	for i := range doc.Sentences {
		out = m.sentence(doc, i, s, out)
	}
	s.doc.Release()
	m.pool.Put(s)
	return out
}

func (m *Model) sentence(doc *text.Doc, at int, s *scratch, out []Mention) []Mention {
	sent := &doc.Sentences[at]
	n := sent.EndToken - sent.FirstToken
	scores, tags := s.scores[sent.FirstToken:sent.EndToken], s.tags[:n]
	s.decoder.Viterbi(&m.weights.Transitions, scores, tags)
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
				Score: round(m.weights.Calibrated(float32(p))),
			})
		}
		k = end - 1
	}
	return out
}

// round keeps three decimals: the calibration knows no more.
func round(p float32) float64 { return math.Round(float64(p)*1000) / 1000 }

// score adds up the weights of the features of token i.
func (m *Model) score(sent *text.Sentence, at, i int, s *scratch, out *linear.Scores) {
	*out = linear.Scores{}
	for o := -feature.Reach; o <= feature.Reach; o++ {
		w := s.doc.Neighbour(sent, i, o)
		k := w*feature.Offsets + o + feature.Reach
		v := &s.vectors[k]
		if !s.ready[k] {
			s.features = s.doc.AppendWord(s.features[:0], w, o)
			*v = linear.Scores{}
			m.weights.AddAll(v, s.features)
			s.ready[k] = true
		}
		for j := range out {
			out[j] += v[j]
		}
	}
	s.features = s.doc.AppendToken(s.features[:0], at, i)
	m.weights.AddAll(out, s.features)
}

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
