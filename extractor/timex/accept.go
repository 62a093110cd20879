package timex

import "strings"

// dated is a year that the text states, and where.
type dated struct{ token, year int }

// accept reports whether an expression is one in its surroundings: a bare number can be an amount
// as well as a year.
func (f *finder) accept(e *expr) bool {
	in := f.r.inner(e)
	if e.f[fOp] != opNone && in.f[fOp] != opHoliday && f.title(e) {
		return false
	}
	if in.f[fOp] == opDate && in.has(fMonth) && !in.has(fDay) && !in.has(fYear) && in.end-in.first == 1 && f.m.atoms[in.first].cls&clsMon == 0 {
		return false // a short name is one only beside another, as in Jan-Feb
	}
	if in.f[fOp] == opDate && in.has(fYear) && !in.has(fMonth) && in.end-in.first == 1 {
		return f.year(in)
	}
	if in.f[fOp] == opLength && in.end-in.first == 2 && in.first >= 2 && (f.m.word(in.first, "a") || f.m.word(in.first, "an")) && !f.m.atoms[in.first-1].breaks {
		if p := &f.m.atoms[in.first-1]; p.cls&clsNoun != 0 && p.cls&coreClasses == 0 && f.m.atoms[in.first-2].cls&clsNumber != 0 {
			return false // "700 seats a week"
		}
	}
	if in.f[fOp] == opDecade {
		for i := in.first - 1; i >= 0 && i >= in.first-3; i-- {
			if f.r.doc.Tokens[i].Tag == "PRP$" {
				return false // "in his early 40s"
			}
		}
	}
	if e.f[fOp] == opClock && e.end-e.first == 1 && f.m.atoms[e.first].cls&clsClock != 0 {
		return f.hour(e.first)
	}
	if in.f[fOp] == opHoliday && f.m.word(in.first, "epiphany") && f.m.atoms[in.first].cls&clsName == 0 {
		return false // what somebody had
	}
	if in.f[fOp] == opHoliday && in.first > 0 && f.m.word(in.first, "new") && !f.m.atoms[in.first].breaks && f.m.atoms[in.first-1].cls&clsName != 0 &&
		f.m.atoms[in.first-1].cls&(clsProper|clsAdjective) != 0 {
		return false // Tamil New Year is another day
	}
	if in.f[fOp] == opHoliday && in.end-in.first == 1 && in.first > 0 && f.m.g.holidays[in.f[fHoliday]].rule == 'i' && !f.m.atoms[in.first].breaks {
		if p := &f.m.atoms[in.first-1]; p.cls&clsName != 0 && p.word == 0 && p.cls&clsProper != 0 {
			return false // Tariq Ramadan
		}
	}
	if in.f[fOp] == opHoliday && in.end-in.first == 1 && in.end < len(f.m.atoms) {
		// "Easter Island" and "Halloween-themed" are no days
		next := &f.m.atoms[in.end]
		return next.breaks || next.cls&clsProper == 0 && (!next.tight || !f.m.word(in.end, "-"))
	}
	if in.f[fOp] == opDate && in.has(fYear) && !in.has(fMonth) && f.m.word(in.first, "two") {
		// "two thousand five" is a year where a preposition says so
		return in.first > 0 && (f.m.atoms[in.first-1].cls&clsPreposition != 0 || f.r.doc.Tokens[in.first-1].Text == "in")
	}
	return true
}

// title reports whether an expression stands in a row of capitalised words and numbers that fills a
// pair of quotation marks: “Today” and “48 Hours” are names of programmes.
func (f *finder) title(e *expr) bool {
	const longest = 6
	toks := f.r.doc.Tokens
	first, end, words := e.first, e.end, false
	for _, t := range toks[first:end] {
		words = words || 'A' <= t.Text[0] && t.Text[0] <= 'Z'
		if 'a' <= t.Text[0] && t.Text[0] <= 'z' {
			return false
		}
	}
	if !words {
		return false
	}
	capital := func(i int) bool { return f.m.atoms[i].cls&(clsName|clsNumber) != 0 }
	for first > 0 && !f.m.atoms[first].breaks && end-first < longest && capital(first-1) {
		first--
	}
	for end < len(toks) && !f.m.atoms[end].breaks && end-first < longest && capital(end) {
		end++
	}
	if first == 0 || end >= len(toks) || f.m.atoms[first].breaks || f.m.atoms[end].breaks {
		return false
	}
	switch toks[first-1].Text {
	case "“", "\"", "``", "''", "‘":
	default:
		return false
	}
	switch toks[end].Text {
	case "”", "\"", "''", "’":
		return true
	}
	return false
}

// hour reports whether 1:23, alone, is a time of day and not a race time or a score: something
// before it says so, or it opens a sentence or closes one.
func (f *finder) hour(i int) bool {
	toks := f.r.doc.Tokens
	if i == 0 || f.m.atoms[i].breaks || f.m.atoms[i-1].cls&(clsPreposition|clsDay|clsDayOrd|clsMonth|clsWeekday|clsYear) != 0 {
		return true
	}
	switch toks[i-1].Text {
	case "(", "[", "-", "–", "—", "/", ",", "and", "or", ".", "the", "@", "than":
		return true
	}
	return toks[i-1].Sentence != toks[i].Sentence
}

// year reports whether four digits are a year.
func (f *finder) year(in *expr) bool {
	toks, atoms := f.r.doc.Tokens, f.m.atoms
	i := in.first
	if atoms[i].cls&clsY2 != 0 { // "in '98", but not "iLife '11"
		return i > 0 && atoms[i-1].cls&(clsPreposition|clsDeterminer|clsSeason) != 0
	}
	y := in.f[fYear]
	prev, next := "", ""
	if i > 0 {
		prev = lower(toks[i-1].Text)
	}
	if i+1 < len(toks) {
		next = toks[i+1].Text
	}
	if f.telephone(i) {
		return false
	}
	if i+2 < len(toks) && atoms[i+1].tight && atoms[i+2].tight && f.m.word(i+1, "-") && atoms[i+2].word == 0 && atoms[i+2].cls&clsNumber == 0 {
		return false // 2019-nCoV
	}
	if prev == "than" && i > 1 && (strings.EqualFold(toks[i-2].Text, "later") || strings.EqualFold(toks[i-2].Text, "earlier")) {
		return y >= 1000
	}
	if i > 0 && atoms[i-1].cls&clsLabel != 0 || i+1 < len(atoms) && atoms[i+1].cls&clsMeasure != 0 {
		return false
	}
	if i+1 < len(toks) && toks[i+1].Tag == "NNS" && (y < 1900 || y > 2100) {
		return false
	}
	if y >= 1900 && y <= 2050 {
		return true
	}
	switch prev {
	case "in", "since", "by", "until", "from", "before", "after", "around", "circa", "of", "during", "between", "to":
		return next != "," || !strings.HasPrefix(toks[i].Tag, "NN")
	}
	return false
}

// telephone reports whether the four digits at token i end a telephone number: three digits or
// more, of no year, stand before them ("555-2019", "7946 2019").
func (f *finder) telephone(i int) bool {
	atoms := f.m.atoms
	if i == 0 || atoms[i].breaks {
		return false
	}
	j := i - 1
	if f.m.word(j, "-") || f.r.doc.Tokens[j].Text == "." {
		if j == 0 || !atoms[i].tight || !atoms[j].tight || atoms[j].breaks {
			return false
		}
		j--
	}
	return atoms[j].cls&clsInt != 0 && atoms[j].cls&(clsInt2|clsYear) == 0
}
