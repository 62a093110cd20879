// Package text cuts an article into paragraphs, sentences and tokens that know where they came
// from. Tokens, sentence ends and part-of-speech tags are prose's (github.com/jdkato/prose/v3);
// this package mends the cuts where prose's would break or glue names (see token.go), and adds
// paragraphs.
//
// Every span is a half-open range of UTF-8 bytes into the parsed text, on rune boundaries, and
// text[span.Start:span.End] is always the surface. The text itself is never rewritten.
package text

import (
	"fmt"
	"sort"
	"sync"

	"github.com/jdkato/prose/v3/segment"
	"github.com/jdkato/prose/v3/tag"
	"github.com/jdkato/prose/v3/token"
	"github.com/jdkato/prose/v3/tokenize"
)

// Span is a half-open range of UTF-8 bytes into an article's text.
type Span struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

// Len is the span's length in bytes.
func (s Span) Len() int { return s.End - s.Start }

// In is the stretch of src that the span covers.
func (s Span) In(src string) string { return src[s.Start:s.End] }

// Contains reports whether o lies wholly inside s.
func (s Span) Contains(o Span) bool { return s.Start <= o.Start && o.End <= s.End }

// Overlaps reports whether s and o share at least one byte.
func (s Span) Overlaps(o Span) bool { return s.Start < o.End && o.Start < s.End }

// Token is a word, number or punctuation mark. Hyphens, slashes, dashes, brackets and quotation
// marks are tokens of their own ("U.S.-led" is U.S., -, led), so that a name may end at any of
// them; possessive endings are split off ("Women", "’s").
type Token struct {
	Span
	// Text is the surface, a substring of the parsed text.
	Text string
	// Tag is the Penn Treebank part of speech.
	Tag string
	// Sentence is the index of the sentence that holds the token.
	Sentence int
}

// Sentence is a stretch of one paragraph.
type Sentence struct {
	Span
	// FirstToken and EndToken are a half-open range into Doc.Tokens.
	FirstToken, EndToken int
	// Paragraph is the index of the paragraph that holds the sentence.
	Paragraph int
}

// Paragraph is a stretch of text between line breaks that end a thought: blank lines, or single
// line breaks where the text is not hard-wrapped.
type Paragraph struct {
	Span
	// FirstSentence and EndSentence are a half-open range into Doc.Sentences.
	FirstSentence, EndSentence int
}

// Doc is a parsed article. Tokens, sentences and paragraphs are in text order; each sentence has
// at least one token, each paragraph at least one sentence.
type Doc struct {
	Text string
	// TitleEnd is the length in bytes of the title that opens Text; 0 where there is none.
	TitleEnd   int
	Tokens     []Token
	Sentences  []Sentence
	Paragraphs []Paragraph
}

// Parser cuts text. One parser serves all goroutines.
type Parser struct {
	tokenizer *tokenize.Tokenizer
	segmenter *segment.Segmenter
	tagger    *tag.Tagger
}

// NewParser loads prose's models (shared by all parsers of the process).
func NewParser() (*Parser, error) {
	seg, err := segment.New()
	if err != nil {
		return nil, fmt.Errorf("load sentence model: %w", err)
	}
	tagger, err := tag.New()
	if err != nil {
		return nil, fmt.Errorf("load tag model: %w", err)
	}
	return &Parser{tokenizer: newTokenizer(), segmenter: seg, tagger: tagger}, nil
}

// scratch is what one Parse needs and no Doc keeps.
var scratch = sync.Pool{New: func() any { return new([]token.Token) }}

// Parse cuts src, whose first titleEnd bytes are a title (0: none). It never fails; text that is
// not valid UTF-8 is cut as best it can.
func (p *Parser) Parse(src string, titleEnd int) *Doc {
	d := &Doc{Text: src, TitleEnd: titleEnd, Tokens: make([]Token, 0, len(src)/5+8)}
	buf := scratch.Get().(*[]token.Token)
	toks := (*buf)[:0]
	for _, para := range paragraphs(src, titleEnd) {
		toks = p.paragraph(d, para, toks)
	}
	p.tagger.TagTokens(toks)
	for i := range toks {
		d.Tokens[i].Tag = tagOf(&toks[i])
	}
	clear(toks) // the pool must not keep the article's text alive
	*buf = toks[:0]
	scratch.Put(buf)
	return d
}

// paragraph appends one paragraph's sentences and tokens to d, and the tokens in prose's form to
// toks, for the tagger.
func (p *Parser) paragraph(d *Doc, para Span, toks []token.Token) []token.Token {
	src := para.In(d.Text)
	first := len(d.Tokens)
	add := func(start, end int) {
		d.Tokens = append(d.Tokens, Token{Span: Span{start, end}, Text: d.Text[start:end]})
	}
	eachPiece(src, func(start, end int) {
		base := para.Start + start
		switch piece := src[start:end]; {
		case letters(piece):
			add(base, para.Start+end)
			return
		case !wordy(piece):
			// A row of signs is peeled mark by mark, which prose does in quadratic time.
			cutInside(piece, func(s, e int) { add(base+s, base+e) })
			return
		}
		for _, t := range p.tokenizer.Tokenize(src[start:end]) {
			cutInside(t.Text, func(s, e int) { add(base+t.Start+s, base+t.Start+e) })
		}
	})
	if len(d.Tokens) == first {
		return toks
	}
	d.joinDots(first)
	out := Paragraph{Span: para, FirstSentence: len(d.Sentences)}
	next := first
	for _, end := range p.sentenceEnds(d, para) {
		s := Sentence{FirstToken: next, Paragraph: len(d.Paragraphs)}
		for next < len(d.Tokens) && d.Tokens[next].Start < end {
			d.Tokens[next].Sentence = len(d.Sentences)
			next++
		}
		if next == s.FirstToken {
			continue
		}
		s.EndToken = next
		s.Span = Span{d.Tokens[s.FirstToken].Start, d.Tokens[next-1].End}
		d.Sentences = append(d.Sentences, s)
	}
	out.EndSentence = len(d.Sentences)
	d.Paragraphs = append(d.Paragraphs, out)
	for i := first; i < len(d.Tokens); i++ {
		toks = append(toks, token.Token{Text: d.Tokens[i].Text, Start: d.Tokens[i].Start})
	}
	return toks
}

// TokenAt is the index of the first token that ends after the byte offset, len(d.Tokens) where
// none does.
func (d *Doc) TokenAt(offset int) int {
	return sort.Search(len(d.Tokens), func(i int) bool { return d.Tokens[i].End > offset })
}

// TokensIn is the half-open range of tokens that overlap the span.
func (d *Doc) TokensIn(s Span) (first, end int) {
	first = d.TokenAt(s.Start)
	end = first
	for end < len(d.Tokens) && d.Tokens[end].Start < s.End {
		end++
	}
	return first, end
}

// InTitle reports whether the offset lies in the title.
func (d *Doc) InTitle(offset int) bool { return offset < d.TitleEnd }
