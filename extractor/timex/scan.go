package timex

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/datelinenews/dateline/extractor/text"
)

// atom is what the grammar knows of a token.
type atom struct {
	cls   class
	val   int32 // of a number: its value; of a clock time: seconds; of a decade: its first digits
	aux   int32 // of a decimal: thousandths; of a clock time: precision, and 16 for a.m., 32 for p.m.; of a dotted date: the year
	word  uint16
	tight bool // no space before it

	breaks bool // a paragraph starts here
	named  bool // part of a name: only a holiday's name may hold it
}

// Precision of a clock time.
const (
	precHour = iota
	precMinute
	precSecond
)

const (
	auxAM = 16
	auxPM = 32
)

// scan fills atoms with what the vocabulary and the shapes of numbers say of each token.
func (v *vocab) scan(doc *text.Doc, atoms []atom) []atom {
	prev := -1
	for i := range doc.Tokens {
		t := &doc.Tokens[i]
		var a atom
		v.classify(t.Text, &a)
		a.cls |= speech(t.Tag)
		if a.word == v.last && (t.Tag == "VB" || t.Tag == "VBP") {
			a.word, a.cls = v.lasts, clsVerb // "may last three months"
		}
		if a.word == v.last && i > 0 && i+1 < len(doc.Tokens) && lasting(doc.Tokens[i-1].Text, doc.Tokens[i+1].Text) {
			a.word, a.cls = v.lasts, clsVerb
		}
		if n := len(t.Text); n > 1 && t.Text[n-1] == '%' {
			a.word = v.percent // "8.5%" is one token
		}
		a.tight = t.Start == prev
		prev = t.End
		atoms = append(atoms, a)
	}
	for i := range doc.Paragraphs {
		if s := doc.Paragraphs[i].FirstSentence; s < len(doc.Sentences) {
			atoms[doc.Sentences[s].FirstToken].breaks = true
		}
	}
	named := false
	for i := range atoms {
		if atoms[i].word == v.may && atoms[i].cls&clsName != 0 && (surname(doc, atoms, i) || speaks(doc, atoms, i)) {
			named = true
			break
		}
	}
	for i := range atoms {
		if i >= 2 && atoms[i].cls&clsInt2 != 0 && atoms[i-2].cls&clsInt2 != 0 && atoms[i].tight && atoms[i-1].tight && atoms[i-1].word == v.slash {
			atoms[i].cls |= clsCore // 1/14/25
		}
		if atoms[i].cls&clsInt != 0 && i+1 < len(atoms) && era(doc.Tokens[i+1].Text) {
			atoms[i].cls |= clsCore // 44 BC
		}
		if atoms[i].cls&clsDotClock != 0 && i+1 < len(atoms) && atoms[i+1].cls&clsZone != 0 {
			atoms[i].cls |= clsCore // 14.30 GMT
		}
		if i >= 2 && atoms[i].cls&clsDayOrd != 0 && doc.Tokens[i-1].Text == "the" && atoms[i-2].cls&clsPreposition != 0 {
			atoms[i].cls |= clsCore // on the 14th
		}
		if atoms[i].cls&(clsMonth|clsWeekday|clsSeason|clsUnit|clsPart|clsCore) != 0 {
			disambiguate(doc, atoms, i, named)
		}
	}
	return atoms
}

// era reports whether a word behind a number makes a year of it.
func era(s string) bool {
	switch s {
	case "BC", "BCE", "B.C.", "B.C", "AD", "A.D.", "CE":
		return true
	}
	return false
}

// lasting reports whether "last" between two words is the verb, whatever its tag: "to last six
// weeks".
func lasting(before, after string) bool {
	switch before {
	case "to", "will", "would", "could", "can", "may", "might", "must", "should", "did", "not", "n't":
	default:
		return false
	}
	switch after {
	case "a", "an", "about", "at", "up", "more", "less", "between", "around", "over", "until", "for", "through", "only", "just", "several", "some", "six",
		"two", "three", "four", "five", "seven", "eight", "nine", "ten", "longer", "into", "beyond", "well":
		return true
	}
	return '0' <= after[0] && after[0] <= '9' && len(after) < 4
}

// speech is the class of a part of speech.
func speech(tag string) class {
	if len(tag) < 2 {
		return 0
	}
	switch tag[0] {
	case 'N':
		if len(tag) > 2 && tag[2] == 'P' {
			return clsProper
		}
		return clsNoun
	case 'J':
		return clsAdjective
	case 'D', 'P':
		if tag != "POS" && tag != "PDT" {
			return clsDeterminer
		}
	case 'V':
		return clsVerb
	case 'I', 'T':
		return clsPreposition
	case 'W':
		return clsRelative
	}
	return 0
}

const longestWord = 16 // bytes; no word of the vocabulary is longer

func (v *vocab) classify(s string, a *atom) {
	c := s[0]
	switch {
	case 'a' <= c|0x20 && c|0x20 <= 'z':
		v.lookup(s, a)
		if a.word == 0 && len(s) <= 7 {
			letterNumber(s, a)
		}
		if c <= 'Z' {
			a.cls |= clsName
		}
	case '0' <= c && c <= '9':
		number(s, a)
	case c == '\'' || c == 0xE2 && strings.HasPrefix(s, "’"):
		if len(s) > 2 {
			apostropheNumber(strings.TrimPrefix(strings.TrimPrefix(s, "'"), "’"), a)
		}
		if a.cls == 0 {
			v.lookup(s, a)
		}
	case c < utf8.RuneSelf:
		v.lookup(s, a)
	default:
		v.unicode(s, a)
	}
}

// lookup finds s in the vocabulary, whatever its case.
func (v *vocab) lookup(s string, a *atom) {
	if len(s) > longestWord {
		return
	}
	var buf [longestWord]byte
	for i := 0; i < len(s); i++ {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		buf[i] = c
	}
	if id, ok := v.ids[string(buf[:len(s)])]; ok {
		a.word = id
		a.cls = v.words[id].classes
	}
}

// unicode reads tokens that open with a rune beyond ASCII: dashes, fractions, digits of other
// scripts.
func (v *vocab) unicode(s string, a *atom) {
	switch s {
	case "–", "‐", "‑", "‒", "−":
		a.word = v.ids["-"]
		return
	case "“", "„", "‟", "«", "‘", "‚":
		a.word = v.ids["“"]
		return
	case "”", "»", "’":
		a.word = v.ids["”"]
		return
	}
	if r, _ := utf8.DecodeRuneInString(s); unicode.IsDigit(r) {
		if d, ok := asciiDigits(s); ok {
			number(d, a)
			return
		}
	}
	v.lookup(s, a)
}

// asciiDigits writes the digits of other scripts as those of ASCII.
func asciiDigits(s string) (string, bool) {
	if len(s) > 64 {
		return "", false
	}
	var b [64]byte
	n := 0
	for _, r := range s {
		switch {
		case r < utf8.RuneSelf:
			b[n] = byte(r) //nolint:gosec // below RuneSelf
		case unicode.IsDigit(r):
			d := rune(0)
			for d < 9 && unicode.IsDigit(r-d-1) && sameBlock(r, d+1) {
				d++
			}
			b[n] = byte('0' + d)
		default:
			return "", false
		}
		n++
	}
	return string(b[:n]), true
}

// sameBlock reports whether the digit d below r belongs to the same set of ten: Unicode starts
// every set of digits at a multiple of 16, or 6 past one.
func sameBlock(r, d rune) bool {
	low := r &^ 0xF
	if r&0xF >= 6 && low+6 <= r && unicode.IsDigit(low+6) && !unicode.IsDigit(low+5) {
		low += 6
	}
	return r-d >= low
}
