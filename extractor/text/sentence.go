package text

import (
	"unicode"
	"unicode/utf8"

	"github.com/jdkato/prose/v3/token"
)

// sentenceEnds gives the byte offsets at which the paragraph's sentences end, in order; the last
// is the paragraph's end. They are prose's, less those that fall after a title ("Gen.") or an
// initial, or before a word in lower case ("“Why?” he asked").
func (p *Parser) sentenceEnds(d *Doc, para Span) []int {
	var ends []int
	for _, s := range p.segmenter.Segment(para.In(d.Text)) {
		end := para.Start + s.End()
		if n := len(ends); n > 0 && !d.breaksAt(ends[n-1]) {
			ends[n-1] = end
			continue
		}
		ends = append(ends, end)
	}
	if n := len(ends); n > 0 {
		ends[n-1] = para.End
		return ends
	}
	return []int{para.End}
}

// breaksAt reports whether a sentence may end at the offset.
func (d *Doc) breaksAt(end int) bool {
	next := d.TokenAt(end)
	if next == 0 || next >= len(d.Tokens) {
		return true
	}
	last, follows := d.Tokens[next-1].Text, d.Tokens[next].Text
	r, _ := utf8.DecodeRuneInString(follows)
	if unicode.IsLower(r) {
		return false
	}
	initial := len(last) == 2 && last[1] == '.' && unicode.IsUpper(rune(last[0]))
	return !(titles[last] || initial && unicode.IsUpper(r))
}

// joinDots makes one token of the dots of an ellipsis, from token first on.
func (d *Doc) joinDots(first int) {
	const longest = 16 // bytes; a row of dots in a table of contents is no ellipsis
	out := first
	for i := first; i < len(d.Tokens); i++ {
		t := d.Tokens[i]
		if out > first && t.Text == "." {
			if prev := &d.Tokens[out-1]; prev.End == t.Start && prev.Len() < longest && dots(prev.Text) {
				prev.End = t.End
				prev.Text = d.Text[prev.Start:prev.End]
				continue
			}
		}
		d.Tokens[out] = t
		out++
	}
	d.Tokens = d.Tokens[:out]
}

func dots(s string) bool {
	for i := range len(s) {
		if s[i] != '.' {
			return false
		}
	}
	return true
}

// tagOf is prose's tag, mended for punctuation, which its tagger guesses at: marks get the Penn
// tags, other signs "SYM".
func tagOf(t *token.Token) string {
	r, w := utf8.DecodeRuneInString(t.Text)
	if unicode.IsLetter(r) || unicode.IsNumber(r) {
		return t.Tag
	}
	switch r {
	case '.', '!', '?', '…':
		if w == len(t.Text) || dots(t.Text) {
			return "."
		}
	case ',', '(', ')':
		return string(r)
	case ';', ':', '—', '–', '-':
		return ":"
	case '“', '„', '«', '‹', '‘', '`':
		return "``"
	case '”', '»', '›', '"':
		return "''"
	case '\'', '’':
		if w == len(t.Text) {
			if t.Tag == "POS" {
				return "POS"
			}
			return "''"
		}
		return t.Tag
	case '$', '£', '€', '¥', '₹':
		return "$"
	case '[', '{':
		return "("
	case ']', '}':
		return ")"
	}
	if unicode.IsSymbol(r) || unicode.IsPunct(r) {
		return "SYM"
	}
	return t.Tag
}
