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
		a.tight = t.Start == prev
		prev = t.End
		atoms = append(atoms, a)
	}
	for i := range doc.Paragraphs {
		if s := doc.Paragraphs[i].FirstSentence; s < len(doc.Sentences) {
			atoms[doc.Sentences[s].FirstToken].breaks = true
		}
	}
	for i := range atoms {
		if i >= 2 && atoms[i].cls&clsInt2 != 0 && atoms[i-2].cls&clsInt2 != 0 && atoms[i].tight && atoms[i-1].tight && atoms[i-1].word == v.slash {
			atoms[i].cls |= clsCore // 1/14/25
		}
		if i >= 2 && atoms[i].cls&clsDayOrd != 0 && doc.Tokens[i-1].Text == "the" && atoms[i-2].cls&clsPreposition != 0 {
			atoms[i].cls |= clsCore // on the 14th
		}
		if atoms[i].cls&(clsMonth|clsWeekday|clsSeason|clsUnit|clsPart|clsCore) != 0 {
			disambiguate(doc, atoms, i)
		}
	}
	return atoms
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
			b[n] = byte(r)
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

// number reads a token that opens with a digit.
func number(s string, a *atom) {
	n, i := digits(s, 0)
	if i > 9 {
		a.cls = clsNumber
		return
	}
	switch rest := s[i:]; {
	case rest == "":
		integer(n, i, s, a)
	case rest[0] == ',' || rest[0] == '.':
		separated(s, n, i, a)
	case rest[0] == ':' && i <= 2:
		clock(s, n, i, ':', a)
	case i <= 2 && meridiem(rest) != 0 && n <= 12:
		a.cls, a.val, a.aux = clsClockAMPM, int32(n)*3600, int32(precHour|meridiem(rest))
	case rest == "st" || rest == "nd" || rest == "rd" || rest == "th" || rest == "ST" || rest == "ND" || rest == "RD" || rest == "TH":
		a.cls, a.val = clsOrdNum, int32(n)
		if 1 <= n && n <= 31 {
			a.cls |= clsDayOrd
		}
	case rest == "s" && i == 4 && n%10 == 0 && n >= 1000 && n < 2200:
		decade(n, a)
	case rest == "s" && i == 2 && n%10 == 0 && n >= 20:
		a.cls, a.val = clsDecade, int32(190+n/10)
	case rest == "½" || rest == "¼" || rest == "¾":
		a.cls, a.val, a.aux = clsNumber, int32(n), fractions[rest]
	case i == 4 && len(rest) == 2 && rest[0]|0x20 == 'q' && '1' <= rest[1] && rest[1] <= '4' && 1900 <= n && n < 2200:
		a.cls, a.val, a.aux = clsQ, int32(rest[1]-'0'), int32(n)
	case rest[0] == 'T' && i == 2:
		stamp(s, n, a)
	case rest[0] == 'Q' && i == 1 && len(rest) == 3:
		if y, end := digits(rest, 1); end == 3 && 1 <= n && n <= 4 {
			a.cls, a.val, a.aux = clsQ, int32(n), int32(twoDigitYear(y))
		}
	default:
		a.cls = 0
	}
}

var fractions = map[string]int32{"½": 500, "¼": 250, "¾": 750}

// digits reads the digits of s from i on: their value (of the first nine) and where they end.
func digits(s string, i int) (n, end int) {
	start := i
	for i < len(s) && '0' <= s[i] && s[i] <= '9' {
		if i-start < 9 {
			n = n*10 + int(s[i]-'0')
		}
		i++
	}
	return n, i
}

func integer(n, width int, s string, a *atom) {
	a.val = int32(n)
	a.cls = clsNumber
	if width <= 4 {
		a.cls |= clsInt
	}
	if width <= 2 {
		a.cls |= clsInt2
		if 1 <= n && n <= 31 {
			a.cls |= clsDay
		}
		if n <= 24 {
			a.cls |= clsHour
		}
	}
	if width == 8 {
		if c := (civil{n / 10000, n / 100 % 100, n % 100}); c.valid() && 1900 <= c.year && c.year < 2100 {
			a.cls |= clsDate8
		}
	}
	if width == 4 {
		if n/100 < 24 && n%100 < 60 || n == 2400 {
			a.cls |= clsMil
			a.aux = int32(n/100*3600 + n%100*60)
		}
		if 1000 <= n && n < 3000 {
			a.cls |= clsY4
			if n%10 == 0 {
				a.cls |= clsY0
			}
			if n < 2150 {
				a.cls |= clsYear
			}
		}
	}
}

func decade(n int, a *atom) {
	a.cls, a.val = clsDecade, int32(n/10)
	if n%100 == 0 && n < 2000 {
		a.val = int32(n / 100) // "the 1800s" are the century
		a.aux = 1
	}
}

// separated reads 1,234 and 2.5 and 10.30 and 14.01.2025.
func separated(s string, n, i int, a *atom) {
	if s[i] == ',' {
		for i < len(s) && s[i] == ',' {
			m, end := digits(s, i+1)
			if end != i+4 || n > 99999 {
				return
			}
			n, i = n*1000+m, end
		}
		if i == len(s) {
			a.cls, a.val = clsNumber, int32(n)
		}
		return
	}
	m, end := digits(s, i+1)
	width := end - i - 1
	if end == len(s) {
		if width == 0 {
			return
		}
		a.cls, a.val = clsNumber, int32(n)
		a.aux = int32(m)
		if width == 2 && m < 60 && n <= 12 {
			a.cls |= clsDotClock
		}
		for ; width < 3; width++ {
			a.aux *= 10
		}
		for ; width > 3; width-- {
			a.aux /= 10
		}
		return
	}
	if width == 2 && m < 60 && n <= 12 {
		if ap := meridiem(s[end:]); ap != 0 {
			a.cls, a.val, a.aux = clsClockAMPM, int32(n*3600+m*60), int32(precMinute|ap)
			return
		}
	}
	if s[end] == '.' && width <= 2 {
		y, last := digits(s, end+1)
		if last == len(s) && (last == end+5 || last == end+3) && n <= 31 && m <= 31 && i <= 2 {
			if last == end+3 {
				y = twoDigitYear(y)
			}
			a.cls, a.val, a.aux = clsDot, int32(n*100+m), int32(y)
		}
	}
}

// clock reads 10:30, 10:30:15 and 10:30pm.
func clock(s string, h, i int, sep byte, a *atom) {
	m, end := digits(s, i+1)
	if end != i+3 || m > 59 || h > 24 {
		return
	}
	sec, prec := 0, precMinute
	if end < len(s) && s[end] == sep {
		e := 0
		if sec, e = digits(s, end+1); e != end+3 || sec > 59 {
			return
		}
		end, prec = e, precSecond
		if end < len(s) && s[end] == '.' {
			_, end = digits(s, end+1)
		}
	}
	a.val, a.aux = int32(h*3600+m*60+sec), int32(prec)
	switch rest := s[end:]; {
	case rest == "" || rest == "Z":
		a.cls = clsClock
	case meridiem(rest) != 0 && h <= 12:
		a.cls = clsClockAMPM
		a.aux |= int32(meridiem(rest))
	}
}

// stamp reads the end of an ISO 8601 date-time: 17T15:00:00Z.
func stamp(s string, day int, a *atom) {
	h, end := digits(s, 3)
	if end != 5 || h > 24 || day < 1 || day > 31 {
		return
	}
	var t atom
	if end == len(s) {
		t.cls, t.val, t.aux = clsClock, int32(h*3600), precHour
	} else if s[end] == ':' {
		clock(s[3:], h, 2, ':', &t)
	}
	if t.cls == clsClock {
		a.cls, a.val, a.aux = clsStampT, int32(day)<<20|t.val, t.aux
	}
}

// meridiem is auxAM or auxPM where s says so, else 0.
func meridiem(s string) int {
	if len(s) < 2 || len(s) > 4 {
		return 0
	}
	half := 0
	switch s[0] | 0x20 {
	case 'a':
		half = auxAM
	case 'p':
		half = auxPM
	default:
		return 0
	}
	switch s[1:] {
	case "m", "M", ".m", ".m.", ".M", ".M.", "m.":
		return half
	}
	return 0
}

// apostropheNumber reads '98 and '90s, without the apostrophe.
func apostropheNumber(s string, a *atom) {
	n, end := digits(s, 0)
	if end != 2 {
		return
	}
	switch s[end:] {
	case "":
		a.cls, a.val = clsY2, int32(twoDigitYear(n))
	case "s":
		if n%10 == 0 {
			a.cls, a.val = clsDecade, int32(twoDigitYear(n)/10)
		}
	}
}

// twoDigitYear puts 00 to 39 into this century, the rest into the last.
func twoDigitYear(n int) int {
	if n < 40 {
		return 2000 + n
	}
	return 1900 + n
}

// letterNumber reads Q3, H1 and FY2019.
func letterNumber(s string, a *atom) {
	switch {
	case len(s) == 2 && s[0] == 'Q' && '1' <= s[1] && s[1] <= '4':
		a.cls, a.val = clsQ, int32(s[1]-'0')
	case len(s) == 2 && s[0] == 'H' && '1' <= s[1] && s[1] <= '2':
		a.cls, a.val = clsHalf, int32(s[1]-'0')
	case strings.HasPrefix(s, "FY"):
		n, end := digits(s, 2)
		if end != len(s) {
			return
		}
		switch {
		case end == 6 && n >= 1900 && n < 2200:
			a.cls, a.val = clsFY, int32(n)
		case end == 4:
			a.cls, a.val = clsFY, int32(twoDigitYear(n))
		}
	}
}

// disambiguate takes classes from words that mean something else here: "may" and "march", short
// names of months and weekdays, "fall" and "spring" the verbs.
func disambiguate(doc *text.Doc, atoms []atom, i int) {
	a, t := &atoms[i], &doc.Tokens[i]
	upper := 'A' <= t.Text[0] && t.Text[0] <= 'Z'
	beside := func(j int, c class) bool { return j >= 0 && j < len(atoms) && atoms[j].cls&c != 0 }
	dated := beside(i+1, clsDay|clsDayOrd|clsY4|clsY2) || beside(i-1, clsDay|clsDayOrd)
	switch {
	case a.cls&clsMonth != 0:
		switch {
		case dated && (upper || len(t.Text) > 3 && t.Tag != "MD"):
		case !upper && beside(i-1, clsDay|clsDayOrd) && beside(i+1, clsY4):
		case !upper && beside(i+1, clsOrd) && beside(i+2, clsY4):
		case !upper && i >= 2 && a.tight && beside(i-2, clsInt) && (atoms[i-1].word != 0):
		case !upper && i+2 < len(atoms) && atoms[i+1].tight && atoms[i+2].tight && beside(i+2, clsInt): // jun-15
		case !upper && i >= 2 && doc.Tokens[i-1].Text == "of" && beside(i-2, clsDayOrd|clsOrd):
		case !upper && (len(t.Text) <= 5 && t.Text != "june" && t.Text != "july" && t.Text != "april"):
			a.cls = 0
		case a.cls&clsMon == 0: // a short name
		case strings.EqualFold(t.Text, "may"):
			if t.Tag == "MD" || !dated && beside(i+1, clsProper|clsDeterminer) && opens(doc, i) || i+1 < len(atoms) && strings.HasPrefix(doc.Tokens[i+1].Tag, "VB") && doc.Tokens[i+1].Tag != "VBD" && doc.Tokens[i+1].Tag != "VBN" || surname(doc, atoms, i) {
				a.cls &^= clsMonth | clsMon
			}
		case strings.EqualFold(t.Text, "march"):
			if strings.HasPrefix(t.Tag, "VB") || procession(doc, i) || i > 0 && (doc.Tokens[i-1].Text == "'s" || doc.Tokens[i-1].Text == "’s") || surname(doc, atoms, i) {
				a.cls &^= clsMonth | clsMon
			}
		case strings.EqualFold(t.Text, "april") || strings.EqualFold(t.Text, "june") || strings.EqualFold(t.Text, "august"):
			if !upper && t.Text == "august" || firstName(doc, atoms, i) {
				a.cls &^= clsMonth | clsMon
			}
		}
	case a.cls&clsWeekday != 0:
		if !upper && len(t.Text) <= 4 {
			a.cls &^= clsWeekday
		} else if a.cls&clsWday == 0 && i > 0 && introduces(doc.Tokens[i-1].Text) {
			a.cls |= clsWday
		}
	case a.cls&clsSeason != 0:
		if strings.HasPrefix(t.Tag, "VB") || titled(doc, atoms, i) && !beside(i+1, clsY4) {
			a.cls &^= clsSeason
		}
	case a.cls&(clsUnit|clsPart|clsCore) != 0:
		if titled(doc, atoms, i) || len(t.Text) < 4 && upper && strings.ToUpper(t.Text) == t.Text {
			a.cls &= clsName | clsNoun | clsProper | clsAdjective
			a.named = true
		}
	}
}

// procession reports whether the March at token i is one: "the annual March for Life".
func procession(doc *text.Doc, i int) bool {
	if i == 0 || i+1 >= len(doc.Tokens) {
		return false
	}
	switch doc.Tokens[i+1].Text {
	case "for", "of", "on", "against":
	default:
		return false
	}
	switch doc.Tokens[i-1].Tag {
	case "DT", "JJ", "``", "PRP$", "POS":
		return true
	}
	return false
}

// opens reports whether token i is the first of its sentence, or of a quotation.
func opens(doc *text.Doc, i int) bool {
	if i == doc.Sentences[doc.Tokens[i].Sentence].FirstToken {
		return true
	}
	switch doc.Tokens[i-1].Text {
	case "“", "\"", "``", "‘", "'":
		return true
	}
	return false
}

// introduces reports whether a word before a short name of a weekday makes sure that it is one.
func introduces(s string) bool {
	switch s {
	case "on", "On", "by", "until", "since", "last", "next", "this", "till", "through", "from":
		return true
	}
	return false
}

// titled reports whether the word at token i is capitalised for a name's sake ("Imus in the
// Morning"): it opens no sentence, and not all words around it are capitalised.
func titled(doc *text.Doc, atoms []atom, i int) bool {
	if atoms[i].cls&clsName == 0 {
		return false
	}
	s := doc.Sentences[doc.Tokens[i].Sentence]
	if i == s.FirstToken || atoms[i-1].cls&(clsWeekday|clsMonth|clsOrdNum|clsOrd|clsNumber) != 0 {
		return false
	}
	if t := doc.Tokens[i].Text; len(t) > 2 && strings.ToUpper(t) == t {
		return false
	}
	if p := doc.Tokens[i-1]; i-1 == s.FirstToken || i-2 == s.FirstToken {
		switch p.Text { // "Last Week", "“Two Days"
		case "“", "\"", "''", "``", "‘":
			return false
		}
	}
	for j := s.FirstToken; j < s.EndToken && j < s.FirstToken+24; j++ {
		if c := doc.Tokens[j].Text[0]; len(doc.Tokens[j].Text) > 4 && 'a' <= c && c <= 'z' {
			return true
		}
	}
	return false
}

// surname reports whether the month at token i is a person's last name: a capitalised word that
// opens no sentence and is no date stands before it, or a title does.
func surname(doc *text.Doc, atoms []atom, i int) bool {
	if i == 0 || doc.Tokens[i-1].Sentence != doc.Tokens[i].Sentence {
		return false
	}
	p := &doc.Tokens[i-1]
	if atoms[i-1].cls&clsName == 0 || atoms[i-1].word != 0 && atoms[i-1].cls&^clsName != 0 {
		return false
	}
	switch p.Tag {
	case "IN", "DT", "CC", "TO", "RB", "PRP", "WRB":
		return false
	}
	return true
}

// firstName reports whether the month at token i is a person's first name: a capitalised word
// that is no date follows.
func firstName(doc *text.Doc, atoms []atom, i int) bool {
	j := i + 1
	if j >= len(atoms) || doc.Tokens[j].Sentence != doc.Tokens[i].Sentence || atoms[j].cls != clsName || atoms[j].word != 0 {
		return false
	}
	if i > 0 && atoms[i-1].word != 0 && atoms[i-1].cls&^clsName == 0 { // "in April Mr Kell said", "last August Kell"
		switch doc.Tokens[i-1].Tag {
		case "IN", "JJ", "DT":
			return false
		}
	}
	return doc.Tokens[j].Tag == "NNP" && strings.ToUpper(doc.Tokens[j].Text) != doc.Tokens[j].Text
}
